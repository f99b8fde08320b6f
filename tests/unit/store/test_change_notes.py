from __future__ import annotations

import os
from pathlib import Path

import pytest

from buildbot_ship.store import change_notes as notes
from buildbot_ship.store.change_notes import ChangeNotes


def test_a_note_is_found_by_what_it_is_about_and_by_nothing_else(tmp_path: Path) -> None:
    kept = ChangeNotes(tmp_path / "notes")
    assert kept.find(b"a file") is None
    kept.leave(b"a file", "why \N{SNOWMAN}\n")
    assert kept.find(b"a file") == "why \N{SNOWMAN}\n"
    assert kept.find(b"another") is None
    kept.leave(b"a file", "why not\n")
    assert kept.find(b"a file") == "why not\n"


def test_the_oldest_notes_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notes, "_MAX_NOTES", 2)
    kept = ChangeNotes(tmp_path)
    for number, about in enumerate((b"1", b"2", b"3")):
        kept.leave(about, "x")
        newest = max(tmp_path.iterdir(), key=lambda path: path.stat().st_mtime_ns)
        os.utime(newest, (number, number))
    assert [kept.find(about) for about in (b"1", b"2", b"3")] == [None, "x", "x"]
