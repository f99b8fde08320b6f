"""On each supported Python, one commit gives an image that answers, twice the same."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from lab.bases import Bases
from lab.engine import Engine
from lab.registries import Registry

import docker
from tests.repository import Repository, new_repository

SETUP = """\
from setuptools import Extension, setup
setup(name="tiny", version="1.0", packages=["tiny"], install_requires=["six", "docopt"],
      ext_modules=[Extension("tiny.native", ["native.c"])],
      entry_points={"console_scripts": ["tiny = tiny:main"]})
"""
TINY = """\
import platform
import docopt, six
from tiny import native
def main():
    print("tiny", platform.python_version(), six.__name__, docopt.__name__, native.answer())
"""
NATIVE = """\
#include <Python.h>
static PyObject *answer(PyObject *self, PyObject *args) { return PyLong_FromLong(42); }
static PyMethodDef methods[] = {{"answer", answer, METH_NOARGS, ""}, {0}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "native", "", -1, methods};
PyMODINIT_FUNC PyInit_native(void) { return PyModule_Create(&module); }
"""
FILES = {"setup.py": SETUP, "tiny/__init__.py": TINY, "native.c": NATIVE}


@dataclass(frozen=True)
class Built:
    """What one worker made of the commit."""

    repository: Repository
    digests: dict[str, str]
    published: str


def write_application(repository: Repository) -> str:
    """Commit an application with a wheel, an sdist and an extension in C."""
    for name, text in FILES.items():
        (repository.folder / name).write_text(text)
    return repository.commit()


def ship(repository: Repository, target: str) -> Built:
    """Build everything, and publish the image."""
    wheels = repository.succeed("wheels", "--package", ".")["texts"]["wheels.txt"]
    digests = {line.split()[1]: line.split()[0] for line in wheels.splitlines()}
    pex = repository.succeed("pex", "tiny.pex", "tiny", "--script", "tiny")["properties"]
    image: dict[str, Any] = repository.succeed("image", "tiny")["properties"]["ship_image_tiny"]
    pushed = repository.succeed("push", "tiny", target)["properties"]["ship_pushed_tiny"]
    digests |= {name: str(image[name]) for name in ("image_id", "manifest_digest")}
    digests |= {"pex": str(pex["ship_pex_tiny.pex"]), "published": str(pushed["digest"])}
    return Built(repository, digests, f"{target}@{pushed['digest']}")


@pytest.fixture(scope="session")
def first(
    engine: Engine,
    minor: str,
    python_bases: Bases,
    own_registry: Registry,
    tmp_path_factory: pytest.TempPathFactory,
) -> Built:
    """The build of a worker that has never built anything."""
    repository = new_repository(tmp_path_factory.mktemp(f"first-{minor}"), python_bases)
    write_application(repository)
    repository.succeed("harden", "--package", ".")
    repository.commit()
    return ship(repository, f"{own_registry.address}/world-{minor}/tiny")


def test_the_strict_file_names_the_python(first: Built, minor: str) -> None:
    strict = (first.repository.folder / "requirements.strict.txt").read_text()
    assert f"# python: {minor}." in strict
    assert f"cpython-{minor.replace('.', '')}" in strict
    assert {"six", "docopt", "tiny"} <= {name.split("-")[0] for name in first.digests}
    (native,) = [name for name in first.digests if name.startswith("tiny-")]
    assert f"-cp{minor.replace('.', '')}-" in native


def test_the_image_answers(first: Built, minor: str) -> None:
    with_docker = docker.from_env()
    try:
        with_docker.images.pull(first.published)
        said: bytes = with_docker.containers.run(
            first.published, remove=True, network_mode="none", user="65534", read_only=True
        )
        with_docker.images.remove(first.published)
    finally:
        with_docker.close()
    word, version, *rest = said.decode().split()
    assert (word, rest) == ("tiny", ["six", "docopt", "42"])
    assert version.startswith(f"{minor}.")


def test_another_worker_makes_the_same_bytes(
    first: Built,
    minor: str,
    python_bases: Bases,
    own_registry: Registry,
    tmp_path: Path,
) -> None:
    repository = new_repository(tmp_path, python_bases)
    write_application(repository)
    for name in ("requirements.strict.txt", "requirements.build.txt"):
        (repository.folder / name).write_text((first.repository.folder / name).read_text())
    repository.commit()
    again = ship(repository, f"{own_registry.address}/world-{minor}-again/tiny")
    assert again.digests == first.digests
