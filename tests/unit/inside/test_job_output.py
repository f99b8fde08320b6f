"""What a job prints of its tools."""

from __future__ import annotations

import subprocess
import sys

from tests.scripts import scripts_folder

START = "import sys, warnings; sys.path.insert(0, sys.argv[1]); from job import *\n"


def printed(program: str) -> bytes:
    """Return what *program* prints, which can use everything in ``job.py``."""
    command = [sys.executable, "-c", START + program, str(scripts_folder())]
    return subprocess.run(command, check=True, capture_output=True).stdout


def test_a_carriage_return_ends_no_line() -> None:
    tool = r"import sys; sys.stdout.buffer.write(b'5%\r100%\r\nend\xff')"
    program = f"text = call([sys.executable, '-c', {tool!r}], 'it failed')\nsay(ascii(text))"
    shown = printed(program).decode().split("\n")
    assert shown == ["  5%\r100%", "  end\ufffd", r"'5%\r100%\r\nend\ufffd'", ""]


def test_a_warning_of_python_is_indented() -> None:
    program = r"say_warning('!!\n\nold', UserWarning, 'a.py', 7, None, 'x = 1')"
    assert printed(program).decode() == "  a.py:7: UserWarning: !!\n  old\n    x = 1\n"
