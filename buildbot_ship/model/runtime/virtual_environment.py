"""The virtual environment of an image (PEP 405): its files and variables.

The packages of a pex are the same on every base image.  The files of the virtual environment
depend on the interpreter of the base image.  So these few files are in the layer of the image,
not in the layers of the packages.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from io import BytesIO
from typing import Any

import attrs

from ...errors import InvalidFile, Problem
from ..application.layer_plan import PREFIX
from ..filesystem.placement import Layout
from ..image.base import Base, read_variables
from ..image.layer import Member, file_mode
from ..reference import digest_of
from .interpreter import DEFAULT_PATH

_BIN = f"{PREFIX}/bin"
_TOP = PREFIX.lstrip("/")
_FOLDERS = ("opt", _TOP, f"{_TOP}/bin")
_PARTS = (*_FOLDERS, f"{_TOP}/lib")


def environment_members(interpreter: str, minor: str) -> tuple[Member, ...]:
    """Return the files that `python -m venv` creates at PREFIX for *interpreter*.

    *interpreter* is an absolute path with links followed; *minor* is its version (``3.11``).
    """
    links = {
        "bin/python": interpreter,
        "bin/python3": "python",
        f"bin/python{minor}": "python",
        "lib64": "lib",
    }
    return (
        *(Member(folder, 0o755) for folder in _FOLDERS),
        *(Member(f"{_TOP}/{path}", 0o777, target=target) for path, target in links.items()),
        _file(f"{_TOP}/pyvenv.cfg", _settings(interpreter, minor)),
    )


def _settings(interpreter: str, minor: str) -> str:
    lines = (
        f"home = {interpreter.rpartition('/')[0]}",
        "include-system-site-packages = false",
        f"version = {minor}",
        f"executable = {interpreter}",
    )
    return "".join(f"{line}\n" for line in lines)


def _file(path: str, text: str) -> Member:
    data = text.encode()
    opener = partial(BytesIO, data)
    return Member(path, file_mode(False), len(data), opener, identity=digest_of(data))


def add_environment(members: Iterable[Member], environment: Iterable[Member]) -> list[Member]:
    """Return the *members* of a layer, plus those of the *environment* that they lack."""
    found = {member.path: member for member in (*environment, *members)}
    return list(found.values())


def check_placement(layout: Layout, file: str) -> None:
    """Raise InvalidFile if a COPY in the Dockerfile *file* would hide the environment."""
    problems = tuple(
        Problem(file, placed.line, f"COPY: /{path} is reserved for the pex: rename it")
        for path, placed in layout.files.items()
        if path in _PARTS
    )
    if problems:
        raise InvalidFile(problems)


def activated(run: Mapping[str, Any], below: Mapping[str, Any]) -> dict[str, Any]:
    """Return the run config *run* with the variables of the activated environment.

    *below* is the run config of the base image.  The environment's ``bin`` comes before the
    base's PATH, and folders that the Dockerfile adds come before both.
    """
    variables, first = dict(read_variables(run)), dict(read_variables(below))
    path, old = (found.get("PATH", DEFAULT_PATH) for found in (variables, first))
    if path.endswith(old) and _BIN not in old.split(":"):
        variables["PATH"] = f"{path.removesuffix(old)}{_BIN}:{old}"
    variables.setdefault("VIRTUAL_ENV", PREFIX)
    return {**run, "Env": [f"{name}={value}" for name, value in variables.items()]}


def activate(base: Base) -> Base:
    """Return *base* with the variables of the activated environment."""
    run = activated(base.run, base.run)
    return attrs.evolve(base, config={**base.config, "config": run})
