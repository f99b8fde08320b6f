from __future__ import annotations

from pathlib import Path

import pytest
from lab import environment
from lab.cache import cache_folder
from lab.environment import (
    MARKER,
    environment_key,
    make_environment,
    make_locked_environment,
)
from lab.errors import LabError


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    folder.mkdir()
    (folder / "setup.py").write_text("setup()")
    (folder / "base.txt").write_text("wheel\n")
    (folder / "all.txt").write_text("-r base.txt\npytest\n")
    return folder


@pytest.mark.parametrize("name", ["setup.py", "base.txt", "all.txt"])
def test_a_change_of_any_input_makes_another_environment(checkout: Path, name: str) -> None:
    before = environment_key(checkout, checkout / "all.txt")
    with (checkout / name).open("a") as file:
        file.write("# more\n")
    assert environment_key(checkout, checkout / "all.txt") != before


def test_an_interrupted_environment_is_made_again(
    tmp_path: Path, checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(folder: Path, *inputs: Path) -> None:
        folder.mkdir()
        raise LabError("interrupted")

    requirements = checkout / "all.txt"
    monkeypatch.setattr(environment, "_fill", interrupted)
    with pytest.raises(LabError):
        make_environment(tmp_path, checkout, requirements, print)
    monkeypatch.setattr(environment, "_fill", lambda folder, *inputs: folder.mkdir())
    assert (make_environment(tmp_path, checkout, requirements, print) / MARKER).exists()


def test_an_environment_of_a_lock_is_made_once_for_each_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Path] = []

    def fill(folder: Path, lock: Path) -> None:
        folder.mkdir()
        made.append(folder)

    monkeypatch.setattr(environment, "_fill_locked", fill)
    lock = tmp_path / "requirements.txt"
    lock.write_text("six==1.17.0 --hash=sha256:0\n")
    first = make_locked_environment(tmp_path, lock, print)
    assert make_locked_environment(tmp_path, lock, print) == first
    lock.write_text("six==1.18.0 --hash=sha256:1\n")
    assert make_locked_environment(tmp_path, lock, print) != first
    assert len(made) == 2


def test_the_cache_is_where_its_variables_say() -> None:
    assert cache_folder({"BUILDBOT_SHIP_CACHE": "/c", "XDG_CACHE_HOME": "/x"}) == Path("/c")
    assert cache_folder({"XDG_CACHE_HOME": "/x"}) == Path("/x/buildbot-ship")
    assert cache_folder({}) == Path.home() / ".cache" / "buildbot-ship"
