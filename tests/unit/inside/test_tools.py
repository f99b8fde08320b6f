"""Which user the jobs in a tools image have."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.scripts import scripts_folder

CHOOSE = "import tools; print('user', tools.choose_user('{}'))"
HOME = "import pwd, job; pwd.getpwuid = lambda _: {}; print('home', job.home())"


def run(code: str) -> list[str]:
    """Run *code* beside the scripts; return the lines that it prints."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=scripts_folder(),
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    ("mode", "of_parent", "user"),
    [
        (0o755, 0o755, "65534:65534"),
        (0o755, 0o711, "65534:65534"),
        (0o700, 0o755, "0:0"),
        (0o755, 0o700, "0:0"),
        (0o751, 0o755, "0:0"),
    ],
)
def test_jobs_are_root_only_if_a_folder_of_the_path_is_for_root_only(
    tmp_path: Path, mode: int, of_parent: int, user: str
) -> None:
    folder = tmp_path / "root" / "bin"
    folder.mkdir(parents=True)
    for parent in tmp_path.parents:
        # pytest's folders are for this user only.
        if parent.stat().st_mode & 0o001 == 0:
            parent.chmod(parent.stat().st_mode | 0o001)
    tmp_path.chmod(0o755)
    folder.parent.chmod(of_parent)
    folder.chmod(mode)
    said = run(CHOOSE.format(f"/usr/bin:{folder}:relative:{tmp_path}/missing"))
    assert said[-1] == f"user {user}"
    assert any(f"jobs run as root: {folder}" in line for line in said) == (user == "0:0")


def test_a_link_to_a_folder_counts_as_the_folder(tmp_path: Path) -> None:
    (tmp_path / "hidden").mkdir(mode=0o700)
    (tmp_path / "bin").symlink_to(tmp_path / "hidden")
    assert run(CHOOSE.format(tmp_path / "bin"))[-1] == "user 0:0"


@pytest.mark.parametrize("folder", ["/nonexistent", "/proc", ""])
def test_who_has_no_home_gets_one(folder: str) -> None:
    found = f"type('User', (), {{'pw_dir': '{folder}'}})"
    access = "import os; os.access = lambda path, mode: path == '/tmp'; "
    assert run(access + HOME.format(found)) == ["home /tmp"]


def test_a_home_that_can_be_used_is_used(tmp_path: Path) -> None:
    found = f"type('User', (), {{'pw_dir': '{tmp_path}'}})"
    assert run(HOME.format(found)) == [f"home {tmp_path}"]


def test_a_user_without_an_account_has_a_home() -> None:
    unknown = "import pwd, job\ndef unknown(_): raise KeyError\npwd.getpwuid = unknown\n"
    assert run(unknown + "print('home', job.home())") == ["home /tmp"]
