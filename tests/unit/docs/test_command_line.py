"""docs/command-line.md is complete: checks, fields, statuses, and options that exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import attrs
import pytest

from buildbot_ship.cli.questions.completion import SHELLS, whole_parser
from buildbot_ship.model.diagnosis.finding import SCHEMA, STATUSES, Finding, Report
from buildbot_ship.model.result import SCHEMA as RESULT_SCHEMA
from buildbot_ship.model.result import Failure, Result

PAGE = Path(__file__).parents[3] / "docs" / "command-line.md"
TEXT = PAGE.read_text(encoding="utf-8")
NAME = re.compile(r"`([\w -]+)`")


def rows(title: str, number: int = 0) -> list[list[str]]:
    """Return the cells of a table below *title*, without its head."""
    part = re.split(r"^#+ ", TEXT.partition(f"# {title}\n")[2], flags=re.M)[0]
    tables = re.findall(r"^(?:\|.*\n)+", part, re.M)
    lines = tables[number].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def names(cells: list[list[str]]) -> list[str]:
    return [name for row in cells for name in NAME.findall(row[0])]


def test_the_statuses_of_findings_are_those_of_the_code() -> None:
    assert names(rows("Doctor")) == list(STATUSES)


def test_the_fields_of_a_result_are_those_of_the_code() -> None:
    fields = names(rows("Output for programs"))
    assert sorted(fields) == sorted(field.name for field in attrs.fields(Result))
    (failure,) = [row for row in rows("Output for programs") if "`failure`" in row[0]]
    assert {f"`{field.name}`" for field in attrs.fields(Failure)} <= set(
        re.findall(r"`\w+`", failure[1])
    )
    assert f"now {RESULT_SCHEMA} |" in TEXT


def test_the_fields_of_a_report_are_those_of_the_code() -> None:
    table = rows("Output for programs", 1)
    document = Report((Finding("ok", "fine"),)).to_json()
    assert names(table) == list(document)
    assert set(NAME.findall(table[-1][1])) == set(document["findings"][0])
    assert f"now {SCHEMA} |" in TEXT


def calls() -> list[str]:
    blocks = re.findall(r"^```(?:sh|console)\n(.*?)^```$", TEXT, re.M | re.S)
    whole = (block.replace("\\\n", "") for block in blocks)
    lines = [line.removeprefix("$ ") for block in whole for line in block.splitlines()]
    return [line for line in lines if line.startswith("buildbot-ship ")]


@pytest.mark.parametrize("call", calls())
def test_a_call_on_the_page_has_options_that_exist(call: str) -> None:
    words = shlex.split(re.split(r"[>|]", call)[0])[1:]
    options = whole_parser().parse_args(words)
    assert options.verb == words[0]


def test_every_shell_is_on_the_page() -> None:
    assert {call.split()[2] for call in calls() if " completion " in call} == set(SHELLS)
