"""What a wheel carries, told from notes and bytes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import attrs
import pytest

from tests.scripts import scripts_folder
from tests.unit.model.application.test_wheel_rewrite import wheel

INSIDE = scripts_folder()
RUN = """\
import json, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from unread_files import find_unread_files
folder = Path(sys.argv[2])
notes = {folder / "build": folder / "notes.json"}
print(json.dumps(find_unread_files(folder / "package", folder / "app.whl", notes)))
"""
METADATA = {"app-1.dist-info/METADATA": b"Name: app\n"}


@attrs.define
class Built:
    """A package that was built below *folder*."""

    folder: Path

    def __attrs_post_init__(self) -> None:
        self.file("setup.py", b"setup()")
        self.file("src/app/a.py", b"a = 1\n")
        self.file("src/app/b.py", b"b = 1\n")
        self.file("tests/test_a.py", b"test\n")
        self.wheel({"app/a.py": b"a = 1\n", "app/b.py": b"b = 1\n"})
        self.note(copied=["src/app/a.py", "src/app/b.py"])

    def file(self, path: str, data: bytes) -> None:
        file = self.folder / "package" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)

    def wheel(self, files: dict[str, bytes], level: int | None = None) -> None:
        (self.folder / "app.whl").write_bytes(wheel({**files, **METADATA}, level))

    def note(
        self, read: tuple[str, ...] = (), copied: Any = (), opaque: str | None = None
    ) -> None:
        notes = {
            "read": [f"{self.folder}/build/{path}" for path in ("setup.py", *read)],
            "copied": [f"{self.folder}/build/{path}" for path in copied],
            "opaque": opaque,
        }
        (self.folder / "notes.json").write_text(json.dumps(notes))

    def members(self) -> dict[str, str]:
        found: dict[str, str] = self.carries()["members"]
        return found

    def carries(self) -> Any:
        command = [sys.executable, "-c", RUN, str(INSIDE), str(self.folder)]
        done = subprocess.run(command, capture_output=True, check=True)
        return json.loads(done.stdout)


@pytest.fixture
def built(tmp_path: Path) -> Built:
    return Built(tmp_path)


def test_files_become_members_and_what_nobody_opened_is_no_input(built: Built) -> None:
    assert built.carries() == {
        "members": {"src/app/a.py": "app/a.py", "src/app/b.py": "app/b.py"},
        "inputs": ["setup.py"],
    }


def test_what_was_read_is_not_carried(built: Built) -> None:
    built.note(read=("src/app/a.py", "tests/test_a.py"), copied=["src/app/b.py"])
    assert built.carries() == {
        "members": {"src/app/b.py": "app/b.py"},
        "inputs": ["setup.py", "src/app/a.py", "tests/test_a.py"],
    }


def test_what_another_hook_read_is_not_either(built: Built) -> None:
    built.note(read=("src/app/a.py",), copied=["src/app/a.py", "src/app/b.py"])
    assert set(built.members()) == {"src/app/b.py"}


def test_what_build_reads_is_never_carried(built: Built) -> None:
    built.file("pyproject.toml", b"[project]\n")
    built.file("setup.cfg", b"")
    built.note(copied=["src/app/a.py", "src/app/b.py", "setup.cfg"])
    assert built.carries()["inputs"] == ["pyproject.toml", "setup.cfg", "setup.py"]


def test_a_file_that_became_something_else_is_not_carried(built: Built) -> None:
    built.wheel({"app/a.py": b"a=1\n", "other/b.py": b"b = 1\n"})
    assert built.members() == {}


def test_files_of_the_same_bytes_go_by_their_paths(built: Built) -> None:
    for path in ("src/app/a.py", "src/app/b.py"):
        built.file(path, b"")
    built.wheel({"app/a.py": b"", "app/b.py": b""})
    assert built.members()["src/app/b.py"] == "app/b.py"


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({"app/a.py": b"", "app/py.typed": b"", "app/b.py": b""}, id="one is made"),
        pytest.param({"app/a.py": b""}, id="one is left out"),
        pytest.param({"a.py": b"", "app/a.py": b""}, id="one becomes two"),
    ],
)
def test_files_of_the_same_bytes_are_left_where_paths_do_not_tell(
    built: Built, files: dict[str, bytes]
) -> None:
    for path in ("src/app/a.py", "src/app/b.py"):
        built.file(path, b"")
    built.wheel(files)
    assert built.members() == {}


def test_a_member_that_may_be_of_a_file_that_was_read_is_nobodys(built: Built) -> None:
    for path in ("src/app/a.py", "other/app/a.py"):
        built.file(path, b"the same")
    built.wheel({"app/a.py": b"the same", "app/b.py": b"b = 1\n"})
    built.note(read=("src/app/a.py",), copied=["other/app/a.py", "src/app/b.py"])
    assert set(built.members()) == {"src/app/b.py"}


def test_nothing_is_known_of_what_may_have_opened_files_unseen(built: Built) -> None:
    built.note(copied=["src/app/a.py"], opaque="subprocess.Popen")
    assert built.carries() is None
    (built.folder / "notes.json").unlink()
    assert built.carries() is None


def test_nothing_is_known_of_a_wheel_that_cannot_be_put_together_alike(built: Built) -> None:
    built.wheel({"app/a.py": b"a = 1\n", "app/b.py": b"b = 1\n"}, level=0)
    assert built.carries() is None
