from __future__ import annotations

from pathlib import Path

from lab.git_server import BRANCH, git, make_repository


def test_the_same_files_at_the_same_time_are_the_same_commit(tmp_path: Path) -> None:
    commits = []
    for name in ("one", "two"):
        developer = make_repository(tmp_path / name / "bare", tmp_path / name / "tree")
        developer.write({"src/a.py": "a = 1\n"})
        commits.append(developer.commit("Begin", when="2026-01-01T00:00:00Z"))
    assert commits[0] == commits[1]


def test_a_branch_ends_as_one_commit_on_main(tmp_path: Path) -> None:
    developer = make_repository(tmp_path / "bare", tmp_path / "tree")
    developer.write({"a": "1"})
    first = developer.commit("First")
    developer.push()
    developer.write({"a": "2"})
    developer.commit("Second")
    developer.push("side")
    developer.write({"b": b"3"})
    squashed = developer.squash("Both")
    developer.push()
    assert git(developer.repository, "rev-list", BRANCH).split() == [squashed, first]
    assert git(developer.repository, "show", f"{BRANCH}:a") == "2"
