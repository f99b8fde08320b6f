"""The environment of what a job calls."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.scripts import scripts_folder

HOME = """\
import pwd, sys
from pathlib import Path
from types import SimpleNamespace
sys.path.insert(0, sys.argv[1])
from job import index_environment
pwd.getpwuid = lambda number: SimpleNamespace(pw_dir=sys.argv[2])
print(index_environment({}, Path("/job"))["HOME"])
"""


@pytest.mark.parametrize("writable", [True, False])
def test_pip_has_a_home_that_it_can_write_to(tmp_path: Path, writable: bool) -> None:
    """Debian's nobody has ``/nonexistent``, where pip-compile cannot make its cache."""
    home = str(tmp_path) if writable else "/nonexistent"
    argv = [sys.executable, "-c", HOME, str(scripts_folder()), home]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == (home if writable else "/tmp")
