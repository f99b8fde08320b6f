"""Pages that are tables of claims: their rows, and the files and tests that they name."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

TOP = Path(__file__).resolve().parents[3]
NAMED = re.compile(r"`((?:tests|docs|docker)/[^`:]+)(?:::([^`]+))?`")
Tables = dict[str, list[list[str]]]
"""The rows of each section's table, without its head."""


def tables(page: Path, columns: list[str]) -> Tables:
    """Return the tables of a page whose sections each have one with these columns."""
    found = sections(page)
    assert [heading for heading, rows in found.items() if rows[0] != columns] == []
    return {heading: rows[1:] for heading, rows in found.items()}


def sections(page: Path) -> Tables:
    """Return the rows of each section's table, with its head."""
    text = page.read_text(encoding="utf-8")
    found = re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    return {heading: [_cells(line) for line in _rows(body)] for heading, body in found}


def _rows(body: str) -> list[str]:
    return [line for line in body.splitlines() if line.startswith("| ")]


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def missing(row: list[str]) -> list[str]:
    """Return the files and tests that a row names but that do not exist."""
    return [
        f"{path}::{function}" if function else path
        for path, function in NAMED.findall(" ".join(row))
        if not (TOP / path).exists() or (function and function not in _functions(TOP / path))
    ]


def named_tests(cell: str) -> list[str]:
    """Return the paths of the tests that a cell names."""
    return [path for path, _ in NAMED.findall(cell) if path.startswith("tests/")]


@cache
def _functions(path: Path) -> set[str]:
    """Return the names of the functions and methods of a module."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in ast.walk(tree) if isinstance(node, kinds)}
