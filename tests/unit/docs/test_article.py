"""docs/article.md: every claim has a place and a test, and both exist."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[3]
PAGE = TOP / "docs" / "article.md"
COLUMNS = ["claim", "here", "test", "since 2017"]
NAMED = re.compile(r"`((?:tests|docs|docker)/[^`:]+)(?:::([^`]+))?`")


def tables() -> dict[str, list[list[str]]]:
    """Return the rows of each section's table, without its head."""
    found = {}
    for heading, text in re.findall(
        r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE.read_text(encoding="utf-8"), re.M | re.S
    ):
        rows = [line[2:-2].split(" | ") for line in text.splitlines() if line.startswith("| ")]
        assert rows[0] == COLUMNS, heading
        found[heading] = rows[1:]
    return found


ROWS = [
    pytest.param(row, id=f"{heading}: {row[0]}")
    for heading, rows in tables().items()
    for row in rows
]


@cache
def functions(path: Path) -> set[str]:
    """Return the names of the functions and methods of a module."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("row", ROWS)
def test_a_claim_has_a_place_a_test_and_a_verdict(row: list[str]) -> None:
    assert len(row) == len(COLUMNS)
    assert all(cell.strip() for cell in row)
    assert any(path.startswith("tests/") for path, _ in NAMED.findall(row[2]))


@pytest.mark.parametrize("row", ROWS)
def test_the_files_and_tests_that_a_claim_names_exist(row: list[str]) -> None:
    for path, function in NAMED.findall(" ".join(row)):
        file = TOP / path
        assert file.exists(), path
        if function:
            assert function in functions(file), f"{path}::{function}"


def test_every_section_of_the_article_is_there() -> None:
    rows = {heading: len(rows) for heading, rows in tables().items()}
    assert list(rows) == [
        "The naive Dockerfile",
        "Base images",
        "Third-party dependencies",
        "Build and run apart",
        "Output formats",
        "A simple service",
        "Your own code",
        "Several images from one repository",
        "Running containers",
        "Configuration and secrets",
        "State",
    ]
    assert all(rows.values())
