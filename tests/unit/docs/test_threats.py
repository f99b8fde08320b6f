"""docs/threats.md: every path has a control with module and test, or says what is missing."""

from __future__ import annotations

import re

import pytest

from tests.unit.docs.claims import TOP, missing, named_tests, sections

COLUMNS = ["path", "what an attacker could do", "control", "module", "test", "not covered"]
SECTIONS = sections(TOP / "docs" / "threats.md")
PATHS = {heading: rows[1:] for heading, rows in SECTIONS.items() if rows[0] == COLUMNS}
ROWS = [
    pytest.param(row, id=f"{heading}: {row[0]}")
    for heading, rows in PATHS.items()
    for row in rows
]
MODULE = re.compile(r"`([a-z_/]+\.py)`")


@pytest.mark.parametrize("row", ROWS)
def test_a_path_has_a_control_that_is_tested_or_says_what_is_missing(row: list[str]) -> None:
    path, attack, control, module, test, not_covered = row
    assert path
    assert attack
    assert control
    assert not_covered or named_tests(test)
    assert bool(module) or control.startswith("none")


@pytest.mark.parametrize("row", ROWS)
def test_the_modules_and_tests_of_a_path_exist(row: list[str]) -> None:
    assert missing(row) == []
    assert [m for m in MODULE.findall(row[3]) if not (TOP / "buildbot_ship" / m).exists()] == []


def test_the_assets_and_attackers_come_first() -> None:
    assert list(SECTIONS)[:2] == ["Assets", "Attackers"]
    assert [heading for heading in SECTIONS if heading not in PATHS] == ["Assets", "Attackers"]


def test_every_path_into_the_system_has_a_section() -> None:
    assert list(PATHS) == [
        "Publication of a tag",
        "Registries",
        "Package indexes",
        "setup.py and build backends",
        "Hostile wheels and archives",
        "Hostile texts in the repository",
        "Branches and pull requests of strangers",
        "Secrets",
        "Sealed secrets",
        "Smoke tests",
        "Leftovers and garbage collection",
        "The worker",
        "The master",
        "The shared cache",
        "Base images",
        "The git server",
    ]
