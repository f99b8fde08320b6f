"""A file that Git LFS keeps is its content, every byte verified, wherever that lies."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import attrs
import lab.git_server
import pytest

from buildbot_ship.errors import LfsMissing, LimitExceeded
from buildbot_ship.source.checkout import Checkout
from buildbot_ship.source.git_tree import GitTree
from buildbot_ship.source.interface import TreeEntry, required
from buildbot_ship.source.tree_listing import Pointer

DATA = b"\0model\r\n" * 1000
RULES = "*.bin filter=lfs diff=lfs merge=lfs -text\nplain/*.bin -filter\n"


def git(folder: Path, *arguments: str) -> str:
    return lab.git_server.git(folder, *arguments)


def pointer(data: bytes, version: str = "https://git-lfs.github.com/spec/v1") -> bytes:
    oid = hashlib.sha256(data).hexdigest()
    return f"version {version}\noid sha256:{oid}\nsize {len(data)}\n".encode()


@attrs.frozen
class Place:
    """A repository with pointers, as a clone without git-lfs has them."""

    folder: Path

    def keep(self, data: bytes, content: bytes | None = None, lfs: str = ".git/lfs") -> Path:
        """Put a content where git-lfs keeps it; *content* is what is wrongly there instead."""
        oid = hashlib.sha256(data).hexdigest()
        path = self.folder / lfs / "objects" / oid[:2] / oid[2:4] / oid
        path.parent.mkdir(parents=True)
        path.write_bytes(data if content is None else content)
        return path

    @property
    def tree(self) -> GitTree:
        return GitTree.resolve(self.folder, "HEAD")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    folder = tmp_path / "app"
    files = {
        ".gitattributes": RULES.encode(),
        "pkg/model.bin": pointer(DATA),
        "pkg/code.py": b"code\n",
        "plain/fixture.bin": pointer(DATA),
        "fixture.txt": pointer(DATA),
        "pkg/small.bin": b"committed without git-lfs",
    }
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "one")
    return Place(folder)


def test_every_reader_gets_the_content_where_a_file_goes_by_its_oid(place: Place) -> None:
    kept = place.keep(DATA)
    entries = dict(place.tree.entries())
    oid = hashlib.sha256(DATA).hexdigest()
    assert entries["pkg/model.bin"] == TreeEntry(len(DATA), identity=f"sha256:{oid}")
    assert required(place.tree, "pkg/model.bin") == DATA
    files = dict(place.tree.files("pkg"))
    assert files["model.bin"].content == kept
    assert files["model.bin"].open().read() == DATA
    assert files["small.bin"].data == b"committed without git-lfs"


def test_a_pointers_text_is_left_alone_where_attributes_say_nothing(place: Place) -> None:
    tree = place.tree
    entries = dict(tree.entries())
    for path in ("plain/fixture.bin", "fixture.txt"):
        assert entries[path].size == len(pointer(DATA))
        assert required(tree, path) == pointer(DATA)
        assert required(place.tree, path) == pointer(DATA)


def test_attributes_are_those_of_the_commit(place: Place) -> None:
    (place.folder / ".gitattributes").write_text("")
    git(place.folder, "add", "-A")
    place.keep(DATA)
    assert required(place.tree, "pkg/model.bin") == DATA
    git(place.folder, "commit", "-qm", "two")
    assert required(place.tree, "pkg/model.bin") == pointer(DATA)
    assert required(GitTree.resolve(place.folder, "HEAD~1"), "pkg/model.bin") == DATA


def test_a_file_checked_out_serves_where_its_bytes_are_the_commits(place: Place) -> None:
    path = place.folder / "pkg" / "model.bin"
    path.write_bytes(DATA)
    assert dict(place.tree.files("pkg"))["model.bin"].content == path
    path.write_bytes(DATA[:-1] + b"x")
    with pytest.raises(LfsMissing, match="the content on this worker is damaged"):
        required(place.tree, "pkg/model.bin")


def test_what_was_not_fetched_is_named_with_the_remedy(place: Place) -> None:
    oid = hashlib.sha256(DATA).hexdigest()
    for read in (
        lambda: list(place.tree.files(".")),
        lambda: required(place.tree, "pkg/model.bin"),
        lambda: list(Checkout(place.folder).files("pkg")),
        lambda: Checkout(place.folder).read("pkg/model.bin"),
    ):
        with pytest.raises(LfsMissing) as caught:
            read()
        said = f"the content of pkg/model.bin is in Git LFS (sha256:{oid}): it was not fetched"
        assert str(caught.value) == said
        assert "git lfs pull" in caught.value.remedy
    # Nobody reads it: that it lies elsewhere is no fault.
    assert required(place.tree, "pkg/code.py") == b"code\n"
    assert len(list(place.tree.entries())) == 6


def test_a_damaged_object_is_never_taken(place: Place) -> None:
    place.keep(DATA, DATA[:-1] + b"!")
    with pytest.raises(LfsMissing, match="the content on this worker is damaged"):
        required(place.tree, "pkg/model.bin")
    (place.folder / "pkg" / "model.bin").write_bytes(DATA)
    assert required(place.tree, "pkg/model.bin") == DATA


def test_a_file_checked_out_is_not_reached_through_a_link(place: Place, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(DATA)
    path = place.folder / "pkg" / "model.bin"
    path.unlink()
    path.symlink_to(tmp_path / "secret")
    with pytest.raises(LfsMissing):
        required(place.tree, "pkg/model.bin")


@pytest.mark.parametrize("absolute", [False, True])
def test_the_store_may_lie_elsewhere(place: Place, tmp_path: Path, absolute: bool) -> None:
    storage = str(tmp_path / "elsewhere") if absolute else "elsewhere"
    git(place.folder, "config", "lfs.storage", storage)
    place.keep(DATA, lfs=storage if absolute else ".git/elsewhere")
    assert required(place.tree, "pkg/model.bin") == DATA


def test_worktrees_share_a_store(place: Place, tmp_path: Path) -> None:
    place.keep(DATA)
    other = tmp_path / "other"
    git(place.folder, "worktree", "add", "-q", "--detach", str(other))
    assert required(GitTree.resolve(other, "HEAD"), "pkg/model.bin") == DATA
    file = Checkout(other).read("pkg/model.bin")
    assert file is not None
    assert file.data == DATA


def test_a_submodule_has_attributes_and_a_store_of_its_own(
    place: Place, tmp_path: Path
) -> None:
    top = tmp_path / "top"
    top.mkdir()
    git(top, "init", "-q")
    local = ("-c", "protocol.file.allow=always", "submodule", "--quiet", "add")
    git(top, *local, str(place.folder), "libs/app")
    git(top, "commit", "-qm", "add")
    Place(top).keep(DATA, lfs=".git/modules/libs/app/lfs")
    tree = GitTree.resolve(top, "HEAD")
    assert dict(tree.entries())["libs/app/pkg/model.bin"].size == len(DATA)
    assert required(tree, "libs/app/pkg/model.bin") == DATA
    assert required(tree, "libs/app/plain/fixture.bin") == pointer(DATA)
    assert dict(Checkout(top).files("libs/app/pkg"))["model.bin"].data == DATA
    shutil.rmtree(top / ".git" / "modules" / "libs" / "app" / "lfs")
    with pytest.raises(LfsMissing, match="content of libs/app/pkg/model.bin is"):
        required(GitTree.resolve(top, "HEAD"), "libs/app/pkg/model.bin")


def test_hardening_reads_content_too(place: Place) -> None:
    place.keep(DATA)
    files = dict(Checkout(place.folder).files("."))
    assert files["pkg/model.bin"].data == DATA
    assert files["fixture.txt"].data == pointer(DATA)


def test_what_is_too_large_is_not_read(place: Place) -> None:
    huge = pointer(DATA).replace(b"size 8000", b"size 2000000000")
    (place.folder / "pkg" / "model.bin").write_bytes(huge)
    git(place.folder, "commit", "-qam", "huge")
    tree = place.tree
    assert dict(tree.entries())["pkg/model.bin"].size == 2_000_000_000
    with pytest.raises(LimitExceeded, match="folder pkg at the commit"):
        list(tree.files("pkg"))
    with pytest.raises(LimitExceeded, match="the content of pkg/model.bin in Git LFS"):
        tree.read("pkg/model.bin")


def test_an_extension_of_a_pointer_is_undone_by_nobody_else(place: Place) -> None:
    place.keep(DATA)
    extended = pointer(DATA).replace(b"oid", b"ext-0-case sha256:12\noid")
    (place.folder / "pkg" / "model.bin").write_bytes(extended)
    git(place.folder, "commit", "-qam", "extended")
    with pytest.raises(LfsMissing, match="its pointer has extensions"):
        required(place.tree, "pkg/model.bin")


@pytest.mark.parametrize(
    "text",
    [
        pointer(DATA)[:-1],
        pointer(DATA, "https://hawser.github.com/spec/v1"),
        pointer(DATA, "http://git-media.io/v/2"),
        pointer(DATA).replace(b"oid", b"ext-0-case sha256:12\noid"),
    ],
)
def test_a_pointer_of_any_age_is_read(text: bytes) -> None:
    found = Pointer.parse(text)
    assert found is not None
    assert found.size == len(DATA)
    assert found.oid == hashlib.sha256(DATA).hexdigest()
    assert found.extended == (b"ext-" in text)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        pointer(DATA, "https://git-lfs.github.com/spec/v2"),
        pointer(DATA) + b"more\n",
        pointer(DATA).replace(b"size 8000", b"size -1"),
        pointer(DATA).replace(b"sha256:", b"sha1:"),
        b"# " + pointer(DATA),
        pointer(DATA).ljust(1024),
    ],
)
def test_what_is_no_pointer_is_a_text(text: bytes) -> None:
    assert Pointer.parse(text) is None


@pytest.mark.skipif(shutil.which("git-lfs") is None, reason="git-lfs is not installed")
def test_what_the_real_git_lfs_commits_is_read_back(tmp_path: Path) -> None:
    folder = tmp_path / "app"
    folder.mkdir()
    git(folder, "init", "-q")
    git(folder, "lfs", "install", "--local")
    git(folder, "lfs", "track", "*.bin")
    (folder / "model.bin").write_bytes(DATA)
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "one")
    assert git(folder, "cat-file", "-s", "HEAD:model.bin") == str(len(pointer(DATA)))
    (folder / "model.bin").unlink()
    assert required(GitTree.resolve(folder, "HEAD"), "model.bin") == DATA
