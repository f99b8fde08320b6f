"""Commits that change what a build only carries into the wheel."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.repository import Said, new_repository

from .conftest import Repository

BACKENDS = {
    "by-flit": 'requires = ["flit_core>=3.9"]\nbuild-backend = "flit_core.buildapi"\n',
    "by-hatchling": 'requires = ["hatchling"]\nbuild-backend = "hatchling.build"\n',
    "by-pdm": 'requires = ["pdm-backend"]\nbuild-backend = "pdm.backend"\n',
    "by-poetry": 'requires = ["poetry-core>=2"]\nbuild-backend = "poetry.core.masonry.api"\n',
    "by-setuptools": 'requires = ["setuptools>=61"]\nbuild-backend = "setuptools.build_meta"\n',
}
PYPROJECT = """\
[project]
name = "{name}"
version = "1"
description = "A package"
requires-python = ">=3.11"

[build-system]
{backend}"""
DYNAMIC = """\
[project]
name = "{name}"
dynamic = ["version", "description"]

[build-system]
{backend}"""
ASKS_GIT = "by-poetry"
"""What another process of its build opens, nobody can tell."""
PACKAGES = [word for name in BACKENDS for word in ("--package", name)]
WHEELS = ("wheels", *PACKAGES)


@pytest.fixture(scope="module")
def repository(
    bases: Any, warm_cache: Path, tmp_path_factory: pytest.TempPathFactory
) -> Repository:
    """Packages of all backends, built once: flit finds its version in the module."""
    repository = new_repository(tmp_path_factory.mktemp("carried"), bases, warm_cache)
    (repository.folder / "setup.py").unlink()
    for name, backend in BACKENDS.items():
        text = DYNAMIC if name == "by-flit" else PYPROJECT
        write(repository, f"{name}/pyproject.toml", text.format(name=name, backend=backend))
        write(repository, f"{name}/{module(name)}/__init__.py", VERSION.format("1"))
        write(repository, f"{name}/{module(name)}/other.py", "value = 1\n")
        write(repository, f"{name}/tests/test_it.py", "assert True\n")
    repository.commit()
    repository.succeed("harden", *PACKAGES)
    repository.commit()
    repository.succeed(*WHEELS)
    return repository


VERSION = '"""A package."""\n\n__version__ = "{}"\n'


def module(name: str) -> str:
    return f"src/{name.replace('-', '_')}"


def write(repository: Repository, path: str, text: str) -> None:
    file = repository.folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def ship(repository: Repository, *options: str) -> Said:
    repository.commit()
    said = repository.ship(*WHEELS, *options)
    assert said.status == 0, said.output
    return said


def built(said: Said) -> list[str]:
    return re.findall(r"^== wheel \d+ of \d+: building package (.+)$", said.output, re.M)


def wheels(said: Said) -> dict[str, str]:
    """Return the digest of each wheel by the name of its package."""
    lines = (line.split() for line in said.result["texts"]["wheels.txt"].splitlines())
    return {file.partition("-")[0]: digest for digest, file in lines}


def test_a_backend_is_spared_and_the_wheels_are_those_that_it_builds(
    repository: Repository,
) -> None:
    before = ship(repository)
    for name in BACKENDS:
        write(repository, f"{name}/{module(name)}/other.py", "value = 'another one'\n" * 9)
    said = ship(repository)
    assert " 4 repacked, " in said.result["summary"]
    assert built(said) == [ASKS_GIT]
    anew = ship(repository, "--no-cache")
    assert sorted(built(anew)) == sorted(BACKENDS)
    assert wheels(said) == wheels(anew)
    assert all(wheels(said)[name] != wheels(before)[name] for name in map(key, BACKENDS))


def key(name: str) -> str:
    return name.replace("-", "_")


def test_a_file_that_is_in_no_wheel_changes_none(repository: Repository) -> None:
    before = ship(repository)
    for name in BACKENDS:
        write(repository, f"{name}/tests/test_it.py", "assert 1\n")
    said = ship(repository)
    assert built(said) == [ASKS_GIT]
    assert wheels(said) == wheels(before)


def test_a_file_that_a_backend_reads_is_built(repository: Repository) -> None:
    for name in BACKENDS:
        path = f"{name}/{module(name)}/__init__.py"
        write(repository, path, VERSION.format("2"))
    said = ship(repository)
    assert sorted(built(said)) == ["by-flit", ASKS_GIT]
    assert "by_flit-2-" in said.result["texts"]["wheels.txt"]


def test_where_wheels_are_compressed_in_another_way_they_are_renewed_in_a_container(
    repository: Repository,
) -> None:
    for name in BACKENDS:
        write(repository, f"{name}/{module(name)}/other.py", "value = 3\n" * 30)
    here = ship(repository)
    folder = repository.state / "cache" / "trusted" / "entries"
    # The warm cache has those of other builds as well.
    entries = [entry for entry in folder.glob("repack-*") if is_of_backend(entry)]
    assert len(entries) == len(BACKENDS) - 1
    for entry in entries:
        pretend(entry, "0.95")
    for name in BACKENDS:
        write(repository, f"{name}/{module(name)}/other.py", "value = 2\n")
    ship(repository)
    for name in BACKENDS:
        write(repository, f"{name}/{module(name)}/other.py", "value = 3\n" * 30)
    drop(folder, "wheel-*")
    inside = ship(repository)
    assert built(inside) == [ASKS_GIT]
    assert wheels(inside) == wheels(here)


def is_of_backend(entry: Path) -> bool:
    return any(key(name) in entry.read_text() for name in BACKENDS)


def pretend(entry: Path, version: str) -> None:
    """Let the build of a wheel have had another zlib."""
    found = json.loads(entry.read_text())
    found["record"]["zlib"] = version
    entry.write_text(json.dumps(found))


def drop(folder: Path, pattern: str) -> None:
    for entry in folder.glob(pattern):
        entry.unlink()
