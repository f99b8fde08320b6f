"""Find and fetch files of a package index by their hashes, running nothing of theirs.

``pip download`` runs the setup.py of an sdist, even with ``--no-deps`` (pip#1884).
Here a file is chosen by its hash and by the tags of this interpreter.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from index_listing import TIMEOUT, File, listing
from job import Failed, say
from packaging.version import Version
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry


@dataclass(frozen=True)
class Remedies:
    """What to do if a file has another hash, does not fit, or is not there."""

    changed: str = "find out who changed the file; if it was you, harden again"
    unfit: str = "harden again from this build base (HardenRequirements)"
    gone: str = "harden again, or see that containers reach the index that has it"


HARDENING = Remedies(
    "find out who changed the file; if it was you, name the package in the option upgrade",
    "constrain it to a version that has a wheel for this interpreter, or an sdist",
    "see that containers reach the index that has it; if its files were removed, name the "
    "package in the option upgrade",
)
"""Remedies while the pins are still being made."""


def default_index() -> str:
    """Return what pip asks if nothing is set: the tools image knows it."""
    return Path(sys.prefix, "default-index").read_text(encoding="utf-8")


class WrongHash(Failed):
    """What an index sent is not what was locked."""


class Index:
    """The indexes that a job may ask, as one."""

    def __init__(
        self,
        index: Mapping[str, Any],
        environment: Mapping[str, str],
        remedies: Remedies | None = None,
        admits: Callable[[str, File], bool] = lambda name, file: True,
    ) -> None:
        """Take the job's ``index`` and the environment made of it.

        Files of a project that it does not admit are never chosen.
        """
        self.remedies, self.admits = remedies or Remedies(), admits
        os.environ.update(environment)
        self.session = requests.Session()
        retry = Retry(total=4, backoff_factor=0.5, status_forcelist=(429, 500, 502, 503, 504))
        for scheme in ("https://", "http://"):
            self.session.mount(scheme, HTTPAdapter(max_retries=retry, pool_maxsize=16))
        self.urls = [index.get("url") or default_index(), *index.get("extra_urls", ())]
        self.known: dict[str, list[File]] = {}

    def files(self, name: str) -> list[File]:
        """Return all files that the indexes offer for a project.  Raises Failed."""
        if name not in self.known:
            try:
                self.known[name] = [
                    file for url in self.urls for file in listing(self.session, url, name)
                ]
            except (requests.RequestException, ValueError, KeyError) as error:
                raise unreachable(error) from None
        return self.known[name]

    def choose(self, name: str, version: str, hashes: Iterable[str]) -> File:
        """Return the file that pip would take: the best wheel, else the sdist.

        Raises Failed when no file with one of *hashes* (sha256) fits this interpreter.
        """
        chosen = self._ranked(name, version, set(hashes))[0]
        if chosen.yanked:
            say(f"warning: {name}=={version} was yanked from the index")
        return chosen

    def _ranked(self, name: str, version: str, wanted: set[str]) -> list[File]:
        """Return the files that fit, the best first; one without a hash may be another's."""
        files = [file for file in self.files(name) if self.admits(name, file)]
        of_version = [file for file in files if file.version == Version(version)]
        listed = [file for file in of_version if file.sha256 is None or file.sha256 in wanted]
        ranked = [(rank, file.name, file) for file in listed if (rank := file.rank) is not None]
        if not ranked:
            raise self._nothing(f"{name}=={version}", wanted, of_version, listed)
        return [file for _, _, file in sorted(ranked, key=lambda entry: entry[:2])]

    def take(
        self, name: str, version: str, hashes: Iterable[str], folder: Path
    ) -> tuple[File, str]:
        """Download what `choose` chooses; return it with its sha256.

        Where the index tells no hash, the next best file is taken if that has the right one.
        """
        wanted = set(hashes)
        ranked = self._ranked(name, version, wanted)
        for file in ranked[:-1]:
            try:
                return file, self.fetch(file, wanted, folder)
            except WrongHash:
                if file.sha256 is not None:
                    raise
        return ranked[-1], self.fetch(ranked[-1], wanted, folder)

    def fetch(self, file: File, hashes: Iterable[str], folder: Path) -> str:
        """Download *file* into *folder*, checked against *hashes*; return its sha256."""
        path, digest = folder / file.name, hashlib.sha256()
        try:
            with self.session.get(file.url, stream=True, timeout=TIMEOUT) as answer:
                answer.raise_for_status()
                with path.open("wb") as target:
                    for chunk in answer.iter_content(1 << 20):
                        digest.update(chunk)
                        target.write(chunk)
        except requests.RequestException as error:
            raise unreachable(error) from None
        got, wanted = digest.hexdigest(), set(hashes)
        if got not in wanted:
            path.unlink()
            why = f"{file.name} has sha256:{got}, the lock says {_some(wanted)}"
            raise WrongHash(why, self.remedies.changed)
        return got

    def _nothing(
        self, pin: str, wanted: set[str], of_version: list[File], listed: list[File]
    ) -> Failed:
        remedies = self.remedies
        if listed:
            return Failed(
                f"{pin}: no file with a locked hash fits this interpreter", remedies.unfit
            )
        if of_version:
            offered = of_version[0]
            why = (
                f"{pin}: the index has {offered.name} with sha256:{offered.sha256}, "
                f"the lock says {_some(wanted)}"
            )
            return Failed(why, remedies.changed)
        return Failed(f"{pin} is not in the index", remedies.gone)


def _some(hashes: set[str]) -> str:
    first = f"sha256:{min(hashes)}"
    more = len(hashes) - 1
    return first + (f" or {more} other{'s' if more > 1 else ''}" if more else "")


def unreachable(error: Exception) -> Failed:
    """Return what to tell people, without the index's URL: it may hold a password."""
    cause = type(getattr(error, "reason", None) or error).__name__
    response = getattr(error, "response", None)
    status = f"HTTP status {response.status_code}" if response is not None else cause
    return Failed(
        f"the package index cannot be reached ({status})",
        "see that containers reach it: index_url, proxy, ca_bundle",
    )
