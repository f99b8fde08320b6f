"""A submodule's files are those of the commit that the superproject names."""

from __future__ import annotations

import shutil
from email import message_from_bytes
from pathlib import Path

import attrs
import lab.git_server
import pytest

from buildbot_ship.errors import RepositoryError, SubmoduleMissing
from buildbot_ship.source.checkout import Checkout
from buildbot_ship.source.git_tree import GitTree
from buildbot_ship.source.interface import TreeEntry

MOMENT = {"GIT_COMMITTER_DATE": "1700000000 +0100"}
LOCAL = ("-c", "protocol.file.allow=always")


def git(folder: Path, *arguments: str) -> str:
    return lab.git_server.git(folder, *LOCAL, *arguments, env=MOMENT)


def start(folder: Path, files: dict[str, str]) -> Path:
    folder.mkdir(parents=True)
    git(folder, "init", "-q", "-b", "main")
    return change(folder, files)


def change(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "change")
    return folder


@attrs.frozen
class Place:
    """The repositories that others have as submodules, and a clone of the one above them."""

    sub: Path
    top: Path

    def clone(self, name: str, *options: str) -> Path:
        folder = self.top.parent / name
        git(self.top.parent, "clone", "-q", *options, str(self.top), str(folder))
        return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repositories, made once: git takes its time for submodules."""
    tmp_path = tmp_path_factory.mktemp("made")
    start(tmp_path / "deep", {"d.txt": "deep\n"})
    sub = start(tmp_path / "sub", {"setup.py": "one\n", "pkg/a.py": "a = 1\n"})
    git(sub, "tag", "v3.1")
    git(sub, "submodule", "--quiet", "add", "../deep", "vendor/deep")
    git(sub, "commit", "-qm", "nest")
    files = {"libs/sub-x": "x\n", "libs/sub.txt": "y\n", "z": "z\n"}
    top = start(tmp_path / "top", files)
    git(top, "submodule", "--quiet", "add", "../sub", "libs/sub")
    git(top, "submodule", "--quiet", "update", "--init", "--recursive")
    git(top, "commit", "-qm", "add")
    return tmp_path


@pytest.fixture
def place(made: Path, tmp_path: Path) -> Place:
    shutil.copytree(made, tmp_path, symlinks=True, dirs_exist_ok=True)
    return Place(tmp_path / "sub", tmp_path / "top")


EVERY = [
    ".gitmodules",
    "libs/sub-x",
    "libs/sub.txt",
    "libs/sub/.gitmodules",
    "libs/sub/pkg/a.py",
    "libs/sub/setup.py",
    "libs/sub/vendor/deep/d.txt",
    "z",
]


def test_every_reader_sees_the_files_of_submodules_in_order(place: Place) -> None:
    tree = GitTree.resolve(place.top, "HEAD")
    entries = dict(tree.entries())
    assert list(entries) == EVERY
    name = git(place.sub, "rev-parse", "HEAD:pkg/a.py")
    assert entries["libs/sub/pkg/a.py"] == TreeEntry(6, identity=name)
    assert [path for path, _ in tree.files(".")] == EVERY
    assert {path: file.data for path, file in tree.files("libs/sub/pkg")} == {
        "a.py": b"a = 1\n"
    }
    assert [path for path, _ in tree.files("libs/sub/vendor")] == ["deep/d.txt"]
    for path, text in {
        "libs/sub/setup.py": b"one\n",
        "libs/sub/vendor/deep/d.txt": b"deep\n",
    }.items():
        file = GitTree.resolve(place.top, "HEAD").read(path)
        assert file is not None
        assert file.data == text
    assert tree.read("libs/sub") is None
    assert tree.read("libs/sub/absent") is None


def test_what_the_submodule_has_checked_out_plays_no_part(place: Place) -> None:
    change(place.top / "libs" / "sub", {"pkg/a.py": "a = 2\n", "new.py": "new\n"})
    (place.top / "libs" / "sub" / "setup.py").write_text("changed\n")
    tree = GitTree.resolve(place.top, "HEAD")
    assert [path for path, _ in tree.entries()] == EVERY
    assert dict(tree.files("libs/sub"))["pkg/a.py"].data == b"a = 1\n"
    git(place.top, "commit", "-qam", "newer")
    assert dict(GitTree.resolve(place.top, "HEAD").files("libs/sub"))["new.py"].data == b"new\n"
    assert [path for path, _ in GitTree.resolve(place.top, "HEAD~1").entries()] == EVERY


def test_a_version_is_that_of_the_submodule(place: Place) -> None:
    git(place.top, "tag", "v9")
    tree = GitTree.resolve(place.top, "HEAD")
    told = {
        folder: message_from_bytes(tree.history(folder).description)
        for folder in (".", "libs", "libs/sub/", "libs/sub/pkg", "./libs/sub/vendor/deep")
    }
    names = [told[folder]["describe-name"].rpartition("-g")[0] for folder in told]
    assert names == ["v9-0", "v9-0", "v3.1-1", "v3.1-1", "0.0-1"]
    assert told["libs/sub/pkg"]["node"] == git(place.sub, "rev-parse", "HEAD")


def test_a_shallow_submodule_is_built_but_has_no_version(place: Place) -> None:
    clone = place.clone("shallow")
    url = place.sub.as_uri()
    git(clone, "config", "-f", ".gitmodules", "submodule.libs/sub.url", url)
    git(clone, "submodule", "--quiet", "sync")
    git(clone, "submodule", "--quiet", "update", "--init", "--depth=1")
    git(clone / "libs" / "sub", "submodule", "--quiet", "update", "--init")
    tree = GitTree.resolve(clone, "HEAD")
    assert [path for path, _ in tree.entries()] == EVERY
    with pytest.raises(RepositoryError, match="of the submodule libs/sub: .*shallow") as caught:
        _ = tree.history("libs/sub").description
    assert "git -C libs/sub fetch --unshallow --tags" in caught.value.remedy


@pytest.mark.parametrize("how", ["recursive", "worktree", "own folder", "moved", "gone"])
def test_the_objects_are_found_wherever_git_keeps_them(place: Place, how: str) -> None:
    folder, sub = place.top, "libs/sub"
    if how == "recursive":
        folder = place.clone("clone", "--recurse-submodules")
    elif how == "worktree":
        folder = place.top.parent / "other"
        git(place.top, "worktree", "add", "-q", "--detach", str(folder))
    elif how == "own folder":
        # As before `git submodule absorbgitdirs`.
        (folder / sub / ".git").unlink()
        kept = folder / ".git" / "modules" / "libs" / "sub"
        shutil.move(kept, folder / sub / ".git")
        git(folder, "config", "-f", f"{sub}/.git/config", "--unset", "core.worktree")
        inner = folder / sub / "vendor" / "deep"
        (inner / ".git").write_text("gitdir: ../../.git/modules/vendor/deep\n")
    elif how == "moved":
        git(folder, "mv", "libs/sub", "z-sub")
        git(folder, "commit", "-qm", "move")
        assert list(dict(GitTree.resolve(folder, "HEAD").files("z-sub/pkg"))) == ["a.py"]
        git(folder, "checkout", "-q", "HEAD~1")
    else:
        git(folder, "submodule", "--quiet", "deinit", "--all", "--force")
        git(folder, "rm", "-q", "-r", "libs/sub")
        git(folder, "commit", "-qm", "remove")
        git(folder, "checkout", "-q", "--no-recurse-submodules", "HEAD~1")
        shutil.rmtree(folder / "libs" / "sub", ignore_errors=True)
    tree = GitTree.resolve(folder, "HEAD")
    assert [path for path, _ in tree.entries()] == EVERY
    assert [path for path, _ in tree.files("libs/sub/vendor")] == ["deep/d.txt"]


def test_a_submodule_that_is_not_initialised_is_named(place: Place) -> None:
    clone = place.clone("clone")
    commit = git(place.top, "rev-parse", "HEAD:libs/sub")
    tree = GitTree.resolve(clone, "HEAD")
    entries = dict(tree.entries())
    fault = entries["libs/sub"].fault
    assert isinstance(fault, SubmoduleMissing)
    assert str(fault) == (
        f"the submodule libs/sub is at commit {commit}: it is not initialised here"
    )
    assert "git submodule update --init --recursive" in fault.remedy
    assert '(for a factory: git={"submodules": True})' in fault.remedy
    assert entries["z"].fault is None
    for folder in (".", "libs", "libs/sub", "libs/sub/pkg"):
        with pytest.raises(SubmoduleMissing):
            list(tree.files(folder))
    for path in ("libs/sub/setup.py", "libs/sub/pkg/setup.py"):
        with pytest.raises(SubmoduleMissing):
            GitTree.resolve(clone, "HEAD").read(path)
    assert tree.read("libs/sub-x") is not None
    assert tree.read("libs/absent") is None


def test_a_nested_submodule_is_named_from_the_top(place: Place) -> None:
    clone = place.clone("clone")
    git(clone, "submodule", "--quiet", "update", "--init")
    tree = GitTree.resolve(clone, "HEAD")
    with pytest.raises(SubmoduleMissing, match="the submodule libs/sub/vendor/deep is at"):
        list(tree.files("libs/sub"))
    assert list(dict(tree.files("libs/sub/pkg"))) == ["a.py"]


def test_a_commit_that_the_clone_of_a_submodule_lacks_is_named(place: Place) -> None:
    clone = place.clone("clone", "--recurse-submodules")
    change(place.sub, {"later.py": "later\n"})
    git(place.top / "libs" / "sub", "pull", "-q", str(place.sub), "main")
    git(place.top, "commit", "-qam", "newer")
    git(clone, "-c", "fetch.recurseSubmodules=false", "pull", "-q", "--no-recurse-submodules")
    with pytest.raises(SubmoduleMissing, match="does not have this commit"):
        list(GitTree.resolve(clone, "HEAD").files("libs/sub"))


def test_a_name_that_leads_out_of_gits_folder_is_not_followed(place: Place) -> None:
    clone = place.clone("clone", "--recurse-submodules")
    shutil.copytree(place.top / ".git" / "modules" / "libs" / "sub", clone / ".git" / "evil")
    shutil.rmtree(clone / "libs" / "sub")
    modules = (clone / ".gitmodules").read_text()
    change(clone, {".gitmodules": modules.replace('"libs/sub"', '"../evil"')})
    git(clone, "checkout", "-q", "HEAD~1", "--", "libs/sub")
    git(clone, "commit", "-q", "--allow-empty", "-m", "back")
    with pytest.raises(SubmoduleMissing, match="not initialised"):
        list(GitTree.resolve(clone, "HEAD").files("libs/sub"))


def test_hardening_reads_submodules_as_they_are_checked_out(place: Place) -> None:
    (place.top / "libs" / "sub" / "pkg" / "b.py").write_text("b\n")
    checkout = Checkout(place.top)
    assert sorted(path for path, _ in checkout.files(".")) == sorted(
        [*EVERY, "libs/sub/pkg/b.py"]
    )
    assert [path for path, _ in checkout.files("libs/sub/pkg")] == ["a.py", "b.py"]
    assert [path for path, _ in checkout.files("libs/sub/vendor")] == ["deep/d.txt"]
    file = checkout.read("libs/sub/setup.py")
    assert file is not None
    assert file.data == b"one\n"


def test_hardening_refuses_a_submodule_that_is_not_there(place: Place) -> None:
    checkout = Checkout(place.clone("clone"))
    for folder in (".", "libs/sub", "libs/sub/pkg"):
        with pytest.raises(SubmoduleMissing, match="libs/sub is at commit"):
            list(checkout.files(folder))
    with pytest.raises(SubmoduleMissing):
        checkout.read("libs/sub/pyproject.toml")
    assert checkout.read("libs/pyproject.toml") is None
