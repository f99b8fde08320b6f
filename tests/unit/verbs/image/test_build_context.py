"""What COPY takes of a commit with a submodule that is not here."""

from __future__ import annotations

from pathlib import Path

import pytest
from lab.git_server import git

from buildbot_ship.errors import FileMissing, SubmoduleMissing
from buildbot_ship.model.dockerfile.document import read
from buildbot_ship.model.image.layer import Member
from buildbot_ship.source.git_tree import GitTree
from buildbot_ship.verbs.image.build_context import (
    context_members,
    read_tree_context,
    require_sources,
)
from buildbot_ship.verbs.shared.own_packages import list_build_files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    theme, top = tmp_path / "theme", tmp_path / "top"
    for place in (theme, top):
        (place / "docs").mkdir(parents=True)
        (place / "docs" / "a.txt").write_text("a\n")
        git(place, "init", "-q")
        git(place, "add", "-A")
        git(place, "commit", "-qm", "one")
    git(
        top,
        "update-index",
        "--add",
        "--cacheinfo",
        f"160000,{git(theme, 'rev-parse', 'HEAD')},theme",
    )
    git(top, "commit", "-qm", "theme")
    return top


def take(folder: Path, copy: str, ignored: str = "") -> list[Member]:
    """Return what the engine would get of the commit for a Dockerfile with one COPY."""
    (folder / ".dockerignore").write_text(ignored)
    git(folder, "add", ".dockerignore")
    git(folder, "commit", "-q", "--allow-empty", "-m", "ignore")
    dockerfile = read(f"FROM a/b:1\nCOPY {copy} /x/\n".encode(), "app.docker")
    contents = read_tree_context(GitTree.resolve(folder, "HEAD"))
    require_sources(dockerfile, contents)
    return context_members(contents, dockerfile)


@pytest.mark.parametrize("copy", [".", "theme", "theme/docs", "theme/docs/a.txt"])
def test_what_needs_the_submodule_says_so(folder: Path, copy: str) -> None:
    with pytest.raises(SubmoduleMissing, match="the submodule theme is at commit"):
        take(folder, copy)


def test_what_is_left_out_is_not_needed(folder: Path) -> None:
    paths = [member.path for member in take(folder, ".", "theme\n")]
    assert paths == [".dockerignore", "docs", "docs/a.txt"]


def test_a_file_that_is_nowhere_is_still_missing(folder: Path) -> None:
    with pytest.raises(FileMissing, match="docs/b.txt"):
        take(folder, "docs/b.txt", "theme\n")


def test_a_package_beside_the_submodule_does_not_need_it(folder: Path) -> None:
    tree = GitTree.resolve(folder, "HEAD")
    assert [file.path for file in list_build_files(tree, "docs")] == ["a.txt"]
    for package in (".", "theme", "theme/docs"):
        with pytest.raises(SubmoduleMissing):
            list(list_build_files(tree, package))
