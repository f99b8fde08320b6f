"""Repositories with lock files of other tools, shipped without a change of theirs.

The repositories in ``tests/locks`` have the shape of real ones.  uv 0.13, Poetry 2.5 and
``uv export`` wrote their lock files.
"""

from __future__ import annotations

import re
import shutil
import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from packaging.pylock import Pylock

import docker
from buildbot_ship.model.locks.formats import read_lock
from buildbot_ship.model.locks.lock import Scope
from buildbot_ship.model.requirements.header import split
from buildbot_ship.model.requirements.reader import parse_strict
from buildbot_ship.model.requirements.staleness import environment_of

from .conftest import Repository
from .package_index import package_index

SAMPLES = Path(__file__).parents[1] / "locks"
STRICT, BUILD_LOCK = "requirements.strict.txt", "requirements.build.txt"


@dataclass(frozen=True)
class Sample:
    """A repository, the options that ship it, and what its program says."""

    name: str
    program: str
    options: tuple[str, ...]
    says: tuple[str, ...]
    requirements: str
    lock: str = "requirements.strict.txt"

    def arguments(self) -> tuple[str, ...]:
        return (*self.options, *(("--strict", self.lock) if self.is_lock else ()))

    @property
    def is_lock(self) -> bool:
        return not self.lock.endswith(".txt")


UV = Sample(
    "uv",
    "shelf",
    ("--package", ".", "--package", "packages/core", "--extra", "tables"),
    ("Emma  lent", "shelf 0.6.2 24.2"),
    "shelf[tables]",
    "uv.lock",
)
POETRY = Sample(
    "poetry",
    "ledgerly",
    ("--package", ".", "--extra", "fancy", "--group", "metrics"),
    ("balance  42", "ledgerly 0.6.2 requests socks"),
    "ledgerly[fancy],prometheus-client",
    "poetry.lock",
)
PYLOCK = Sample(
    "pylock", "beacon", ("--package", "."), ("beacon attrs 0.6.2",), "beacon", "pylock.toml"
)
PYPROJECT = Sample(
    "pyproject",
    "pinboard",
    ("--package", "."),
    ("note  1", "pinboard 0.6.2 six"),
    "pinboard[all],six",
)
LOOSE = ("--loose", "pyproject.toml", "--extra", "all", "--group", "production")
SAMPLES_OF_ALL = (
    pytest.param(UV, id="uv"),
    pytest.param(POETRY, id="poetry", marks=pytest.mark.long),
    pytest.param(PYLOCK, id="pylock", marks=pytest.mark.long),
    pytest.param(PYPROJECT, id="pyproject", marks=pytest.mark.long),
)


def repository_of(sample: Sample, folder: Path, bases: Any) -> Repository:
    """Return a repository with *sample* and the two Dockerfiles that shipping needs."""
    repository = Repository(folder / "app", folder / "state")
    shutil.copytree(SAMPLES / sample.name, repository.folder)
    files = {
        "build.docker": f"FROM {bases.full.reference}\n",
        "tiny.docker": (
            f"FROM {bases.slim.reference}\nCOPY {sample.program}.pex /\n"
            f'ENTRYPOINT ["/{sample.program}.pex"]\n'
        ),
    }
    for name, text in files.items():
        (repository.folder / name).write_text(text)
    repository.git("init", "-q", "-b", "main")
    repository.commit()
    return repository


@pytest.mark.parametrize("sample", SAMPLES_OF_ALL)
def test_a_repository_ships_from_its_own_lock_file(
    sample: Sample, bases: Any, tmp_path: Path, client: docker.DockerClient
) -> None:
    repository = repository_of(sample, tmp_path, bases)
    loose = () if sample.is_lock else LOOSE
    arguments = sample.arguments()
    upgrade = ("--upgrade", "nothing") if sample.is_lock else ()
    tracked = [repository.folder / path for path in repository.git("ls-files").split()]
    theirs = {path: path.read_bytes() for path in tracked}
    repository.succeed("harden", *arguments, *loose, *upgrade)
    assert all(path.read_bytes() == data for path, data in theirs.items())
    repository.commit()
    repository.succeed("check", *arguments, *loose)
    pex = ("--pex", f"{sample.program}.pex={sample.requirements}", "--script", sample.program)
    result = repository.succeed("build", *arguments, *pex, "--image", "tiny")
    image = result["properties"]["ship_image_tiny"]["loaded_as"]
    said = client.containers.run(image, remove=True).decode()
    for line in sample.says:
        assert line in said
    repository.succeed("gc")


def as_poetry_1_wrote_it(path: Path) -> None:
    """Give a lock format 2.0, which has no groups and no markers of packages."""
    text = re.sub(r"^(groups|markers) = .*\n", "", path.read_text(), flags=re.M)
    path.write_text(text.replace('lock-version = "2.1"', 'lock-version = "2.0"'))


def days_since(year: int, month: int, day: int) -> str:
    return str((datetime.now(UTC) - datetime(year, month, day, tzinfo=UTC)).days)


def test_uv_makes_a_lock_and_updates_one_package(bases: Any, tmp_path: Path) -> None:
    """iniconfig 2.3.1 is of October 2026."""
    repository = Repository(tmp_path / "app", tmp_path / "state")
    repository.folder.mkdir()
    project = '[project]\nname = "app"\nversion = "1"\nrequires-python = ">=3.11"\n'
    for name, text in {
        "pyproject.toml": f'{project}dependencies = ["iniconfig", "six"]\n',
        "build.docker": f"FROM {bases.full.reference}\n",
    }.items():
        (repository.folder / name).write_text(text)
    repository.git("init", "-q", "-b", "main")
    repository.commit()
    harden = ("harden", "--strict", "uv.lock", "--cooldown")
    made = repository.succeed(*harden, days_since(2026, 9, 1))
    assert made["properties"]["ship_harden"] == "2 added"
    changed = repository.succeed(*harden, "0", "--upgrade", "iniconfig")
    newer = r"iniconfig 2\.3\.0 -> \S+, \d+ days? old"
    assert re.search(newer, changed["texts"]["changes.txt"])
    assert changed["properties"]["ship_harden"] == "1 upgraded"
    repository.succeed("gc")


@pytest.mark.long
@pytest.mark.parametrize(
    ("sample", "day", "older"),
    [
        (UV, (2026, 9, 1), "packaging-26.3-"),
        (POETRY, (2026, 9, 1), "certifi-2026.7.22-"),
        (PYLOCK, (2026, 3, 1), "attrs-25.4.0-"),
    ],
    ids=("uv", "poetry", "pylock"),
)
def test_a_lock_file_is_updated_with_its_own_tool(
    sample: Sample, day: tuple[int, int, int], older: str, bases: Any, tmp_path: Path
) -> None:
    """The cooldown admits older releases than the lock has, and leaves no trace in it."""
    repository = repository_of(sample, tmp_path, bases)
    if sample is POETRY:
        as_poetry_1_wrote_it(repository.folder / sample.lock)
    result = repository.succeed("harden", *sample.arguments(), "--cooldown", days_since(*day))
    text = (repository.folder / sample.lock).read_text()
    assert older in text
    assert "exclude-newer" not in text
    assert 'lock-version = "2.0"' not in text
    assert result["texts"][sample.lock] == text
    repository.commit()
    repository.succeed("check", *sample.arguments())
    repository.succeed("gc")


@pytest.mark.long
def test_a_cooldown_holds_for_building_too(
    cold_repository: Repository,
) -> None:
    """Three years ago six was 1.16; setuptools, which builds, gets a release every month."""
    days = (datetime.now(UTC) - datetime(2024, 3, 1, tzinfo=UTC)).days
    options = ("harden", "--package", ".", "--cooldown", str(days))
    cold_repository.succeed(*options)
    assert "six==1.16.0" in (cold_repository.folder / STRICT).read_text()
    (major,) = set(re.findall(r"^setuptools==(\d+)", build_lock(cold_repository), re.M))
    assert 60 < int(major) < 70
    result = cold_repository.succeed(*options, "--cooldown-except", "six")
    assert re.search(r"six 1.16.0 -> \S+ \(.*\), \d+ days old", result["texts"]["changes.txt"])
    (major,) = set(re.findall(r"^setuptools==(\d+)", build_lock(cold_repository), re.M))
    assert 60 < int(major) < 70


def build_lock(repository: Repository) -> str:
    return (repository.folder / BUILD_LOCK).read_text()


def test_an_index_without_upload_times_is_an_error(
    cold_repository: Repository, client: docker.DockerClient, tmp_path: Path
) -> None:
    (cold_repository.folder / "requirements.loose.txt").write_text("undated\n")
    with package_index(client, tmp_path / "index") as index:
        index.add("undated", {"undated.py": b""})
        said = cold_repository.ship(
            "harden", "--package", ".", *index.options, "--cooldown", "7"
        )
    assert "the package index does not state when" in said.failure["message"]
    assert "PEP 700" in said.failure["remedy"]


def test_a_lock_with_a_young_release_is_refused(
    bases: Any, tmp_path: Path, client: docker.DockerClient
) -> None:
    repository = repository_of(PYLOCK, tmp_path, bases)
    words = ("--upgrade", "nothing", "--cooldown", "36500")
    said = repository.ship("harden", *PYLOCK.arguments(), *words)
    assert "cooldown: a file of attrs==" in said.failure["message"]
    assert not (repository.folder / BUILD_LOCK).exists()


def test_with_a_lock_packages_are_asked_only_what_builds_them(
    bases: Any, tmp_path: Path
) -> None:
    """What a package requires at run time is in the lock, here by URL, which no index has."""
    repository = repository_of(PYLOCK, tmp_path, bases)
    (repository.folder / "old").mkdir()
    (repository.folder / "old" / "setup.py").write_text(
        "import setuptools\n"
        "setuptools.setup(name='old', install_requires=['lib @ file:///elsewhere'])\n"
    )
    repository.commit()
    options = (*PYLOCK.arguments(), "--package", "old", "--upgrade", "nothing")
    repository.succeed("harden", *options)
    assert "#: package old\n" in build_lock(repository)


def test_a_strict_file_is_exported_as_pylock(repository: Repository) -> None:
    repository.succeed("lock", "export")
    text = (repository.folder / "pylock.toml").read_bytes()
    lock = Pylock.from_dict(tomllib.loads(text.decode()))
    assert {str(package.name) for package in lock.packages} == {"six", "docopt"}
    assert all(file.url for package in lock.packages for file in package.wheels or ())
    strict = parse_strict((repository.folder / STRICT).read_text(), STRICT)
    python = split((repository.folder / STRICT).read_text())[0].interpreter
    assert python is not None
    pins = read_lock(text, "pylock.toml", Scope(environment_of(python))).pins
    assert {pin.key: set(pin.hashes) for pin in pins} == {
        pin.key: set(pin.hashes) for pin in strict
    }
