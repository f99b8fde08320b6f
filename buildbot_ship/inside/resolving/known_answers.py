"""Ask build backends, unless their answers are known from an earlier run.

An answer depends on the files of the package, on the base, and on what is installed when the
backend runs.  The worker finds an answer by the files and the base.  Here the rest is compared:
the answer counts if both kinds of its build requirements still resolve to the same files, by
hash.  It is only reported if exactly these versions were installed.

An answer is ``{"declared": [REQUIREMENT], "build": [REQUIREMENT], "name": TEXT, "requires":
[REQUIREMENT], "locks": [SHA256, SHA256]}``: the fields of `Answer`, and the digests of the
pins of the declared and of all build requirements.  A new one also has ``"opened": [PATH] or
null``: the files of own packages that the backend opened, or null if these may not be all.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import source_from_cache
from pathlib import Path
from typing import Any

from backend_answers import (
    PROJECT_FILES,
    Answer,
    Asked,
    Installer,
    ask,
    declared_requirements,
    project_file,
    unresolved,
)
from build import BuildBackendException, BuildException
from build_locks import BuildLocks, short
from job import Failed, say
from own_requirements import MAX_BUILDS, read_metadata
from strict_lines import versions


@dataclass(frozen=True)
class Package:
    """A package to build: the *title* of its section, and a function that returns its folder.

    An own package is in *folder* of the folder *tree*; *metadata* says whether it is wanted.
    """

    title: str
    source: Callable[[], Path]
    folder: str = ""
    tree: Path | None = None
    metadata: bool = False


class Backends:
    """The build backends of packages; *known* are answers by title, as the module says."""

    def __init__(
        self, installer: Installer, locks: BuildLocks, known: Mapping[str, Mapping[str, Any]]
    ) -> None:
        """Begin to resolve the requirements on which known answers depend.

        With pip as *installer* no answer is known: the base may have any settings.
        """
        self.installer, self.locks, self.remembers = installer, locks, installer == "uv"
        remembered = known if self.remembers else {}
        self.known = {title: _answer(data) for title, data in remembered.items()}
        self._digests = {title: tuple(data["locks"]) for title, data in remembered.items()}
        self._asked: dict[Package, Asked] = {}
        self._pool = ThreadPoolExecutor(MAX_BUILDS)
        self._started: dict[str, Future[Answer]] = {}
        for title, answer in self.known.items():
            locks.start(title, answer.declared)
            locks.start(title, answer.build_requirements)

    def start(self, package: Package) -> Future[Answer]:
        """Begin to ask the backend of *package*, if nobody did; its answer raises Failed."""
        if package.title not in self._started:
            self._started[package.title] = self._pool.submit(self._answer, package)
        return self._started[package.title]

    def answers(self, packages: Sequence[Package]) -> dict[str, Answer]:
        """Return the answers of the backends of *packages*, by title.  Raises Failed."""
        started = {package.title: self.start(package) for package in packages}
        return {title: future.result() for title, future in started.items()}

    def _answer(self, package: Package) -> Answer:
        title = package.title
        known = self.known.get(title)
        if known and self._digests_now(title, known) == self._digests[title]:
            say(f"the answer of the build backend of {short(title)} is known")
            return known
        asked = self._ask(package, package.source())
        self.locks.start(title, asked.answer.build_requirements)
        self._asked[package] = asked
        return asked.answer

    def new(self) -> dict[str, Any]:
        """Return the answers that a later run may know, by title."""
        found = {}
        for package, asked in list(self._asked.items()):
            if self.remembers and (digests := self._digests_of_installed(package.title, asked)):
                answer = asked.answer
                found[package.title] = {
                    "declared": sorted(answer.declared),
                    "build": sorted(answer.build_requirements),
                    "name": answer.name,
                    "requires": list(answer.requires),
                    "locks": list(digests),
                    "opened": _opened(package, asked),
                }
        return found

    def _ask(self, package: Package, source: Path) -> Asked:
        title = package.title
        project_file(source, title)
        if self.remembers:
            # The backend reports the error.
            with suppress(BuildException):
                self.locks.start(title, declared_requirements(source))
        if package.metadata:
            return read_metadata(package.folder, source, self.installer, traced=True)
        try:
            return ask(title, source, self.installer, traced=package.tree is not None)
        except (BuildException, BuildBackendException) as error:
            raise Failed(*unresolved(title), str(error)) from None

    def _pins(self, title: str, answer: Answer) -> tuple[str, str]:
        declared = self.locks.pins(title, answer.declared)
        return declared, self.locks.pins(title, answer.build_requirements)

    def _digests_now(self, title: str, answer: Answer) -> tuple[str, ...]:
        """Return the digests of the pins of *answer*; none if they do not resolve."""
        try:
            return _digests(self._pins(title, answer))
        except Failed:
            return ()

    def _digests_of_installed(self, title: str, asked: Asked) -> tuple[str, ...]:
        """Return the digests of the pins if exactly these were installed, else none."""
        try:
            pins = self._pins(title, asked.answer)
            exact = tuple(map(versions, pins)) == asked.environments
        except Failed:
            exact = False
        return _digests(pins) if exact else ()


def _opened(package: Package, asked: Asked) -> list[str] | None:
    """Return the paths below the tree that the backend of an own *package* opened."""
    if package.tree is None:
        return []
    # The names of bytecode in another folder do not say which file it was made of.
    if asked.opened is None or "PYTHONPYCACHEPREFIX" in os.environ:
        return None
    top = os.path.realpath(package.tree)
    opened = {os.path.relpath(_source(path), top) for path in asked.opened}
    always = {os.path.normpath(f"{package.folder}/{name}") for name in PROJECT_FILES}
    return sorted(path for path in opened | always if not path.startswith("../"))


def _source(path: str) -> str:
    """Return the path of the module whose bytecode is at *path*, or else *path*."""
    with suppress(ValueError, NotImplementedError):
        return source_from_cache(path) if path.endswith(".pyc") else path
    return path


def _answer(data: Mapping[str, Any]) -> Answer:
    declared, build = frozenset(data["declared"]), frozenset(data["build"])
    return Answer(declared, build, data["name"], tuple(data["requires"]))


def _digests(pins: tuple[str, str]) -> tuple[str, ...]:
    return tuple(hashlib.sha256(text.encode()).hexdigest() for text in pins)
