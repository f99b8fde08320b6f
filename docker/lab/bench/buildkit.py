"""BuildKit in the engine: a docker command that has it, and the cache that it keeps.

BuildKit knows a base by its layers, whatever its label says.  But the name of a cache mount is
a part of the `RUN` line.  So a world has its mark in that name: both mount and line are new.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import docker
from lab.errors import LabError

PROGRAM = "docker"
# Until this version the command itself has BuildKit; then it is in the plugin buildx.
FIRST_WITH_PLUGIN = 23
# The plugin builds in the engine itself, and makes the image alone: no attestations.
SETTINGS = {"BUILDX_BUILDER": "default", "BUILDX_NO_DEFAULT_ATTESTATIONS": "1"}


def buildkit_client(search: str | None = None) -> str:
    """Return the first docker command of a search path that has BuildKit.  Raises LabError."""
    folders = (search if search is not None else os.environ.get("PATH", "")).split(os.pathsep)
    programs = [str(Path(folder) / PROGRAM) for folder in folders if folder]
    for program in programs:
        if os.access(program, os.X_OK) and _has_buildkit(program):
            return program
    raise LabError("no docker command here has BuildKit: install docker-buildx, or docker.io")


def _has_buildkit(program: str) -> bool:
    version = re.search(r"version (\d+)\.", _output(program, "--version"))
    if version and int(version[1]) < FIRST_WITH_PLUGIN:
        return True
    return "buildx" in _output(program, "buildx", "version")


def _output(*argv: str) -> str:
    return subprocess.run(argv, check=False, capture_output=True, text=True).stdout


class Cache:
    """Records of BuildKit's cache that appeared while *noted* ran; `remove` takes them away."""

    def __init__(self) -> None:
        """Note nothing yet."""
        self._ours: set[str] = set()

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Note the records that appear until the end."""
        before = records()
        try:
            yield
        finally:
            self._ours |= records() - before

    def remove(self) -> None:
        """Remove what was noted; a record goes after those that are built on it."""
        client = docker.from_env()
        while left := self._ours & records():
            for record in left:
                chosen: Any = {"id": record}
                client.api.prune_builds(filters=chosen, all=True)
            if self._ours & records() == left:
                return


def records() -> set[str]:
    """Return the IDs of all records in BuildKit's cache."""
    found: Iterable[dict[str, Any]] = docker.from_env().df()["BuildCache"] or []
    return {str(record["ID"]) for record in found}
