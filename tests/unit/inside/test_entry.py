"""What every container begins with, run as a container runs it."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from subprocess import PIPE

import pytest

from buildbot_ship import inside
from buildbot_ship.daemon.interface import JobFile
from buildbot_ship.daemon.shared.archive import pack

ENTRY = inside.script(inside.ENTRY).decode()
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
    scripts = packed(
        JobFile("script.py", script.encode()), JobFile("beside.py", b"WORD = 'said'")
    )
    size = len(scripts).to_bytes(8, "big")
    inputs = packed(
        JobFile("folder/tool", b"", executable=True), JobFile("command.json", command)
    )
    argv = [sys.executable, "-c", ENTRY, str(job), out]
    return run(argv, size + scripts + inputs)


def run(argv: list[str], given: bytes) -> subprocess.CompletedProcess[bytes]:
    """Run *argv*; its standard input has *given*, and ends after the program."""
    read, write = os.pipe()
    with open(read, "rb") as stdin, open(write, "wb") as giver:
        giver.write(given)
        giver.flush()
        return subprocess.run(argv, stdin=stdin, capture_output=True, check=False)


def packed(*files: JobFile) -> bytes:
    sent = io.BytesIO()
    pack(files, sent)
    return sent.getvalue()


def test_what_is_said_and_what_is_made_come_apart(job: Path) -> None:
    ended = start(job, SCRIPT)
    words = f"said ['an argument', '{job.parent}/out'] ''\na tool\n"
    assert sorted(ended.stderr.decode().splitlines()) == sorted(words.splitlines())
    with tarfile.open(fileobj=io.BytesIO(ended.stdout)) as archive:
        assert archive.getnames() == ["out", "out/made"]
    assert ended.returncode == 0


def test_scripts_are_imported_while_it_waits(job: Path) -> None:
    import_of = "import sys; print('imported as', __name__, file=sys.stderr, flush=True)"
    scripts = packed(JobFile("install.py", import_of.encode()))
    argv = [sys.executable, "-c", ENTRY, str(job), str(job.parent / "out")]
    with subprocess.Popen(argv, stdin=PIPE, stdout=PIPE, stderr=PIPE) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write(len(scripts).to_bytes(8, "big") + scripts)
        process.stdin.flush()
        assert process.stderr.readline() == b"imported as install\n"
        command = json.dumps([f"{job}/install.py"]).encode()
        process.stdin.write(packed(JobFile("command.json", command)))
        process.stdin.flush()
        said = process.stderr.read()
    assert b"imported as __main__\n" in said


def test_it_ends_with_its_standard_input(job: Path) -> None:
    # Here no init ends the script, so it looks for its parent itself.
    script = (
        "import os, sys, time\n"
        "parent = os.getppid()\n"
        "print('runs', file=sys.stderr, flush=True)\n"
        "while os.getppid() == parent: time.sleep(0.02)\n"
    )
    scripts = packed(JobFile("script.py", script.encode()))
    command = json.dumps([f"{job}/script.py"]).encode()
    argv = [sys.executable, "-c", ENTRY, str(job), str(job.parent / "out")]
    with subprocess.Popen(argv, stdin=PIPE, stdout=PIPE, stderr=PIPE) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write(len(scripts).to_bytes(8, "big") + scripts)
        process.stdin.write(packed(JobFile("command.json", command)))
        process.stdin.flush()
        assert process.stderr.readline() == b"runs\n"
        process.stdin.close()
        assert process.wait(10) == 137


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
