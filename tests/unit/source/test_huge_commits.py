"""Huge commits, and huge files within the limit, in little memory: row 26, in small."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from lab.git_server import git

from buildbot_ship.errors import RepositoryError
from buildbot_ship.source.git_command import LARGE, open_blob

MIB = 1 << 20
PEAK = 128 * MIB
SCRIPT = r"""
import json, re, sys
from pathlib import Path
from buildbot_ship.errors import LimitExceeded
from buildbot_ship.model.dockerfile.document import read
from buildbot_ship.source.git_tree import GitTree
from buildbot_ship.verbs.image.build_context import context_members, read_tree_context
from buildbot_ship.verbs.shared.own_packages import export_package

def refused(action):
    try:
        action()
    except LimitExceeded as error:
        return str(error)

tree, scratch = GitTree.resolve(Path(sys.argv[1]), "HEAD"), Path(sys.argv[2])
dockerfile = read(b"FROM a/b:1\nRUN true\nCOPY . /x/\n", "app.docker")
found = [
    refused(lambda: context_members(read_tree_context(tree), dockerfile)),
    refused(lambda: export_package(tree, ".", scratch)),
]
# The peak of getrusage includes that of the process that started this one.
status = Path("/proc/self/status").read_text()
peak = int(re.search(r"VmHWM:\s*(\d+) kB", status)[1]) * 1024
print(json.dumps([found, peak, sum(path.stat().st_size for path in scratch.iterdir())]))
"""


def commit_zeros(folder: Path, size: int, count: int) -> str:
    """Commit *count* files of *size* zeros without a checkout; return the object's name."""
    git(folder, "init", "-q")
    (folder.parent / "zeros").touch()
    with (folder.parent / "zeros").open("r+b") as file:
        file.truncate(size)
    name = git(folder, "hash-object", "-w", str(folder.parent / "zeros"))
    for number in range(count):
        entry = f"100644,{name},data/{number}.bin"
        git(folder, "update-index", "--add", "--cacheinfo", entry)
    git(folder, "commit", "-qm", "zeros")
    return name


@pytest.mark.row(26)
@pytest.mark.parametrize(
    ("size", "count", "is_refused"), [(100 * MIB, 52, True), (150 * MIB, 1, False)]
)
def test_a_huge_commit_needs_little_memory(
    tmp_path: Path, size: int, count: int, is_refused: bool
) -> None:
    folder, scratch = tmp_path / "top", tmp_path / "scratch"
    folder.mkdir()
    scratch.mkdir()
    commit_zeros(folder, size, count)
    command = [sys.executable, "-c", SCRIPT, str(folder), str(scratch)]
    ran = subprocess.run(command, check=True, capture_output=True, text=True)
    found, peak, spooled = json.loads(ran.stdout)
    if is_refused:
        limit = "exceeded the limit of 1073741824 bytes"
        assert found[0] == f"the files that COPY takes from the commit {limit}"
        assert found[1] == f"folder . at the commit {limit}"
        assert spooled == 0
    else:
        assert found == [None, None]
        assert spooled == size
    assert peak < PEAK


def test_a_large_blob_that_git_lacks_is_an_error(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    with (
        open_blob(tmp_path, "0" * 40, "data/0.bin") as file,
        pytest.raises(RepositoryError, match=r"data/0\.bin: git does not have its content"),
    ):
        file.read()


def test_a_large_blob_may_be_closed_before_its_end(tmp_path: Path) -> None:
    name = commit_zeros(tmp_path, 4 * LARGE, 1)
    with open_blob(tmp_path, name, "data/0.bin") as file:
        assert file.read(10) == bytes(10)
    assert file.closed
