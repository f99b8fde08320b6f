"""Texts without end in a repository, and every verb that reads them by the command line."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.repository import Repository, copy_of

NESTED = b"${X:-" * 10_000 + b"}" * 10_000
FROM = b"FROM own.example.com/team/python311:2026-11-23T04-50-49-169150\n"
SECONDS = 20
"""How long a call may take beside others; alone it takes well below one."""
IMAGE = ("image", "bad")
PIN = ("pin",)
WHEELS = ("wheels", "--package", ".")
HARDEN = ("harden", "--package", ".")
CHECK = ("check", "--package", ".")
DERIVE = ("derive", "bad.docker=own.example.com/team/derived")
MARKER = f"{'(' * 1_500}os_name=='a'{')' * 1_500}"
CASES: dict[str, tuple[str, bytes, tuple[tuple[str, ...], ...], int]] = {
    "nested variables": ("bad.docker", b"ENV A=" + NESTED, (IMAGE, PIN, DERIVE), 2),
    "a line of 10 MB": ("bad.docker", b"ENV A=" + b"x" * 10_000_000, (IMAGE, PIN), 2),
    "a million instructions": ("bad.docker", b"ENV A=b\n" * 1_000_000, (IMAGE,), 131_066),
    "a base of nested variables": ("build.docker", NESTED, (WHEELS, HARDEN, CHECK, PIN), 1),
    "nested markers": ("requirements.loose.txt", MARKER.encode(), (HARDEN, CHECK), 2),
    "a million pins": (
        "requirements.strict.txt", b"six==1\n" * 1_000_000, (WHEELS, CHECK), 20_001,
    ),
    "a lock of another encoding": (
        "requirements.build.txt", b"#: package .\n\xff\xfe", (WHEELS, CHECK), 2,
    ),
}  # fmt: skip
BEFORE = {
    "bad.docker": FROM,
    "build.docker": b"FROM ",
    "requirements.loose.txt": b"six\nsix ; ",
}
"""What stands before the text in its file."""


@pytest.fixture(scope="module")
def house(
    hardened: Repository, bases: Any, tmp_path_factory: pytest.TempPathFactory
) -> Repository:
    return copy_of(hardened, tmp_path_factory.mktemp("hostile"), bases)


@pytest.mark.row(41)
@pytest.mark.parametrize("name", CASES)
def test_a_text_without_end_is_refused_with_its_line(house: Repository, name: str) -> None:
    file, text, calls, line = CASES[name]
    path = house.folder / file
    before = path.read_bytes() if path.exists() else None
    path.write_bytes(BEFORE.get(file, b"") + text)
    house.commit()
    try:
        for call in calls:
            began = time.monotonic()
            said = house.ship(*call)
            assert time.monotonic() - began < SECONDS
            assert said.status == 13, said.output[-2000:]
            assert said.failure["message"].startswith(f"{file}:{line}: ")
            assert len(said.failure["message"]) < 1_200
            assert "Traceback" not in said.output
    finally:
        if before is None:
            path.unlink()
        else:
            path.write_bytes(before)
        house.commit()
