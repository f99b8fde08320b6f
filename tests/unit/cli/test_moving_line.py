"""What somebody at a terminal sees while a verb works, and what a pipe gets."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from lab.git_server import git

from buildbot_ship.cli.output.moving_line import MovingLine


def shown(text: str) -> list[str]:
    """Return the lines that a terminal shows after *text*."""
    return [line.rpartition("\r\x1b[K")[2] for line in text.split("\n")]


def test_the_output_of_tools_moves_and_headings_stay() -> None:
    stream = io.StringIO()
    line = MovingLine(stream, lambda: 20)
    for each in ("== build wheels", "  one", "  two", "== build wheels: 1.0 s"):
        line(each)
    line("  a line that is longer than the terminal")
    assert shown(stream.getvalue())[-1] == "  a line that is..."
    line.end()
    assert shown(stream.getvalue()) == ["== build wheels", "== build wheels: 1.0 s", ""]
    assert "one" in stream.getvalue()


def test_without_output_of_tools_nothing_is_erased() -> None:
    stream = io.StringIO()
    line = MovingLine(stream, lambda: 20)
    line("== push")
    line.end()
    assert stream.getvalue() == "== push\n"


CALL = """
import sys
from buildbot_ship.cli import call, verbs
from buildbot_ship.model.result import SUCCESS, Result

def check(collaborators, request):
    for line in ("== work", "  output of a tool", "== work: 0.1 s"):
        collaborators.log(line)
    return Result("check", SUCCESS, "done")

verbs.VERBS["check"] = check
sys.exit(call.run(["check", *sys.argv[1:]]))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "one")
    return tmp_path


def run(folder: Path, *options: str, output: int, errors: int, term: str = "xterm") -> None:
    root = str(Path(__file__).parents[3])
    subprocess.run(
        [sys.executable, "-c", CALL, *options],
        cwd=folder,
        env=os.environ | {"TERM": term, "PYTHONPATH": root},
        stdout=output,
        stderr=errors,
        check=True,
    )


def read_all(handle: int) -> str:
    text = b""
    # A terminal that nobody writes to any more raises EIO.
    with suppress(OSError):
        while chunk := os.read(handle, 1 << 16):
            text += chunk
    os.close(handle)
    return text.decode().replace("\r\n", "\n")


@pytest.mark.parametrize(("term", "moves"), [("xterm", True), ("dumb", False)])
def test_a_terminal_shows_a_line_that_moves(folder: Path, term: str, moves: bool) -> None:
    outer, inner = pty.openpty()
    run(folder, output=inner, errors=inner, term=term)
    os.close(inner)
    text = read_all(outer)
    assert ("\x1b[K" in text) == moves
    lines = ["== work", *([] if moves else ["  output of a tool"]), "== work: 0.1 s"]
    assert shown(text) == [*lines, "check: done", ""]


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_pipe_gets_plain_lines(folder: Path, options: list[str]) -> None:
    (out, write_out), (errors, write_errors) = os.pipe(), os.pipe()
    run(folder, *options, output=write_out, errors=write_errors)
    os.close(write_out)
    os.close(write_errors)
    result, progress = read_all(out), read_all(errors)
    if not options:
        result, progress = result.partition("check: ")[2], result
    assert progress.startswith("== work\n  output of a tool\n== work: 0.1 s\n")
    assert result.startswith("{" if options else "done")
    assert "\x1b" not in progress
