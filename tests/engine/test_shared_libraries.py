"""Shared libraries that an image lacks are told before anybody publishes it.

The own package links to libpython, as uwsgi does: the build base has it, the slim one has not.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import docker
from tests.fakes.elf import LOADER, elf
from tests.repository import Repository, new_repository

SETUP = """\
from setuptools import Extension, setup
link = ["-Wl,--no-as-needed", "-lpython3.11"]
other = [("INIT", "PyInit_plain")]
setup(name="own", version="1", packages=["own"], install_requires=["numpy"],
      ext_modules=[Extension("own.linked", ["linked.c"], extra_link_args=link),
                   Extension("own.plain", ["linked.c"], define_macros=other)])
"""
SOURCE = """\
#include <Python.h>
#ifndef INIT
#define INIT PyInit_linked
#endif
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "own", NULL, -1, NULL};
PyMODINIT_FUNC INIT(void) { return PyModule_Create(&module); }
"""
LIBRARY = "libpython3.11.so.1.0"
SITE = "/opt/ship/lib/python3.11/site-packages"
FILE = "own/linked.cpython-311-x86_64-linux-gnu.so"
COPY = 'COPY own.pex /\nENTRYPOINT ["/own.pex"]\n'


pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def repository(
    bases: Any, warm_cache: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Repository]:
    """A repository whose pexes, layered and zipapp, are made."""
    repository = new_repository(tmp_path_factory.mktemp("libraries"), bases, warm_cache)
    files: dict[str, str | bytes] = {
        "requirements.loose.txt": "numpy\n",
        "setup.py": SETUP,
        "linked.c": SOURCE,
        "own/__init__.py": "",
        "tool": elf("libcopied.so.1", "libc.so.6", interpreter=LOADER),
        "libcopied.so.1": elf("libc.so.6", soname="libcopied.so.1"),
        "own.docker": f"FROM {bases.slim.reference}\n{COPY}",
        "tool.docker": f"FROM {bases.slim.reference}\nCOPY tool /bin/tool\n{COPY}",
        "found.docker": f"FROM {bases.slim.reference}\nENV LD_LIBRARY_PATH=/app\n"
        f"COPY tool libcopied.so.1 /app/\n{COPY}",
        "zip.docker": f"FROM {bases.slim.reference}\n{COPY.replace('own', 'zip')}",
        "built.docker": f"FROM {bases.slim.reference}\nCOPY tool /app/tool\n"
        f"RUN touch /usr/lib/{LIBRARY}\n{COPY}",
    }
    for name, content in files.items():
        path = repository.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    repository.commit()
    repository.succeed("harden", "--package", ".")
    repository.commit()
    repository.succeed("wheels", "--package", ".")
    repository.succeed("pex", "own.pex", "own")
    repository.succeed("pex", "zip.pex", "own", "--layout", "zipapp")
    yield repository
    repository.succeed("gc")


def told(result: dict[str, Any]) -> list[str]:
    """Return what is said of each library, and check that the text has it too."""
    lines: list[str] = result["warnings"]
    text = result["texts"].get("libraries.txt", "")
    assert text.splitlines() == lines
    assert not lines or "DeriveBase" in lines[-1]
    return lines[:-1]


def test_a_library_that_the_slim_base_lacks_is_told(
    repository: Repository, bases: Any, client: docker.DockerClient
) -> None:
    result = repository.succeed("image", "own")
    base = bases.slim.reference
    assert told(result) == [
        f"{LIBRARY} is neither in the image nor in {base}: needed by {SITE}/{FILE} (own 1)"
    ]
    image = result["properties"]["ship_image_own"]["loaded_as"]
    said = client.containers.run(
        image, ["-c", "import numpy, own.plain; print(1)"], remove=True
    )
    assert said == b"1\n"
    with pytest.raises(docker.errors.ContainerError, match=LIBRARY):
        client.containers.run(image, ["-c", "import own.linked"], remove=True)
    again = repository.succeed("image", "own")
    assert again["warnings"] == result["warnings"]


def test_it_can_be_an_error_or_nobody_s_business(repository: Repository) -> None:
    said = repository.ship("image", "own", "--missing-libraries", "fail")
    assert said.status == 28
    assert f": {LIBRARY}" in said.failure["message"]
    assert FILE in said.failure["details"]
    ignored = repository.succeed("image", "own", "--missing-libraries", "ignore")
    assert told(ignored) == []


def test_what_a_zipapp_holds_counts_too(repository: Repository) -> None:
    (line,) = told(repository.succeed("image", "zip"))
    assert line.startswith(f"{LIBRARY} is neither")
    assert line.endswith(f"/{FILE} (own 1)")


def test_what_the_dockerfile_copies_counts_too(repository: Repository) -> None:
    lines = told(repository.succeed("image", "tool"))
    assert [line.partition(" ")[0] for line in lines] == ["libcopied.so.1", LIBRARY]
    assert lines[0].endswith("needed by /usr/bin/tool")
    (line,) = told(repository.succeed("image", "found"))
    assert line.startswith(LIBRARY)


def test_an_image_that_the_engine_builds_is_looked_at_when_it_is_done(
    repository: Repository,
) -> None:
    (line,) = told(repository.succeed("image", "built"))
    assert line.startswith("libcopied.so.1 is neither")
    assert line.endswith("needed by /app/tool")
