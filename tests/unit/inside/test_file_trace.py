"""What hooks of a build backend do with files, as the notes have it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.scripts import scripts_folder

TRACED = scripts_folder() / "file_trace.py"
COPY = "import shutil; shutil.copyfile('a', 'copy')\n"
MOVED = "import os, shutil; os.mkdir('x'); shutil.copyfile('a', 'x/new'); os.rename('x', 'y')\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "source").mkdir()
    for name in ("a", "b", "module.py"):
        (tmp_path / "source" / name).touch()
    return tmp_path / "source"


def notes_of(folder: Path, script: str) -> dict[str, Any]:
    """Run a hook in *folder*; return its notes, of files that were there before."""
    before = {str(path) for path in folder.rglob("*")}
    hook, notes = folder.parent / "hook.py", folder.parent / "notes.json"
    hook.write_text(script)
    subprocess.run([sys.executable, TRACED, notes, hook, "argument"], cwd=folder, check=True)
    found: dict[str, Any] = json.loads(notes.read_text())
    for kind in ("read", "copied"):
        found[kind] = [Path(path).name for path in found[kind] if path in before]
    return found


@pytest.mark.parametrize(
    ("script", "read", "copied"),
    [
        ("", [], []),
        ("open('a').read()", ["a"], []),
        ("open(b'a', 'r+')", ["a"], []),
        ("open('new', 'w')", [], []),
        ("open('a', 'w')", ["a"], []),
        ("from pathlib import Path; Path('a').read_text()", ["a"], []),
        ("import os; os.open(os.path.abspath('a'), os.O_RDONLY)", ["a"], []),
        ("import sys; sys.path.insert(0, '.'); import module", ["module.py"], []),
        (COPY, [], ["a"]),
        (COPY + "open('a')", ["a"], []),
        (COPY + "open('copy')", ["a"], []),
        (COPY + "open('copy', 'a').close(); open('copy')", ["a"], []),
        (COPY + "open('copy', 'w').close(); open('copy')", [], ["a"]),
        (COPY + "shutil.copyfile('copy', 'b')", ["b"], ["a"]),
        (COPY + "shutil.copyfile('copy', 'b'); open('b')", ["a", "b"], []),
        (COPY + "shutil.copyfile('b', 'copy'); open('copy')", ["b"], ["a"]),
        (COPY + "shutil.copyfile('a', 'other')", ["a"], []),
        (COPY + "import zipfile; zipfile.ZipFile('x', 'w').write('a')", ["a"], []),
        (COPY + "import os; os.rename('copy', 'b')", ["b"], ["a"]),
        (COPY + "import os; os.rename('copy', 'b'); open('b')", ["a", "b"], []),
        ("import zipfile; zipfile.ZipFile('new', 'w').write('a')", [], ["a"]),
        ("import shutil; shutil.move('a', 'new'); open('new')", ["a"], []),
        ("from shutil import copy2; copy2('b', 'new')", [], ["b"]),
        (MOVED + "open('y/new')", ["a"], []),
        (MOVED, [], ["a"]),
    ],
)
def test_who_copies_is_told_from_who_looks(
    folder: Path, script: str, read: list[str], copied: list[str]
) -> None:
    notes = notes_of(folder, script)
    assert notes == {"read": read, "copied": copied, "opaque": None}


def test_a_copier_of_somebody_else_looks(folder: Path) -> None:
    (folder / "shutil.py").write_text("def copyfile(a, b): open(a)\n")
    notes = notes_of(folder, "import sys; sys.path.insert(0, '.'); " + COPY)
    assert "a" in notes["read"]


def test_a_file_in_a_folder_that_moves_stays_the_same_file(folder: Path) -> None:
    (folder / "x").mkdir()
    (folder / "x" / "inner").touch()
    notes = notes_of(folder, "import os; os.rename('x', 'y'); open('y/inner')")
    assert notes == {"read": ["inner"], "copied": [], "opaque": None}


def test_folders_are_removed_without_a_doubt(folder: Path) -> None:
    notes = notes_of(folder, "import os, shutil; os.makedirs('x/y'); shutil.rmtree('x')")
    assert notes["opaque"] is None


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("import subprocess, sys; subprocess.run([sys.executable, '-V'])", "subprocess.Popen"),
        ("import os; os.system('true')", "os.system"),
        ("import os\nif os.fork() == 0: os._exit(0)\nos.wait()", "os.fork"),
        ("import os; os.symlink('a', 'new')", "os.symlink"),
        ("import os; os.link('a', 'new')", "os.link"),
        ("import os; os.rename('a', 'b', src_dir_fd=os.open(os.getcwd(), 0))", "os.rename"),
        ("import ctypes; ctypes.CDLL(None)", "ctypes.dlopen"),
        ("import os; os.open('a', 0, dir_fd=os.open(os.getcwd(), 0))", "os.open a"),
        ("import sys; sys.modules['x'] = type(sys)('x'); sys.modules['x'].__file__ = '/x.so'",
         "import x"),
    ],
)  # fmt: skip
def test_what_may_open_files_unseen_is_told(folder: Path, script: str, why: str) -> None:
    assert notes_of(folder, script)["opaque"] == why


def test_a_hook_is_run_as_its_interpreter_would(folder: Path) -> None:
    assert not (folder / "seen").exists()
    notes_of(
        folder,
        "import sys\n"
        "assert __name__ == '__main__' and sys.argv[1:] == ['argument']\n"
        "assert sys.path[0] == __import__('os').path.dirname(__file__)\n"
        "open('seen', 'w')",
    )
    assert (folder / "seen").exists()


def test_a_hook_that_fails_fails(folder: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        notes_of(folder, "raise SystemExit(3)")
