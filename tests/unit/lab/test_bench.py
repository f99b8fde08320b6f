from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from lab.bench.chart import draw
from lab.bench.figures import (
    ALL_SITUATIONS,
    FLOWS,
    SITUATIONS,
    Figure,
    from_json,
    medians,
    to_json,
)
from lab.bench.goals import BEST, GOALS, Goal, ratio, verdicts
from lab.bench.options import ROUNDS, parse_bench
from lab.bench.page import END, PLACE, figures_table, goals_table, put, share
from lab.errors import LabError

SECONDS = {"article": 40.0, "naive": 20.0, "deps-first": 10.0, "uv": 5.0, "ship-verbs": 2.0}


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
    ("goal", "text"),
    [
        (Goal("cold", "a", "seconds", 1 / 12, "b"), "cold, a: time at most 1/12 of b"),
        (Goal("cold", "a", "seconds", 0.33, "b"), "cold, a: time at most 0.33 of b"),
        (Goal("cold", "a", "seconds", 0.7, "b"), "cold, a: time at most 0.7 of b"),
        (Goal("cold", "a", "seconds", 5.0), "cold, a: time at most 5 s"),
        (Goal("cold", "a", "bytes_sent", 4_000), "cold, a: bytes sent at most 4 KB"),
        (Goal("cold", "a", "image_bytes", 1, "b"), "cold, a: compressed image at most 1 of b"),
    ],
)
def test_a_goal_reads_as_it_was_set(goal: Goal, text: str) -> None:
    assert goal.text == text


def test_a_goal_in_seconds_has_the_ratio_beside_it() -> None:
    figures = [Figure("uv", "harden", 0.5, 0, 0), Figure("ship-verbs", "harden", 4.0, 0, 0)]
    (verdict,) = [each for each in verdicts(figures) if each.goal.situation == "harden"]
    assert (verdict.measured, verdict.beside, verdict.met) == (4.0, 8.0, True)
    assert "| harden, ship-verbs: time at most 5 s " in goals_table(figures)
    assert "| 4.00 s (8.00 of uv) | met" in goals_table(figures)
    (alone,) = [each for each in verdicts(figures[1:]) if each.goal.situation == "harden"]
    assert (alone.measured, alone.beside, alone.met) == (4.0, None, True)
    assert "| 4.00 s       | met" in goals_table(figures[1:])


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
    assert row[:6] == ["one-line", "ship-verbs", "2.00", "1/20.0", "1/5.0", "1/2.5"]
    assert row[6:] == ["9.0 KB", "60.0 MB", "1.50 s"]


def test_a_row_without_an_image_shows_no_sizes() -> None:
    row = figures_table([Figure("uv", "harden", 0.64, 0, 0)]).splitlines()[-1]
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells == ["harden", "uv", "0.64", "-", "-", "1.00", "-", "-", "-"]


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
        ["--smoke", "--chart", "x"],
        ["--smoke", "--growth"],
    ],
)
def test_options_that_make_no_sense_are_refused(argv: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse_bench(argv)
    assert ended.value.code == 2
