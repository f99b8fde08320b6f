"""The virtual environment that the trees of an image are (PEP 405): its files and variables.

The trees of a pex are the same on every base. What makes a virtual environment of them
depends on the base: which interpreter it is made for. So these few files lie in the
image's own layer, and not with the packages.
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
    """Return what `python -m venv` makes at PREFIX for the file *interpreter*.

    *interpreter* is absolute and no link; *minor* is its version (``3.11``).
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
    """Return the *members* of a layer with those of the *environment* that they lack."""
    found = {member.path: member for member in (*environment, *members)}
    return list(found.values())


def check_placement(layout: Layout, file: str) -> None:
    """Raise InvalidFile where a COPY of the Dockerfile *file* would hide the environment."""
    problems = tuple(
        Problem(file, placed.line, f"COPY: /{path} is where the pex's packages are: rename it")
        for path, placed in layout.files.items()
        if path in _PARTS
    )
    if problems:
        raise InvalidFile(problems)


def activated(run: Mapping[str, Any], below: Mapping[str, Any]) -> dict[str, Any]:
    """Return the config that containers *run* with, with the environment's variables.

    It is as if the base, whose config is *below*, had been activated: the environment's
    ``bin`` comes before the base's own PATH, and what a Dockerfile sets comes before both.
    """
    variables, first = dict(read_variables(run)), dict(read_variables(below))
    path, old = (found.get("PATH", DEFAULT_PATH) for found in (variables, first))
    if path.endswith(old) and _BIN not in old.split(":"):
        variables["PATH"] = f"{path.removesuffix(old)}{_BIN}:{old}"
    variables.setdefault("VIRTUAL_ENV", PREFIX)
    return {**run, "Env": [f"{name}={value}" for name, value in variables.items()]}


def activate(base: Base) -> Base:
    """Return *base* as if its own config had the variables of the environment."""
    run = activated(base.run, base.run)
    return attrs.evolve(base, config={**base.config, "config": run})
