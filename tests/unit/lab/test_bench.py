from __future__ import annotations

import hashlib
import json
import re
import socket
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from lab.bench.changes import CODE, STRICT, change, edit_line, first_files, move_dependency
from lab.bench.chart import draw
from lab.bench.counter import counting
from lab.bench.figures import (
    ALL_SITUATIONS,
    FLOWS,
    SITUATIONS,
    Figure,
    from_json,
    medians,
    to_json,
)
from lab.bench.goals import BEST, GOALS, ratio, verdicts
from lab.bench.growth import (
    CASES,
    Case,
    Cost,
    build_arguments,
    growth_table,
    repository_files,
    sentences,
)
from lab.bench.memory import PeakMemory
from lab.bench.options import ROUNDS, parse_bench
from lab.bench.page import END, PLACE, figures_table, goals_table, put, share
from lab.bench.rounds import make_flow
from lab.bench.scripts import SCRIPTS, script_environment
from lab.errors import LabError
from lab.story import EXAMPLE

SECONDS = {"article": 40.0, "naive": 20.0, "deps-first": 10.0, "ship-verbs": 2.0}
BASES = {"python311": "own/python311:1", "python311-slim": "own/python311-slim:1"}


def run_of(situation: str = "one-line", **seconds: float) -> list[Figure]:
    numbers = SECONDS | {name.replace("_", "-"): value for name, value in seconds.items()}
    return [
        Figure(flow, situation, value, 9_000, 60_000_000, 1.5)
        for flow, value in numbers.items()
    ]


# --- Figures -------------------------------------------------------------------------


def test_the_median_of_each_number_counts() -> None:
    one = Figure("naive", "cold", 1.0, 10, 100, 0.5)
    rounds = [one, replace(one, seconds=9.0, bytes_sent=30), replace(one, seconds=2.0)]
    assert medians(rounds) == [Figure("naive", "cold", 2.0, 10, 100, 0.5)]


def test_figures_are_in_the_order_of_situations_and_flows() -> None:
    backwards = [
        Figure(flow, situation, 1, 1, 1)
        for situation in reversed(ALL_SITUATIONS)
        for flow in reversed(FLOWS)
    ]
    order = [(each.situation, each.flow) for each in medians(backwards)]
    assert order == [(situation, flow) for situation in ALL_SITUATIONS for flow in FLOWS]


def test_the_json_is_a_list_of_objects_and_comes_back() -> None:
    figures = [Figure("article", "cold", 53.9, 5_420_000, 60_000_000, 3.9)]
    assert json.loads(to_json(figures)) == [
        {
            "flow": "article",
            "situation": "cold",
            "seconds": 53.9,
            "bytes_sent": 5_420_000,
            "image_bytes": 60_000_000,
            "start_seconds": 3.9,
        }
    ]
    assert from_json(to_json(figures)) == figures


@pytest.mark.parametrize("text", ['[{"flow": "article"}]', "[1]", "3", "{"])
def test_json_that_holds_no_figures_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"figures|Expecting"):
        from_json(text)


# --- Ratios and goals ----------------------------------------------------------------


def test_a_flow_is_a_part_of_the_article_and_of_the_best_dockerfile() -> None:
    figures = run_of()
    assert ratio(figures, "ship-verbs", "one-line", "seconds", "article") == 1 / 20
    assert ratio(figures, "ship-verbs", "one-line", "seconds", BEST) == 1 / 5
    assert ratio(figures, "ship-build", "one-line", "seconds", BEST) is None
    assert ratio(run_of()[1:], "ship-verbs", "one-line", "seconds", "article") is None


def test_a_goal_is_met_missed_or_not_measured() -> None:
    found = {v.goal.text: v.met for v in verdicts(run_of())}
    assert found["one-line, ship-verbs: time at most 1/12 of article"] is True
    assert found["one-line, ship-verbs: bytes sent at most 16 KB"] is True
    assert found["one-line, ship-build: time at most 1/6 of article"] is None
    late = {v.goal.text: v.met for v in verdicts(run_of(ship_verbs=5.5))}
    assert late["one-line, ship-verbs: time at most 1/12 of article"] is False
    assert late["one-line, ship-verbs: time at most 1/2 of the best Dockerfile"] is False


def test_every_goal_reads_differently_and_is_about_what_is_measured() -> None:
    assert len({goal.text for goal in GOALS}) == len(GOALS)
    assert {goal.situation for goal in GOALS} <= set(ALL_SITUATIONS)
    assert {goal.flow for goal in GOALS} <= set(FLOWS)
    assert {goal.against for goal in GOALS} <= {"", BEST, *FLOWS}


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, "-"), (0.1, "1/10.0"), (0.5, "0.50"), (2.0, "2.00"), (0, "0.00")],
)
def test_a_ratio_reads_as_people_say_it(value: float | None, shown: str) -> None:
    assert share(value) == shown


# --- Tables, page, chart -------------------------------------------------------------


def test_the_table_has_a_row_for_each_figure_with_its_ratios() -> None:
    lines = figures_table(run_of()).splitlines()
    assert len(lines) == 2 + len(SECONDS)
    row = [cell.strip() for cell in lines[-1].strip("|").split("|")]
    assert row[:5] == ["one-line", "ship-verbs", "2.00", "1/20.0", "1/5.0"]
    assert row[5:] == ["9.0 KB", "60.0 MB", "1.50 s"]


def test_the_goals_say_met_and_not_met() -> None:
    text = goals_table(run_of(ship_verbs=9.0))
    assert "| NOT MET |" in text
    assert "| met     |" in text
    assert "not measured" in text


def test_a_page_gets_each_table_in_its_place_again_and_again(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n\n{PLACE.format('figures')}\nold\n\n{END}\n\nafter\n")
    for part in ("| new |", r"| \1 newer |"):
        put(page, {"figures": part})
    assert page.read_text() == (
        f"before\n\n{PLACE.format('figures')}\n| \\1 newer |\n\n{END}\n\nafter\n"
    )


def test_a_page_without_a_place_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("nothing")
    with pytest.raises(LabError, match="no place for goals"):
        put(page, {"goals": "x"})


def test_the_chart_is_svg_with_a_bar_for_each_figure() -> None:
    figures = [each for situation in SITUATIONS for each in run_of(situation)]
    svg = ElementTree.fromstring(draw(figures))  # noqa: S314  (we drew it)
    bars = svg.findall("{http://www.w3.org/2000/svg}rect")[1:]
    assert len(bars) == len(figures)
    widths = [int(bar.get("width", "")) for bar in bars[: len(SECONDS)]]
    assert widths == sorted(widths, reverse=True)
    assert draw(figures) == draw(list(figures))


# --- Options -------------------------------------------------------------------------


def test_no_arguments_mean_all_of_it_five_times() -> None:
    options = parse_bench([])
    assert (options.rounds, options.flows, options.situations) == (
        ROUNDS,
        FLOWS,
        ALL_SITUATIONS,
    )


def test_flows_and_situations_keep_their_order_whatever_the_order_given() -> None:
    options = parse_bench(
        ["--flows", "ship-verbs", "article", "--situations", "one-line", "cold"]
    )
    assert options.flows == ("article", "ship-verbs")
    assert options.situations == ("cold", "one-line")


@pytest.mark.parametrize(
    "argv",
    [
        ["--rounds", "0"],
        ["--flows", "none"],
        ["--read", "/no/such/file"],
        ["--page", "/no/such/file"],
        ["--growth", "--json", "x"],
    ],
)
def test_options_that_make_no_sense_are_refused(argv: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse_bench(argv)
    assert ended.value.code == 2


# --- What is shipped -----------------------------------------------------------------


def test_the_tree_holds_every_flow_on_the_bases_of_its_world() -> None:
    files = first_files(BASES)
    assert {f"bench/{name}" for name in SCRIPTS.values()} <= set(files)
    for name in ("build.docker", "bench/naive.docker", "bench/article-build.docker"):
        assert b"FROM own/python311:1\n" in files[name]
    assert b"FROM own/python311-slim:1\n" in files["fancycalculator.docker"]


def test_one_line_of_the_code_changes() -> None:
    before = (EXAMPLE / CODE).read_text()
    pairs = zip(before.splitlines(), edit_line(before).splitlines(), strict=True)
    assert sum(one != other for one, other in pairs) == 1


def test_one_dependency_moves_and_no_other_pin() -> None:
    before = (EXAMPLE / STRICT).read_text()
    after = move_dependency(before)
    pins = [
        {line.split(" ")[0] for line in text.splitlines() if "==" in line and line[0] != "#"}
        for text in (before, after)
    ]
    assert pins[1] - pins[0] == {"urllib3==2.7.0"}
    assert {pin.split("==")[0] for pin in pins[0] - pins[1]} == {"urllib3"}
    assert len(pins[0]) == len(pins[1])


def test_an_example_without_the_line_is_refused() -> None:
    with pytest.raises(LabError, match="0 places"):
        edit_line("nothing of it")


def test_cold_and_no_change_leave_the_tree_alone(tmp_path: Path) -> None:
    assert change("cold", tmp_path) is None
    assert change("no-change", tmp_path) is None


def test_scripts_see_the_bundle_where_the_containers_have_it(tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.touch()
    told = script_environment({"PIP_CERT": str(bundle), "PIP_INDEX_URL": "https://own/simple"})
    assert told["PIP_CERT"] == "/src/ca-bundle.pem"
    assert told["PIP_INDEX_URL"] == "https://own/simple"
    untold = script_environment({"PATH": "/bin"})
    assert untold == {"PATH": "/bin", "DOCKER_BUILDKIT": "0"}


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_flow_knows_its_script(name: str) -> None:
    assert make_flow(name, None).flow == name  # type: ignore[arg-type, attr-defined]


# --- Growth --------------------------------------------------------------------------


def cost(what: str, number: int, first: float, again: float) -> Cost:
    return Cost(Case(what, number), first, again, 2_000, 45_000_000)


def test_a_sentence_says_what_one_more_costs() -> None:
    costs = [cost("images", 1, 10.0, 2.0), cost("images", 4, 13.0, 2.03)]
    assert sentences(costs) == (
        "- From 1 to 4 images, each further one costs 1.00 s in a first build and 10.0 ms "
        "after one line."
    )


def test_one_size_alone_says_nothing_of_growth() -> None:
    assert sentences([cost("images", 1, 10.0, 2.0)]) == ""


def test_the_growth_table_has_a_row_for_each_case() -> None:
    rows = growth_table([cost("dependencies", 1_000, 10.04, 2.0)]).splitlines()[2:]
    cells = [cell.strip() for cell in rows[0].strip("|").split("|")]
    assert cells == ["dependencies", "1,000", "10.0 s", "2.0 s", "2.0 KB", "45.0 MB"]


def test_the_cases_are_those_of_the_promise() -> None:
    numbers: dict[str, list[int]] = {}
    for case in CASES:
        numbers.setdefault(case.what, []).append(case.number)
    assert list(numbers.values()) == [
        [1, 2, 4, 8],
        [10, 40, 160],
        [1_000, 50_000],
        [100, 1_000],
    ]
    assert CASES[-1].parts * CASES[-1].part_size == 10**9


def test_a_generated_repository_pins_what_its_index_has(tmp_path: Path) -> None:
    case = Case("images", 2, images=2, parts=3, part_size=10, files=2)
    files = dict(repository_files(case, BASES, tmp_path))
    assert set(files) >= {"app-0.docker", "app-1.docker", "static/000/00001.txt"}
    pins = re.findall(r"sha256:(\w{64})", files["requirements.strict.txt"])
    wheels = sorted(tmp_path.rglob("*.whl"))
    assert pins == [hashlib.sha256(wheel.read_bytes()).hexdigest() for wheel in wheels]
    assert len(pins) == 3
    with zipfile.ZipFile(wheels[0]) as wheel:
        assert wheel.testzip() is None
        records = wheel.read("bench_part_000-1.0.dist-info/RECORD").decode().splitlines()
    assert len(records) == 5


def test_the_peak_is_that_of_the_process_not_of_its_parent() -> None:
    ballast = b"x" * 200_000_000
    script = "import time; held = b'x' * 50_000_000; time.sleep(0.3)"
    with subprocess.Popen([sys.executable, "-I", "-S", "-c", script]) as process:
        watch = PeakMemory(process.pid)
        watch.start()
    watch.join(5)
    assert len(ballast) > 150_000_000
    assert 50_000_000 < watch.peak < 100_000_000


def test_every_image_of_a_case_is_asked_for() -> None:
    arguments = build_arguments(Case("images", 2, images=2, parts=1), "team", "http://index")
    assert [a for a in arguments if a.startswith("app-")] == [
        "app-0.pex=grown,bench-part-000",
        "app-0",
        "app-1.pex=grown,bench-part-000",
        "app-1",
    ]
    assert arguments[-2:] == ["--extra-index-url", "http://index"]


# --- The counter ---------------------------------------------------------------------


def test_the_counter_counts_what_is_sent_and_forwards_both_ways() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as registry,
        counting(registry.getsockname()[1]) as counter,
        socket.create_connection(("127.0.0.1", counter.port), timeout=5) as client,
    ):
        client.sendall(b"PUT it")
        server, _ = registry.accept()
        with server:
            assert server.recv(100) == b"PUT it"
            server.sendall(b"a long answer")
            assert client.recv(100) == b"a long answer"
        assert counter.sent == len(b"PUT it")
        counter.reset()
        assert counter.sent == 0


def test_a_registry_that_is_down_is_down_behind_the_counter() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with (
        counting(port) as counter,
        socket.create_connection(("127.0.0.1", counter.port), timeout=5) as client,
    ):
        assert client.recv(100) == b""
