"""Packages that ask git for their version, which a build has not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lab.git_server import git

from tests.repository import Repository, Said, new_repository

PYPROJECT = """\
[project]
name = "{name}"
dynamic = ["version"]
requires-python = ">=3.11"

[build-system]
{backend}"""
PACKAGES = {
    # Both name the top of the repository, as they must for a folder below it.
    "libs/by-hatch": """\
requires = ["hatchling", "hatch-vcs"]
build-backend = "hatchling.build"

[tool.hatch.version]
source = "vcs"
raw-options = { root = "../.." }
""",
    "libs/by-setuptools": """\
requires = ["setuptools>=61", "setuptools-scm"]
build-backend = "setuptools.build_meta"

[tool.setuptools_scm]
root = "../.."
version_file = "src/by_setuptools/_version.py"
""",
}
OPTIONS = [word for name in (".", *PACKAGES) for word in ("--package", name)]


pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def repository(
    bases: Any, warm_cache: Path, tmp_path_factory: pytest.TempPathFactory
) -> Repository:
    """Two packages that ask git, beside one that does not, hardened after release 1.2.0."""
    repository = new_repository(tmp_path_factory.mktemp("described"), bases, warm_cache)
    for folder, backend in PACKAGES.items():
        name = folder.rpartition("/")[2]
        source = repository.folder / folder / "src" / name.replace("-", "_")
        source.mkdir(parents=True)
        text = PYPROJECT.format(name=name, backend=backend)
        (repository.folder / folder / "pyproject.toml").write_text(text)
        (source / "__init__.py").write_text("")
        (source / "data.txt").write_text("what git knows belongs to the package\n")
    repository.commit()
    repository.git("tag", "v1.2.0")
    repository.succeed("harden", *OPTIONS)
    repository.commit()
    return repository


def wheels(said: Said) -> list[str]:
    assert said.status == 0, said.output
    return [line.split()[1] for line in said.result["texts"]["wheels.txt"].splitlines()]


def test_they_get_the_version_that_a_checkout_would_give_them(repository: Repository) -> None:
    commit = repository.git("rev-parse", "HEAD")
    said = repository.ship("wheels", *OPTIONS)
    version = f"1.2.1.dev1+g{commit[:9]}"
    assert [name for name in wheels(said) if name.startswith("by_")] == [
        f"by_hatch-{version}-py3-none-any.whl",
        f"by_setuptools-{version}-py3-none-any.whl",
    ]
    assert "adding 'by_setuptools/data.txt'" in said.output
    assert wheels(repository.ship("wheels", *OPTIONS, "--no-cache")) == wheels(said)


def test_a_tag_makes_a_release_and_nobody_else_is_built(repository: Repository) -> None:
    repository.succeed("wheels", *OPTIONS)
    repository.git("tag", "v1.3.0")
    said = repository.ship("wheels", *OPTIONS)
    assert {"by_hatch-1.3.0-py3-none-any.whl", "by_setuptools-1.3.0-py3-none-any.whl"} <= {
        *wheels(said)
    }
    assert ", 2 built, " in said.result["summary"]


def test_a_clone_without_history_is_refused(repository: Repository) -> None:
    clone = repository.folder.parent / "shallow"
    git(clone.parent, "clone", "-q", "--depth=1", repository.folder.as_uri(), str(clone))
    said = Repository(clone, repository.state).ship("wheels", *OPTIONS)
    assert said.failure["kind"] == "RepositoryError"
    assert "this clone is shallow" in said.result["summary"]
