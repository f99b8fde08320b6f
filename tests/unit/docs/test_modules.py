"""The modules and packages that pages name exist; decision records tell of their own day."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PACKAGE = ROOT / "buildbot_ship"
DOCS = ROOT / "docs"
PAGES = sorted(
    [ROOT / "README.md", *DOCS.glob("*.md"), *DOCS.glob("steps/*.md"), *DOCS.glob("run/*.md")]
)
NAME = re.compile(r"`((?:[a-z_]+/)+(?:[a-z_]+\.py)?)`")
ROOMS = {path.name for path in PACKAGE.iterdir() if path.is_dir()}


def names(page: Path) -> list[str]:
    """Return the names below our package that a page has in code."""
    found = NAME.findall(page.read_text(encoding="utf-8"))
    return [name for name in found if name.split("/")[0] in ROOMS and name.count("/") > 0]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_modules_that_a_page_names_exist(page: Path) -> None:
    missing = [name for name in names(page) if not (PACKAGE / name).exists()]
    assert missing == []


def test_the_architecture_page_names_many() -> None:
    assert len(names(ROOT / "docs" / "architecture.md")) > 40
