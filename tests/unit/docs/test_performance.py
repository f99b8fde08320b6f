"""docs/performance.md shows one run: its tables and its chart are those of its figures."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from lab.bench.chart import draw
from lab.bench.figures import ALL_SITUATIONS, FLOWS, from_json
from lab.bench.options import parse_bench
from lab.bench.page import figures_table, goals_table
from lab.bench.world import IMAGE
from lab.story import IMAGES

DOCS = Path(__file__).resolve().parents[3] / "docs"
PAGE = (DOCS / "performance.md").read_text(encoding="utf-8")
FIGURES = from_json((DOCS / "performance.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("table", [figures_table, goals_table])
def test_the_tables_are_those_of_the_figures(table: object) -> None:
    assert callable(table)
    assert f"\n{table(FIGURES)}\n" in PAGE


def test_the_chart_is_that_of_the_figures() -> None:
    assert (DOCS / "performance.svg").read_text(encoding="utf-8") == draw(FIGURES)


def test_every_flow_and_situation_is_explained() -> None:
    for name in (*FLOWS, *ALL_SITUATIONS):
        assert f"| `{name}` |" in PAGE


def test_the_commands_are_those_of_the_benchmark() -> None:
    lines = PAGE.replace("\\\n", "").splitlines()
    commands = [
        line.partition("  #")[0] for line in lines if line.startswith("tests/bench/run")
    ]
    assert len(commands) == 5
    for command in commands:
        assert parse_bench(command.split()[1:]).rounds > 0


def test_the_image_is_one_of_the_example() -> None:
    assert IMAGE in IMAGES


def test_the_readme_quotes_bytes_that_were_measured() -> None:
    readme = (DOCS.parent / "README.md").read_text(encoding="utf-8")
    quoted = re.search(r"\| ([\d.]+ KB) for \[the benchmark's", readme)
    assert quoted is not None
    (row,) = re.findall(r"^\| one-line +\| ship-verbs +\|.*$", PAGE, re.M)
    assert f"| {quoted[1]} |" in row
