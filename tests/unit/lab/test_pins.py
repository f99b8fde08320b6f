from __future__ import annotations

import pytest
from lab.errors import LabError
from lab.pins import own_copies, pin

STAMP = "2026-11-23T04-50-49-169150"
OWN = "127.0.0.1:5000/team"
COPIES = {name: f"{OWN}/{name}:{STAMP}" for name in ("python311", "python311-slim")}


@pytest.mark.parametrize(
    "properties",
    [
        {"ship_retag": list(COPIES.values())},
        {"ship_retag": {f"hub/{name}": reference for name, reference in COPIES.items()}},
        {"ship_retag": [{"destination": each} for each in COPIES.values()], "owner": "x"},
        {"a": COPIES["python311"] + "@sha256:00", "b": COPIES["python311-slim"]},
    ],
)
def test_own_copies_are_found_in_a_builds_properties(properties: dict[str, object]) -> None:
    assert own_copies(properties, OWN) == COPIES


def test_other_references_are_not_taken_for_copies() -> None:
    assert own_copies({"from": "127.0.0.1:5001/library/python:3.11", "n": 3}, OWN) == {}


@pytest.mark.parametrize(
    "before",
    [
        "registry.example.com/team/python311-slim:2026-01-01T00-00-00-000000",
        "registry.example.com:5000/team/python311-slim@sha256:00",
        "python311-slim",
    ],
)
def test_a_from_line_takes_the_copy_of_its_repository(before: str) -> None:
    text = "# FROM here on\nFROM {}\nCOPY a.pex /\n"
    assert pin(text.format(before), COPIES) == text.format(COPIES["python311-slim"])


def test_a_stage_is_no_base() -> None:
    text = "FROM python311 AS build\nFROM build as own\nFROM python311-slim\n"
    own, slim = COPIES["python311"], COPIES["python311-slim"]
    assert pin(text, COPIES) == f"FROM {own} AS build\nFROM build as own\nFROM {slim}\n"


def test_a_base_without_a_copy_is_named() -> None:
    with pytest.raises(LabError, match="no own copy of golang"):
        pin("FROM hub/golang:1\n", COPIES)
