"""Resolve build requirements to pins with hashes: the sections of the build lock."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from backend_answers import unresolved
from distribution_formats import Formats, keep_admitted
from index import Index
from job import say
from packaging.requirements import Requirement
from resolver import Question, Resolver
from strict_text import markers_of

WHEELS = Formats(only_binary=(":all:",))
"""The formats of build requirements."""
PARALLEL = 2
"""Resolutions to run at the same time."""


class BuildLocks:
    """Resolves build requirements in the background; several packages may have the same."""

    def __init__(self, resolver: Resolver, index: Index, folder: Path) -> None:
        """Start nothing yet; the new *folder* is for the files of the *resolver*."""
        folder.mkdir()
        self.resolver, self.index, self.folder = resolver, index, folder
        self._pool, self._guard = ThreadPoolExecutor(PARALLEL), threading.Lock()
        self._started: dict[frozenset[str], Future[str]] = {}
        self._named: set[str] = set()

    def start(self, title: str, needs: frozenset[str]) -> Future[str]:
        """Start to resolve the build requirements *needs* of the package *title*."""
        with self._guard:
            if title not in self._named:
                self._named.add(title)
                say(f"resolving the build requirements of {short(title)}")
            if needs not in self._started:
                target = self.folder / f"{len(self._started)}.txt"
                started = self._pool.submit(self._resolve, title, needs, target)
                self._started[needs] = started
            return self._started[needs]

    def pins(self, title: str, needs: frozenset[str]) -> str:
        """Return the pins of *needs* with their hashes.  Raises Failed."""
        return self.start(title, needs).result()

    def _resolve(self, title: str, needs: frozenset[str], target: Path) -> str:
        lines = sorted(needs)
        source = target.with_suffix(".in")
        source.write_text("".join(f"{need}\n" for need in lines), encoding="utf-8")
        question = Question(
            [source],
            target.parent,
            target,
            formats=WHEELS.arguments,
            markers=markers_of(map(Requirement, lines)),
            annotate=False,
        )
        mark = f"  {short(title)}: "
        text = self.resolver.resolve(question, *unresolved(title), mark)
        return keep_admitted(text, self.index, WHEELS, target.parent)


def short(title: str) -> str:
    """Return the title of a section without the hash of its sdist."""
    return title.partition(" sha256:")[0]
