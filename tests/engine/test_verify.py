"""A commit built twice in different environments: the same bytes, or the first difference."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

import docker
from tests.repository import OWNER, Repository

WHAT = ("--package", ".", "--pex", "tiny.pex=tiny", "--script", "tiny", "--image", "tiny")
BUILD = ("build", *WHAT)
VERIFY = ("verify", *WHAT)
NOSY = """\
import getpass, locale, os, stat, sys, tempfile, time
from setuptools import Extension
os.makedirs("tiny", exist_ok=True)
with open("tiny/seen.py", "w") as seen:
    for name, value in {
        "folder": os.getcwd(),
        "file": os.path.abspath(sys.argv[0]),
        "python": sys.executable,
        "prefix": sys.prefix,
        "path": sorted(sys.path),
        "modes": [oct(os.stat(p).st_mode) for p in (".", "setup.py", "tiny", seen.name)],
        "zone": time.tzname,
        "locale": locale.getlocale(),
        "encoding": locale.getpreferredencoding(False),
        "home": os.path.expanduser("~"),
        "user": getpass.getuser(),
        "temporary": tempfile.gettempdir(),
        "hash": hash("text"),
        "times": [int(os.stat(p).st_mtime) for p in ("setup.py", "native.c")],
        "environment": sorted(p for p in os.environ.items() if p[0] != "LD_PRELOAD"),
    }.items():
        print(name, "=", repr(value), file=seen)
EXTENSIONS = [Extension("tiny.native", [os.path.abspath("native.c")])]
"""
NATIVE = """\
#include <assert.h>
#include <Python.h>
static const char *here = __FILE__ __DATE__ __TIME__;
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "native"};
PyMODINIT_FUNC PyInit_native(void) { assert(here); return PyModule_Create(&module); }
"""
STAMP = """\
import os
os.makedirs("tiny", exist_ok=True)
with open("tiny/stamp.py", "w") as stamp:
    print("WHO = 'tiny'", file=stamp)
    print("STAMP =", repr({}), file=stamp)
"""


def ours(client: docker.DockerClient, repository: Repository) -> list[str]:
    """Return what the repository's builds have in the engine: other tests may use it, too."""
    label = {"label": f"{OWNER}={repository.owner}"}
    containers = [found["Id"] for found in client.api.containers(all=True, filters=label)]
    ledger = repository.state / "ledger"
    return sorted([*containers, *(path.name for path in ledger.glob("image-*.json"))])


def change_setup(repository: Repository, head: str, **files: str) -> None:
    path = repository.folder / "setup.py"
    text = path.read_text()
    if "EXTENSIONS" in head:
        text = text.replace('packages=["tiny"]', 'packages=["tiny"], ext_modules=EXTENSIONS')
    path.write_text(head + text)
    for name, content in files.items():
        (repository.folder / name.replace("_", ".")).write_text(content)
    repository.commit()


def test_the_same_commit_gives_the_same_bytes(
    repository: Repository, client: docker.DockerClient
) -> None:
    repository.succeed(*BUILD)
    before = ours(client, repository)
    assert len(before) == 1
    said = repository.ship(*VERIFY)
    assert said.status == 0, said.output
    wheels = len(list((repository.work / "wheelhouse").iterdir()))
    assert said.result["summary"] == f"{wheels} wheels, 1 pex, 1 image identical"
    assert "the clock is not changed" not in said.output
    found = said.result["properties"]["ship_reproducible"]
    assert list(found["pexes"]) == ["tiny.pex"]
    assert list(found["images"]) == ["tiny"]
    assert len(said.result["texts"]["digests.txt"].splitlines()) == wheels + 7
    assert ours(client, repository) == before
    assert sorted(p.name for p in repository.work.glob("scratch-*")) == []


def test_what_a_build_sees_around_it_is_always_the_same(
    repository: Repository, tmp_path: Path
) -> None:
    change_setup(repository, NOSY, native_c=NATIVE)
    (repository.folder / "setup.py").chmod(0o600)
    wheels = repository.succeed("wheels", "--package", ".")["texts"]["wheels.txt"]
    (repository.folder / "setup.py").chmod(0o644)
    repository.environment |= {"TZ": "ELSE-13:45", "LC_ALL": "C", "HOME": str(tmp_path)}
    said = repository.ship("verify", "--package", ".")
    assert said.status == 0, said.output + said.result["failure"]["details"]
    assert said.result["texts"]["digests.txt"] == wheels
    (wheel,) = (repository.work / "wheelhouse").glob("tiny-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        assert any(name.startswith("tiny/native.") for name in archive.namelist())


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("__import__('datetime').date.today().isoformat()", marks=pytest.mark.long),
        pytest.param("os.popen('date +%F').read()", marks=pytest.mark.long),
        "os.getpid()",
    ],
)
def test_what_differs_is_named_down_to_the_line(
    repository: Repository, client: docker.DockerClient, source: str
) -> None:
    change_setup(repository, STAMP.format(source))
    repository.succeed("wheels", "--package", ".")
    said = repository.ship("verify", "--package", ".")
    assert said.status == 42, said.output
    summary = said.result["summary"].replace('"', "'")
    assert summary.startswith(
        "tiny-1.0-py3-none-any.whl is not reproducible: tiny/stamp.py line 2 is 'STAMP = "
    )
    assert said.failure["details"].startswith("tiny-1.0-py3-none-any.whl: sha256:")
    assert ours(client, repository) == []


@pytest.mark.long
def test_the_first_of_all_that_differs_is_named_and_the_rest_is_listed(
    repository: Repository, client: docker.DockerClient, tmp_path: Path
) -> None:
    change_setup(repository, STAMP.format("__import__('time').time_ns()"))
    repository.succeed(*BUILD)
    program = tmp_path / "bin" / "diffoscope"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\nfor last; do :; done\necho "compared $last"\nexit 1\n')
    program.chmod(0o755)
    repository.environment["PATH"] = f"{program.parent}:{os.environ['PATH']}"
    before = ours(client, repository)
    said = repository.ship(*VERIFY)
    assert said.status == 42, said.output
    assert "tiny/stamp.py line 2" in said.result["summary"]
    titles = [line.split(": ")[0] for line in said.failure["details"].splitlines()]
    assert titles[:4] == [
        "tiny-1.0-py3-none-any.whl",
        "tiny 1.0 in tiny.pex",
        "config.json of image tiny",
        "manifest.json of image tiny",
    ]
    last = said.failure["details"].splitlines()[-1]
    assert last.startswith("compared ")
    assert last.endswith("again/wheelhouse/tiny-1.0-py3-none-any.whl")
    assert ours(client, repository) == before


def test_there_must_be_something_to_compare_with(repository: Repository) -> None:
    said = repository.ship(*VERIFY)
    assert said.status == 40
    assert "BuildWheels" in said.failure["remedy"]


def test_a_build_that_takes_in_what_is_not_locked_names_it(repository: Repository) -> None:
    change_setup(repository, "import incremental\n")
    said = repository.ship(*BUILD)
    assert said.status == 24
    assert said.result["summary"].startswith(
        "package . needs the module incremental to build, but its section of the build lock"
    )
    assert "build-system.requires" in said.failure["remedy"]
    assert "ModuleNotFoundError" in said.failure["details"]
