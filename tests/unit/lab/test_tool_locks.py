"""The locks of the tools, and the command that writes them."""

from __future__ import annotations

import datetime
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from lab import tool_locks
from lab.errors import LabError
from lab.tool_locks import (
    FOLDERS,
    OLDEST,
    TOOLS,
    Lock,
    command,
    compile_lock,
    find_faults,
    header,
    main,
    read_locks,
    read_tools,
)

CHECKOUT = Path(__file__).resolve().parents[3]
DAY = datetime.date(2026, 11, 28)
MOST_DAYS = 275
"""How much older than the last commit a lock may be: three quarters of a year."""


def lock(minor: str, **pins: str) -> Lock:
    text = "".join(f"{name}=={version} \\\n    --hash=x\n" for name, version in pins.items())
    return Lock(minor, header(minor, DAY) + text)


def locks(*given: Lock) -> dict[str, Lock]:
    return {each.minor: each for each in given}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_our_locks_are_complete_and_pin_the_same_versions(folder: Path) -> None:
    assert find_faults(read_locks(folder), read_tools(folder), OLDEST) == []


def test_the_locks_of_all_tools_are_for_the_same_pythons() -> None:
    minors = [list(read_locks(folder)) for folder in FOLDERS]
    assert minors == [minors[0]] * len(minors)


def test_the_oldest_lock_is_for_the_oldest_python_that_we_support() -> None:
    setup = (CHECKOUT / "setup.py").read_text(encoding="utf-8")
    assert re.findall(r'python_requires=">=(.*?)"', setup) == [OLDEST]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_our_locks_are_not_old_when_something_else_changes(folder: Path) -> None:
    """The clock is the last commit, so no commit gets another result later."""
    asked = ["git", "log", "-1", "--format=%cI"]
    done = subprocess.run(asked, check=False, cwd=CHECKOUT, capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip("not a git repository")
    last = datetime.datetime.fromisoformat(done.stdout.strip()).date()
    locked = {minor: each.locked_on for minor, each in read_locks(folder).items()}
    days = {minor: (last - day).days for minor, day in locked.items() if day}
    old = {minor: age for minor, age in days.items() if age > MOST_DAYS}
    assert old == {}, "run docker/lock-tools --upgrade: see docs/tools.md"


def test_a_missing_lock_is_reported() -> None:
    given = locks(lock("3.9", pip="1"), lock("3.11", pip="1"))
    assert find_faults(given, "pip\n", "3.9") == ["py3.10.txt is missing"]
    assert find_faults({}, "pip\n", "3.11") == ["py3.11.txt is missing"]


def test_a_lock_of_a_python_that_we_dropped_is_reported() -> None:
    given = locks(lock("3.10", pip="1"), lock("3.11", pip="1"))
    assert find_faults(given, "pip\n", "3.11") == ["py3.10.txt is not supported"]


def test_locks_with_different_versions_are_reported() -> None:
    given = locks(lock("3.11", pip="1", pex="2"), lock("3.12", pip="2", pex="2"))
    assert find_faults(given, "pip\n", "3.11") == [
        "pip has several versions: 1 for 3.11; 2 for 3.12"
    ]


def test_a_lock_without_a_tool_or_a_date_is_reported() -> None:
    given = locks(Lock("3.11", "pip==1 \\\n"))
    assert find_faults(given, "pip\npex<3  # why\n", "3.11") == [
        "py3.11.txt lacks pex",
        "py3.11.txt does not say when it was locked",
    ]


def fake_python(folder: Path, text: str) -> str:
    """Return a program that answers as the job does, and keeps its request."""
    path = folder / "python"
    answer = json.dumps({"minor": "3.15", "lock": text})
    path.write_text(f"#!/bin/sh\ncat > {folder}/request\necho noise\necho '{answer}'\n")
    path.chmod(0o755)
    return str(path)


def test_a_new_lock_takes_the_versions_of_another_one(tmp_path: Path) -> None:
    made = compile_lock(fake_python(tmp_path, "pip==1"), "pip\n", "pip==1", False, DAY)
    request = json.loads((tmp_path / "request").read_text())
    assert request == {"requirements": "pip\n", "lock": "pip==1", "upgrade": False}
    assert made.minor == "3.15"
    assert made.pins == {"pip": "1"}
    assert made.locked_on == DAY


def test_check_writes_nothing_and_fails_if_a_version_would_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tool_locks, "FOLDERS", [tmp_path])
    monkeypatch.setattr(tool_locks, "read_locks", lambda folder: locks(lock("3.15", pip="1")))
    (tmp_path / TOOLS).write_text("pip\n")
    assert main(["--check", fake_python(tmp_path, "pip==1")]) == 0
    assert main(["--check", fake_python(tmp_path, "pip==2")]) == 1
    assert f"{tmp_path.name}/py3.15.txt: pip==2" in capsys.readouterr().out
    assert not list(tmp_path.glob("*.txt"))


def test_a_python_that_fails_is_named(tmp_path: Path) -> None:
    path = tmp_path / "python"
    path.write_text("#!/bin/sh\nexit 3\n")
    path.chmod(0o755)
    with pytest.raises(LabError, match=re.escape(f"{path} could not lock the tools")):
        compile_lock(str(path), "", "", False, DAY)


def test_a_python_is_a_program_or_an_image(tmp_path: Path) -> None:
    assert command(sys.executable, {}) == [sys.executable]
    bundle = tmp_path / "ca.pem"
    bundle.touch()
    argv = command("python:3.15", os.environ | {"PIP_CERT": str(bundle)})
    assert argv[:2] == ["docker", "run"]
    assert argv[-2:] == ["python:3.15", "python3"]
    assert f"{bundle}:/etc/ssl/lock-tools.pem:ro" in argv
    with pytest.raises(LabError, match="no program python9"):
        command("python9", {})
