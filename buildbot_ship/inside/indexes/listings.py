"""The files of projects in package indexes: each project is asked for once, by many threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from index_listing import File
from job import Failed

PARALLEL = 8
"""Listings to request at the same time."""


class Listings:
    """The files of each project, from *ask*, which raises Failed."""

    def __init__(self, ask: Callable[[str], list[File]]) -> None:
        """Ask for nothing yet."""
        self._ask, self._guard = ask, threading.Lock()
        self._found: dict[str, list[File]] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._checked: set[tuple[str, frozenset[str]]] = set()

    def files(self, name: str) -> list[File]:
        """Return all files of a project.  Raises Failed."""
        with self._guard:
            lock = self._locks.setdefault(name, threading.Lock())
        with lock:
            if name not in self._found:
                self._found[name] = self._ask(name)
            return self._found[name]

    def prefetch(self, names: Iterable[str]) -> None:
        """Ask for the files of several projects at the same time.  Raises Failed."""
        with ThreadPoolExecutor(PARALLEL) as pool:
            list(pool.map(self.files, dict.fromkeys(names)))

    def prefetch_later(self, names: Iterable[str]) -> None:
        """Do so in the background; an error counts when the files are needed."""

        def prefetch() -> None:
            with suppress(Failed):
                self.prefetch(names)

        threading.Thread(target=prefetch, daemon=True).start()

    def refresh(self, pins: Iterable[tuple[str, Iterable[str]]]) -> None:
        """Ask for the files of pinned projects, again if a pinned file is new.

        *pins* are names with hashes (sha256 in hexadecimal).  Raises Failed.
        """
        asked = [(name, frozenset(hashes)) for name, hashes in pins]
        wanted = [pin for pin in asked if pin not in self._checked]
        early = {name for name, _ in wanted} & self._locks.keys()
        self.prefetch(name for name, _ in wanted)
        stale = [
            name
            for name, hashes in wanted
            if name in early and not hashes <= {file.sha256 for file in self.files(name)}
        ]
        for name in stale:
            self._found.pop(name, None)
        self.prefetch(stale)
        self._checked |= set(wanted)
