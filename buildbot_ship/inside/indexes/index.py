"""Choose and download files of a package index by hash, without running any of their code.

``pip download`` runs the setup.py of an sdist, even with ``--no-deps`` (pip#1884).  This module
chooses a file by its hash and by the tags of this interpreter.
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
from deadline import TooSlow, within
from index_listing import TIMEOUT, File, list_files
from job import Failed, say
from listings import Listings
from packaging.version import Version
from requests.adapters import HTTPAdapter
from shared_tls import shared_tls
from urllib3.util.retry import Retry


@dataclass(frozen=True)
class Remedies:
    """The remedies for a file with another hash, without a fitting tag, or not in the index."""

    changed: str = "find out who changed the file; if it was you, run HardenRequirements again"
    unfit: str = "run HardenRequirements again with this build base"
    gone: str = "run HardenRequirements again, or set index_url to an index that has it"


HARDENING = Remedies(
    "find out who changed the file; if it was you, name the package in the option upgrade",
    "constrain it to a version that has a wheel for this interpreter, or an sdist",
    "set index_url to an index that has it; if its files were removed, name the package in the "
    "option upgrade",
)
"""The remedies while HardenRequirements runs."""


def default_index() -> str:
    """Return pip's default index, which the tools image stores."""
    return Path(sys.prefix, "default-index").read_text(encoding="utf-8")


ANSWER_SECONDS = 60.0
"""Seconds in which an index must answer, unless the job sets others."""
UNTRUSTED = "its certificate is not trusted"
REASONS = {
    "CERTIFICATE_VERIFY_FAILED": UNTRUSTED,
    "NameResolutionError": "its host name does not resolve",
    "ConnectTimeoutError": "no connection before the timeout",
    "NewConnectionError": "no connection",
    "ReadTimeoutError": "no answer before the timeout",
}
"""What the errors of urllib3 mean, the most specific first."""


class Unreachable(Failed):
    """No answer of an index arrived, whatever was asked."""


class WrongHash(Failed):
    """The downloaded file has a hash that the lock does not pin."""


class Index:
    """The package indexes of a job, searched as one."""

    def __init__(
        self,
        index: Mapping[str, Any],
        environment: Mapping[str, str],
        remedies: Remedies | None = None,
        admits: Callable[[str, File], bool] = lambda name, file: True,
    ) -> None:
        """Take the job's ``index`` and the result of `index_environment`.

        A list of files must arrive within ``index["seconds"]``, and of a file 10 KiB/s.
        *admits* returns whether a file of a project may be chosen.
        """
        self.remedies, self.admits = remedies or Remedies(), admits
        os.environ.update(environment)
        self.session = requests.Session()
        self.seconds = float(index.get("seconds") or ANSWER_SECONDS)
        # The pauses between the attempts take an eighth of the time, half a second at first.
        factor = self.seconds / 120
        retry = Retry(
            total=4, backoff_factor=factor, status_forcelist=(429, 500, 502, 503, 504)
        )
        self.session.mount("https://", shared_tls(max_retries=retry, pool_maxsize=16))
        self.session.mount("http://", HTTPAdapter(max_retries=retry, pool_maxsize=16))
        self.urls = [index.get("url") or default_index(), *index.get("extra_urls", ())]
        self.listings = Listings(self._ask)

    def files(self, name: str) -> list[File]:
        """Return all files of a project in all indexes.  Raises Failed."""
        return self.listings.files(name)

    def prefetch(self, names: Iterable[str]) -> None:
        """Ask for the files of several projects at the same time.  Raises Failed."""
        self.listings.prefetch(names)

    def _ask(self, name: str) -> list[File]:
        try:
            return [file for url in self.urls for file in self._list(url, name)]
        except (requests.RequestException, TooSlow, ValueError, KeyError) as error:
            raise index_unreachable(error) from None

    def _list(self, url: str, name: str) -> list[File]:
        return within(self.seconds, lambda _: list_files(self.session, url, name))

    def choose(self, name: str, version: str, hashes: Iterable[str]) -> File:
        """Return the file that pip would choose: the best wheel, else the sdist.

        Raises Failed if no file with one of *hashes* (sha256) fits this interpreter.
        """
        chosen = self._ranked(name, version, set(hashes))[0]
        if chosen.yanked:
            say(f"warning: {name}=={version} was yanked from the index")
        return chosen

    def _ranked(self, name: str, version: str, wanted: set[str]) -> list[File]:
        """Return the files that fit, the best first; one without a hash may be another's."""
        files = [file for file in self.files(name) if self.admits(name, file)]
        # The hash first: to read the names of a thousand files takes long.
        pinned = [file for file in files if file.sha256 is None or file.sha256 in wanted]
        listed = _of_version(version, pinned)
        ranked = [(rank, file.name, file) for file in listed if (rank := file.rank) is not None]
        if not ranked:
            of_version = _of_version(version, files)
            raise self._nothing(f"{name}=={version}", wanted, of_version, listed)
        return [file for _, _, file in sorted(ranked, key=lambda entry: entry[:2])]

    def choose_and_fetch(
        self, name: str, version: str, hashes: Iterable[str], folder: Path
    ) -> tuple[File, str]:
        """Download the file of `choose`; return it with its sha256.

        If the index states no hashes, try the files from best to worst until one has a pinned
        hash.  Raises Failed.
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
        """Download *file* into *folder*; return its sha256.  Raises WrongHash, Failed."""
        path = folder / file.name
        try:
            got = within(self.seconds, lambda count: self._download(file.url, path, count))
        except (requests.RequestException, TooSlow) as error:
            raise index_unreachable(error) from None
        wanted = set(hashes)
        if got not in wanted:
            path.unlink()
            why = f"{file.name} has sha256:{got}, the lock says {_some(wanted)}"
            raise WrongHash(why, self.remedies.changed)
        return got

    def _download(self, url: str, path: Path, count: Callable[[int], None]) -> str:
        """Store the file at *url* as *path*; return its sha256."""
        digest = hashlib.sha256()
        with self.session.get(url, stream=True, timeout=TIMEOUT) as answer:
            answer.raise_for_status()
            with path.open("wb") as target:
                for chunk in answer.iter_content(1 << 16):
                    count(len(chunk))
                    digest.update(chunk)
                    target.write(chunk)
        return digest.hexdigest()

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


def _of_version(version: str, files: list[File]) -> list[File]:
    return [file for file in files if file.version == Version(version)]


def _some(hashes: set[str]) -> str:
    first = f"sha256:{min(hashes)}"
    more = len(hashes) - 1
    return first + (f" or {more} other{'s' if more > 1 else ''}" if more else "")


def index_unreachable(error: Exception) -> Failed:
    """Return the error for an unreachable index, without its URL: it may hold a password."""
    kind = Failed if getattr(error, "response", None) is not None else Unreachable
    hint = "check the options index_url, proxy and ca_bundle: containers must reach the index"
    reason = _reason(error)
    if reason == UNTRUSTED:
        hint = "name a file with the CA of the index in the option ca_bundle (--ca-bundle)"
    why = f"the package index cannot be reached ({reason})"
    return kind(why, hint, transient=_may_succeed_later(error))


def _reason(error: Exception) -> str:
    response = getattr(error, "response", None)
    if response is not None:
        return f"HTTP status {response.status_code}"
    if isinstance(error, TooSlow):
        return str(error)
    # The errors of urllib3 are the arguments of those of requests, or their reasons.
    text = repr(error)
    known = (why for name, why in REASONS.items() if name in text)
    return next(known, type(getattr(error, "reason", None) or error).__name__)


def _may_succeed_later(error: Exception) -> bool:
    response = getattr(error, "response", None)
    if response is not None:
        status = int(response.status_code)
        return status in (408, 429) or (status >= 500 and status not in (501, 505))
    permanent = (requests.exceptions.SSLError, requests.exceptions.ProxyError)
    lost = (
        TooSlow,
        requests.ConnectionError,
        requests.Timeout,
        requests.exceptions.RetryError,
        requests.exceptions.ChunkedEncodingError,
    )
    return isinstance(error, lost) and not isinstance(error, permanent)
