from __future__ import annotations

import os
from pathlib import Path

import pytest

from buildbot_ship.cli.diffoscope import explain


def install(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program = folder / "diffoscope"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def test_what_it_says_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, 'echo "$@"; exit 1', monkeypatch)
    lines: list[str] = []
    said = explain(Path("/first"), Path("/second"), lines.append)
    assert said.startswith("--text - ")
    assert said.endswith(" /first /second")
    assert lines == ["running diffoscope"]


def test_no_more_than_a_log_can_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, "head -c 200000 /dev/zero | tr '\\0' x", monkeypatch)
    assert len(explain(Path("/a"), Path("/b"), lambda _: None)) == 64 * 1024


def test_without_it_nothing_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    lines: list[str] = []
    assert explain(Path("/a"), Path("/b"), lines.append) == ""
    assert lines == []
