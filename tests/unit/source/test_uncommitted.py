"""What is not committed is named, and safe to print."""

from __future__ import annotations

import os
from pathlib import Path

import lab.git_server
import pytest

from buildbot_ship.source.uncommitted import UNKNOWN, Uncommitted


def git(folder: Path, *arguments: str) -> str:
    return lab.git_server.git(folder, "-c", "protocol.file.allow=always", *arguments)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "app"
    folder.mkdir()
    git(folder, "init", "-q")
    for name in ("changed.py", "gone.py", "staged.py", "same.py"):
        (folder / name).write_text("1\n")
    (folder / ".gitignore").write_text("*.log\n")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "one")
    return folder


def said(folder: Path) -> str:
    return Uncommitted(str(folder)).warning()


def names(folder: Path) -> list[str]:
    warning = said(folder)
    return warning.partition("reads: ")[2].split(", ") if warning else []


def test_nothing_is_said_of_a_clean_checkout(folder: Path) -> None:
    (folder / "x.log").write_text("ignored\n")
    (folder.parent / "app.ship").mkdir()
    assert said(folder) == ""


def test_each_kind_of_change_is_named(folder: Path) -> None:
    (folder / "changed.py").write_text("2\n")
    (folder / "gone.py").unlink()
    git(folder, "mv", "staged.py", "moved.py")
    (folder / "new").mkdir()
    (folder / "new" / "a.py").write_text("a\n")
    commit = git(folder, "rev-parse", "HEAD")[:12]
    assert said(folder).startswith(f"5 uncommitted files are not in commit {commit}, which")
    found = ["changed.py (modified)", "gone.py (deleted)", "moved.py (added)"]
    assert names(folder) == [*found, "staged.py (deleted)", "new/ (untracked)"]


def test_one_is_told_from_many_and_many_are_counted(folder: Path) -> None:
    (folder / "n0").write_text("")
    assert said(folder).startswith("1 uncommitted file is not in commit ")
    for number in range(1, 12):
        (folder / f"n{number:02}").write_text("")
    assert said(folder).endswith("n03 (untracked), n04 (untracked) and 7 more")


def test_names_are_safe_to_print(folder: Path) -> None:
    for name in (b"a\nb", b"\xff.py", "\x1b[2Jé\u202e.py".encode()):
        (folder / os.fsdecode(name)).write_text("")
    found = names(folder)
    assert sorted(found) == [
        "\\x1b[2Jé\\u202e.py (untracked)",
        "\\xff.py (untracked)",
        "a\\nb (untracked)",
    ]


def test_a_conflict_is_named(folder: Path) -> None:
    git(folder, "checkout", "-q", "-b", "other")
    (folder / "changed.py").write_text("other\n")
    git(folder, "commit", "-qam", "other")
    git(folder, "checkout", "-q", "-")
    (folder / "changed.py").write_text("ours\n")
    git(folder, "commit", "-qam", "ours")
    with pytest.raises(Exception, match="merge"):
        git(folder, "merge", "-q", "other")
    assert names(folder) == ["changed.py (in conflict)"]


def test_a_submodule_counts_by_its_commit_and_by_its_files(folder: Path) -> None:
    top = folder.parent / "top"
    top.mkdir()
    git(top, "init", "-q")
    git(top, "submodule", "--quiet", "add", str(folder), "sub")
    git(top, "commit", "-qm", "add")
    assert said(top) == ""
    (top / "sub" / "same.py").write_text("2\n")
    assert names(top) == ["sub (changes in a submodule)"]
    git(top / "sub", "commit", "-qam", "two")
    assert names(top) == ["sub (submodule at another commit)"]


def test_where_there_is_no_repository_nothing_is_said(tmp_path: Path) -> None:
    assert said(tmp_path) == ""


def test_nothing_of_a_checkout_of_another_user_is_run(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    git(folder, "config", "core.fsmonitor", f"touch {folder.parent}/ran #")
    assert said(folder) == UNKNOWN
    assert not (folder.parent / "ran").exists()
    monkeypatch.delenv("GIT_TEST_ASSUME_DIFFERENT_OWNER")
    said(folder)
    assert (folder.parent / "ran").exists()
