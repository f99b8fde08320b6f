from __future__ import annotations

import hashlib
import os
import re
import signal
import socket
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from lab.bench.changes import (
    APPLICATION,
    CODE,
    STRICT,
    change,
    edit_line,
    first_files,
    move_dependency,
)
from lab.bench.children import child
from lab.bench.counter import counting
from lab.bench.grown_uv import uv_files
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
from lab.bench.rounds import make_flow
from lab.bench.scripts import SCRIPTS, script_environment
from lab.errors import LabError
from lab.processes import Identity
from lab.waiting import wait_until

BASES = {"python311": "own/python311:1", "python311-slim": "own/python311-slim:1"}


# --- What is shipped -----------------------------------------------------------------


def test_the_tree_holds_every_flow_on_the_bases_of_its_world() -> None:
    files = first_files(BASES, "round-1")
    assert {f"bench/{name}" for name in SCRIPTS.values()} <= set(files)
    for name in ("build.docker", "bench/naive.docker", "bench/article-build.docker"):
        assert b"FROM own/python311:1\n" in files[name]
    assert b"FROM own/python311-slim:1\n" in files["fancycalculator.docker"]


def test_one_line_of_the_code_changes() -> None:
    before = (APPLICATION / CODE).read_text()
    pairs = zip(before.splitlines(), edit_line(before).splitlines(), strict=True)
    assert sum(one != other for one, other in pairs) == 1


def test_one_dependency_moves_and_no_other_pin() -> None:
    before = (APPLICATION / STRICT).read_text()
    after = move_dependency(before)
    pins = [
        {line.split(" ")[0] for line in text.splitlines() if "==" in line and line[0] != "#"}
        for text in (before, after)
    ]
    assert pins[1] - pins[0] == {"urllib3==2.7.0"}
    assert {pin.split("==")[0] for pin in pins[0] - pins[1]} == {"urllib3"}
    assert len(pins[0]) == len(pins[1])


def test_an_application_without_the_line_is_refused() -> None:
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
    assert cells == [
        *("dependencies", "1,000", "10.0 s", "2.0 s", "2.0 KB", "45.0 MB"),
        *("-", "-"),
    ]
    beside = replace(cost("dependencies", 10, 1.0, 2.0), uv=(3.04, 1.5))
    (row,) = growth_table([beside]).splitlines()[2:]
    assert [cell.strip() for cell in row.strip("|").split("|")][-2:] == ["3.0 s", "1.5 s"]


def test_uv_builds_a_generated_repository_from_its_own_index_and_cache() -> None:
    files = dict(uv_files(BASES, "own", "http://10.0.0.1:9", "mark"))
    text = files["uv.docker"]
    assert text.count("id=mark,") == 2
    assert "COPY own ./\n" in text
    assert "COPY src" not in text
    assert "ENV UV_INDEX=http://10.0.0.1:9\n" in text
    assert all(reference in text for reference in BASES.values())


def test_the_cases_are_those_of_the_promise() -> None:
    numbers: dict[str, list[int]] = {}
    for case in CASES:
        numbers.setdefault(case.what, []).append(case.number)
    assert list(numbers.values()) == [
        [1, 2, 4, 8],
        [10, 40, 160],
        [1_000, 50_000],
        [100, 10_000],
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


# --- Children ------------------------------------------------------------------------


def test_an_interrupted_child_ends_with_what_it_started(tmp_path: Path) -> None:
    log = tmp_path / "log"
    argv = ["sh", "-c", "sleep 60 & echo $!; wait"]
    ended = []

    def interrupted() -> None:
        with child(argv, tmp_path, log, os.environ) as process:
            ended.append(process)
            wait_until(lambda: log.read_text().endswith("\n"), 10, "the script")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert ended[0].returncode == -signal.SIGTERM
    grandchild = int(log.read_text())
    wait_until(lambda: Identity.of(grandchild) is None, 10, "what it started")


def test_a_child_writes_to_the_end_of_its_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    for word in ("one", "two"):
        with child(["sh", "-c", f"echo {word}"], tmp_path, log, os.environ) as process:
            assert process.wait() == 0
    assert log.read_text() == "one\ntwo\n"


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
