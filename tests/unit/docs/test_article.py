"""docs/article.md: every claim has a place and a test, and both exist."""

from __future__ import annotations

import pytest

from tests.unit.docs.claims import TOP, missing, named_tests, tables

COLUMNS = ["claim", "here", "test", "since 2017"]
TABLES = tables(TOP / "docs" / "article.md", COLUMNS)
ROWS = [
    pytest.param(row, id=f"{heading}: {row[0]}")
    for heading, rows in TABLES.items()
    for row in rows
]


@pytest.mark.parametrize("row", ROWS)
def test_a_claim_has_a_place_a_test_and_a_verdict(row: list[str]) -> None:
    assert len(row) == len(COLUMNS)
    assert all(row)
    assert named_tests(row[2])


@pytest.mark.parametrize("row", ROWS)
def test_the_files_and_tests_that_a_claim_names_exist(row: list[str]) -> None:
    assert missing(row) == []


def test_every_section_of_the_article_is_there() -> None:
    rows = {heading: len(rows) for heading, rows in TABLES.items()}
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
