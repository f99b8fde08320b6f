"""Wheel and sdist: what they contain, and that each extra installs in a clean environment."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
PROGRAMS = {
    "": "import buildbot_ship.model.request",
    "secrets": "import buildbot_ship.sealed, nacl",
    "cli": "import buildbot_ship.daemon.engine, buildbot_ship.model.locks.export",
    "worker": "import buildbot_ship.daemon.engine, buildbot_worker",
    "master": "from buildbot.plugins import steps; steps.HardenRequirements()",
}
"""What a user of each extra imports."""


def run(*words: str | Path, folder: Path) -> str:
    done = subprocess.run(
        [str(word) for word in words],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the sdist, and with the wheel that was built from it."""
    source = tmp_path_factory.mktemp("source")
    for name in run("git", "ls-files", folder=TOP).splitlines():
        target = source / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(TOP / name, target, follow_symlinks=False)
    run(sys.executable, "-m", "build", "--no-isolation", folder=source)
    return source / "dist"


def test_the_wheel_has_every_file_of_the_package(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    tracked = run("git", "ls-files", "buildbot_ship", folder=TOP).splitlines()
    assert set(tracked) - names == set()
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_sdist_has_license_changelog_and_readme(built: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"LICENSE", "CHANGELOG.md", "README.md", "pyproject.toml"} <= names


@pytest.mark.parametrize("extra", PROGRAMS)
def test_an_extra_installs_in_a_clean_environment(
    extra: str, built: Path, tmp_path: Path
) -> None:
    (wheel,) = built.glob("*.whl")
    run(sys.executable, "-m", "venv", tmp_path / "venv", folder=tmp_path)
    python = tmp_path / "venv" / "bin" / "python"
    wanted = f"{wheel}[{extra}]" if extra else str(wheel)
    run(python, "-m", "pip", "install", "-q", wanted, folder=tmp_path)
    assert "No broken requirements found" in run(python, "-m", "pip", "check", folder=tmp_path)
    run(python, "-I", "-c", PROGRAMS[extra], folder=tmp_path)
    if extra in ("cli", "worker"):
        program = python.with_name("buildbot-ship")
        assert "lock" in run(program, "--help", folder=tmp_path)


def test_the_changelog_shows_every_news_fragment() -> None:
    command = (sys.executable, "-m", "towncrier", "build", "--draft", "--version", "1.0")
    shown = " ".join(run(*command, folder=TOP).split())
    for fragment in (TOP / "news").glob("*.md"):
        assert " ".join(fragment.read_text(encoding="utf-8").split())[:60] in shown
