"""Packages whose build runs git to learn its version, in one repository."""

from __future__ import annotations

from typing import Any

import pytest

from tests.alone import is_alone
from tests.repository import Repository, new_repository

PROJECT = """\
[project]
name = "{name}"
dynamic = ["version"]

[build-system]
"""
BY_SETUPTOOLS = """\
requires = ["setuptools>=77", {tool}]
build-backend = "setuptools.build_meta"
"""
SETUP = "from setuptools import setup\n{line}\n"
FILES = {
    "by-pbr": {
        "pyproject.toml": '[build-system]\nrequires = ["setuptools>=77", "pbr>=7"]\n'
        'build-backend = "pbr.build"\n',
        "setup.cfg": "[metadata]\nname = by-pbr\n\n[files]\npackages =\n    by_pbr\n",
        "setup.py": SETUP.format(line="setup(pbr=True)"),
    },
    "by-versioneer": {
        "pyproject.toml": PROJECT
        + BY_SETUPTOOLS.format(tool='"versioneer"')
        + '\n[tool.versioneer]\nVCS = "git"\nstyle = "pep440"\ntag_prefix = "v"\n'
        'versionfile_source = "by_versioneer/_version.py"\n',
        "setup.py": SETUP.format(
            line="import versioneer\nsetup(version=versioneer.get_version())"
        ),
    },
    "by-versioningit": {
        "pyproject.toml": PROJECT
        + BY_SETUPTOOLS.format(tool='"versioningit"')
        + "\n[tool.versioningit]\n",
    },
    "by-dunamai": {
        "pyproject.toml": PROJECT + BY_SETUPTOOLS.format(tool='"dunamai"'),
        "setup.py": SETUP.format(
            line="from dunamai import Version\nsetup(version=Version.from_git().serialize())"
        ),
    },
    "by-poetry": {
        "pyproject.toml": '[project]\nname = "by-poetry"\ndynamic = ["version"]\n\n'
        '[tool.poetry]\nversion = "0.0.0"\n\n[tool.poetry.requires-plugins]\n'
        'poetry-dynamic-versioning = "*"\n\n[tool.poetry-dynamic-versioning]\nenable = true\n\n'
        '[build-system]\nrequires = ["poetry-core>=2", "poetry-dynamic-versioning>=1.10"]\n'
        'build-backend = "poetry_dynamic_versioning.backend"\n',
    },
    "by-uv": {
        "pyproject.toml": PROJECT
        + 'requires = ["hatchling", "uv-dynamic-versioning"]\nbuild-backend = '
        '"hatchling.build"\n\n[tool.hatch.version]\nsource = "uv-dynamic-versioning"\n',
    },
    "by-pdm": {
        "pyproject.toml": PROJECT
        + 'requires = ["pdm-backend"]\nbuild-backend = "pdm.backend"\n'
        '\n[tool.pdm.version]\nsource = "scm"\n',
    },
}
SHORT = ("by-versioneer",)
"""What is built beside other groups: versioneer runs git itself."""


@pytest.fixture(scope="module")
def names(pytestconfig: pytest.Config) -> list[str]:
    """The packages: all of them, or beside other groups one."""
    return [name for name in FILES if is_alone(pytestconfig, "world") or name in SHORT]


@pytest.fixture(scope="module")
def repository(
    names: list[str], bases: Any, tmp_path_factory: pytest.TempPathFactory
) -> Repository:
    """The packages below ``libs``, not hardened."""
    repository = new_repository(tmp_path_factory.mktemp("versions"), bases)
    for name in names:
        files = FILES[name]
        folder, module = repository.folder / "libs" / name, name.replace("-", "_")
        (folder / module).mkdir(parents=True)
        (folder / module / "__init__.py").write_text("")
        for path, text in files.items():
            (folder / path).write_text(text.replace("{name}", name))
    repository.commit()
    repository.git("tag", "v1.2.0")
    return repository


@pytest.fixture(scope="module")
def hardened_packages(repository: Repository, names: list[str]) -> Repository:
    """The same, hardened, one commit after release 1.2.0."""
    repository.succeed("harden", *options(names))
    repository.commit()
    repository.git("tag", "v1.2.0", "--force")
    repository.commit()
    return repository


def options(names: list[str]) -> list[str]:
    return [word for name in names for word in ("--package", f"libs/{name}")]


def versions(repository: Repository, names: list[str], *more: str) -> dict[str, str]:
    """Return the version of each own package."""
    said = repository.ship("wheels", *options(names), *more)
    assert said.status == 0, said.output
    files = [line.split()[1] for line in said.result["texts"]["wheels.txt"].splitlines()]
    pairs = (file.split("-")[:2] for file in files if file.startswith("by_"))
    return {name.replace("_", "-"): version for name, version in pairs}


def test_each_gets_the_version_that_a_checkout_would_give_it(
    hardened_packages: Repository, names: list[str]
) -> None:
    short = hardened_packages.git("rev-parse", "--short=7", "HEAD")
    expected = {
        "by-dunamai": f"1.2.0.post1.dev0+{short}",
        "by-pbr": "1.2.1.dev1",
        "by-pdm": f"1.2.1.dev1+g{short}",
        "by-poetry": f"1.2.0.post1.dev0+{short}",
        "by-uv": f"1.2.0.post1.dev0+{short}",
        "by-versioneer": f"1.2.0+1.g{short}",
        "by-versioningit": f"1.2.0.post1+g{short}",
    }
    expected = {name: expected[name] for name in names}
    assert versions(hardened_packages, names) == expected
    assert versions(hardened_packages, names, "--no-cache") == expected


def test_a_tag_makes_a_release(hardened_packages: Repository, names: list[str]) -> None:
    hardened_packages.git("tag", "v1.3.0")
    assert versions(hardened_packages, names) == dict.fromkeys(sorted(names), "1.3.0")
