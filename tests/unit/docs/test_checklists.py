"""docs/checklists.md: hadolint finds what the page lists, and nothing else."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from buildbot_ship.model.dockerfile.document import read
from buildbot_ship.model.dockerfile.pin import fix_bases
from buildbot_ship.model.reference import Reference
from tests.unit.docs.claims import TOP, missing, sections

PAGE = TOP / "docs" / "checklists.md"
SECTIONS = sections(PAGE)
HADOLINT = str(Path(sys.executable).parent / "hadolint")
SHIPPED = sorted((TOP / "docker").rglob("*.docker"))
BLOCK = re.compile(r"```dockerfile\n(.*?)```", re.S)
DERIVED = "docs/image.md"
"""The page with the Dockerfile of a derived base."""


def pages() -> dict[str, str]:
    """Return the complete Dockerfiles in our pages, by page."""
    return {
        str(page.relative_to(TOP)): text
        for page in [TOP / "README.md", *sorted((TOP / "docs").rglob("*.md"))]
        for text in BLOCK.findall(page.read_text(encoding="utf-8"))
        if text.startswith(("FROM", "ARG"))
    }


def lint(text: str) -> set[str]:
    """Return the rules that a Dockerfile breaks, all severities included."""
    argv = [HADOLINT, "--no-fail", "--format", "json", "--config", "/dev/null", "-"]
    done = subprocess.run(argv, input=text, capture_output=True, text=True, check=True)
    return {found["code"] for found in json.loads(done.stdout)}


def listed(file: str) -> set[str]:
    """Return the rules that the page lists for a file."""
    rows = SECTIONS["Dockerfiles: hadolint 2.15.1"][1:]
    return {rule.strip("`") for name, rule, _ in rows if name == f"`{file}`"}


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.relative_to(TOP).as_posix())
def test_a_dockerfile_that_we_ship_breaks_the_listed_rules_only(path: Path) -> None:
    file = path.relative_to(TOP).as_posix()
    assert lint(path.read_text(encoding="utf-8")) == listed(file)


@pytest.mark.parametrize("page", sorted(pages()))
def test_a_dockerfile_of_a_page_breaks_the_listed_rules_only(page: str) -> None:
    assert lint(pages()[page]) == listed(page)


def test_what_the_engine_gets_for_a_derived_base_breaks_no_other_rule() -> None:
    text = pages()[DERIVED].encode()
    dockerfile = read(text, "data.docker")
    base = Reference.parse("docker.io/library/python:3.14-slim")
    fixed = Reference.parse(f"{base}@sha256:{'0' * 64}")
    given = fix_bases(text, dockerfile, {base: fixed}).decode()
    assert str(fixed) in given
    assert lint(given) == listed(DERIVED)


def test_every_file_of_the_page_is_looked_at() -> None:
    seen = {path.relative_to(TOP).as_posix() for path in SHIPPED} | pages().keys()
    rows = SECTIONS["Dockerfiles: hadolint 2.15.1"][1:]
    assert {name.strip("`") for name, _, _ in rows} <= seen
    assert len(SHIPPED) >= 6


def test_hadolint_is_the_version_of_the_page_and_finds_what_is_wrong() -> None:
    done = subprocess.run([HADOLINT, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.split()[-1] == "2.15.1"
    assert lint("FROM debian\nRUN cd /tmp && sudo ls\n") >= {"DL3003", "DL3004", "DL3006"}


def test_every_point_has_a_verdict_and_named_tests_exist() -> None:
    found = {heading: rows[1:] for heading, rows in SECTIONS.items()}
    points = [
        row[0].split()[0] for row in found["Images: CIS Docker Benchmark v1.6.0, section 4"]
    ]
    assert points == [f"4.{number}" for number in range(1, 13)]
    assert missing([PAGE.read_text(encoding="utf-8")]) == []
    verdict = re.compile(r"(\*\*)?(met|not met|yours)")
    for heading, rows in found.items():
        if "hadolint" not in heading:
            assert [row for row in rows if not any(map(verdict.match, row[1:3]))] == []
