"""What every container begins with, run as a container runs it."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

import buildbot_ship
from buildbot_ship.daemon.archive import pack
from buildbot_ship.daemon.interface import JobFile

ENTRY = Path(buildbot_ship.__path__[0], "inside", "entry.py").read_text(encoding="utf-8")
SCRIPT = """
import os, sys
from beside import WORD
print(WORD, sys.argv[1:], repr(sys.stdin.read()))
os.system("echo a tool")
os.mkdir(sys.argv[2])
open(sys.argv[2] + "/made", "w").write("files")
"""


@pytest.fixture
def job(tmp_path: Path) -> Path:
    return tmp_path / "job"


def start(job: Path, script: str) -> subprocess.CompletedProcess[bytes]:
    out = str(job.parent / "out")
    command = json.dumps([f"{job}/script.py", "an argument", out]).encode()
    sent = io.BytesIO()
    pack(
        [
            JobFile("script.py", script.encode()),
            JobFile("beside.py", b"WORD = 'said'"),
            JobFile("folder/tool", b"", executable=True),
            JobFile("command.json", command),
        ],
        sent,
    )
    argv = [sys.executable, "-c", ENTRY, str(job), out]
    return subprocess.run(argv, input=sent.getvalue(), capture_output=True, check=False)


def test_what_is_said_and_what_is_made_come_apart(job: Path) -> None:
    ended = start(job, SCRIPT)
    words = f"said ['an argument', '{job.parent}/out'] ''\na tool\n"
    assert sorted(ended.stderr.decode().splitlines()) == sorted(words.splitlines())
    with tarfile.open(fileobj=io.BytesIO(ended.stdout)) as archive:
        assert archive.getnames() == ["out", "out/made"]
    assert ended.returncode == 0


def test_files_come_with_their_modes_and_no_time(job: Path) -> None:
    start(job, SCRIPT)
    tool, plain = (job / "folder" / "tool").stat(), (job / "script.py").stat()
    assert (tool.st_mode & 0o777, plain.st_mode & 0o777) == (0o755, 0o644)
    assert tool.st_mtime == plain.st_mtime == 0


@pytest.mark.parametrize(
    ("script", "status"),
    [
        ("import sys; sys.exit(3)", 3),
        ("raise RuntimeError('why')", 1),
        ("import os; os.kill(os.getpid(), 9)", 137),
    ],
)
def test_a_script_that_fails_gives_nothing_and_its_status(
    job: Path, script: str, status: int
) -> None:
    ended = start(job, script)
    assert ended.returncode == status
    assert ended.stdout == b""
    assert ("why" in ended.stderr.decode()) == ("why" in script)
