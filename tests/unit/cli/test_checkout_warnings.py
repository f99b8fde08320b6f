"""A call by hand warns of what a build on a master would do otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest
from lab.git_server import git

from buildbot_ship.cli.arguments import read
from buildbot_ship.cli.call import _find_warnings

BUILD = ["build", "--pex", "app.pex=app", "--image", "app"]
SOURCE = ["--source", "https://git.example.com/app"]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "app"
    folder.mkdir()
    git(folder, "init", "--quiet")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "one")
    return folder


def warnings(checkout: Path, *words: str) -> tuple[str, ...]:
    return _find_warnings(read([*words, "--checkout", str(checkout)], {}))()


@pytest.mark.parametrize(
    ("origin", "shown"),
    [
        ("https://git.example.com/app.git", "https://git.example.com/app.git"),
        ("https://user:secret@git.example.com/app.git", "https://git.example.com/app.git"),
        ("https://secret@git.example.com/app.git", "https://git.example.com/app.git"),
        ("git@git.example.com:team/app.git", "git@git.example.com:team/app.git"),
    ],
)
@pytest.mark.parametrize(
    "words", [BUILD, [*BUILD, "--dry-run"], ["image", "app", "--revision", "v1"]]
)
def test_an_image_without_its_source_is_not_that_of_a_master(
    checkout: Path, origin: str, shown: str, words: list[str]
) -> None:
    git(checkout, "remote", "add", "origin", origin)
    (warning,) = warnings(checkout, *words)
    assert warning.startswith(f"without --source {shown} ")
    assert "secret" not in warning


@pytest.mark.parametrize("words", [BUILD, ["image", "app"], ["check"]])
def test_a_source_or_no_origin_or_no_image_is_no_warning(
    checkout: Path, words: list[str]
) -> None:
    assert warnings(checkout, *words) == ()
    git(checkout, "remote", "add", "origin", "https://git.example.com/app")
    given = SOURCE if "app" in words else []
    assert warnings(checkout, *words, *given) == ()


def test_a_folder_without_git_is_no_warning(tmp_path: Path) -> None:
    assert warnings(tmp_path, *BUILD) == ()


def test_uncommitted_files_come_first(checkout: Path) -> None:
    git(checkout, "remote", "add", "origin", "https://git.example.com/app")
    (checkout / "new.txt").write_text("")
    first, second = warnings(checkout, *BUILD)
    assert first.startswith("1 uncommitted file")
    assert second.startswith("without --source")
