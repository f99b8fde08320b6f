"""Find and fetch files of a package index by their hashes, running nothing of theirs.

``pip download`` runs the setup.py of an sdist, even with ``--no-deps`` (pip#1884).
Here a file is chosen from the index's listing by hash and by the tags of this
interpreter.  The listing's format: https://packaging.python.org/specifications/simple-repository-api/
Runs in the tools image: the locked tools hold packaging, pypi_simple and requests.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import requests
from job import Failed
from packaging.tags import sys_tags
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import Version
from pypi_simple import (
    PYPI_SIMPLE_ENDPOINT,
    DistributionPackage,
    NoSuchProjectError,
    PyPISimple,
)
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

RANKS = {tag: rank for rank, tag in enumerate(sys_tags())}
TIMEOUT = (20, 60)
"""Seconds to wait for a connection, and for the next bytes."""


class Index:
    """The indexes that a job may ask, as one."""

    def __init__(self, index: Mapping[str, Any], environment: Mapping[str, str]) -> None:
        """Take the job's ``index`` and the environment made of it."""
        os.environ.update(environment)
        session = requests.Session()
        retry = Retry(total=4, backoff_factor=0.5, status_forcelist=(429, 500, 502, 503, 504))
        for scheme in ("https://", "http://"):
            session.mount(scheme, HTTPAdapter(max_retries=retry, pool_maxsize=16))
        self.session = session
        self.urls = [index.get("url") or PYPI_SIMPLE_ENDPOINT, *index.get("extra_urls", ())]
        self.pages: dict[str, list[DistributionPackage]] = {}

    def files(self, name: str) -> list[DistributionPackage]:
        """Return all files that the indexes offer for a project."""
        if name not in self.pages:
            self.pages[name] = [file for url in self.urls for file in self._listing(url, name)]
        return self.pages[name]

    def _listing(self, url: str, name: str) -> Iterable[DistributionPackage]:
        try:
            with PyPISimple(url, session=self.session) as client:
                return client.get_project_page(name, timeout=TIMEOUT).packages
        except NoSuchProjectError:
            return ()
        except requests.RequestException as error:
            raise unreachable(error) from None

    def choose(self, name: str, version: str, hashes: Iterable[str]) -> DistributionPackage:
        """Return the file that pip would take: the best wheel, else the sdist.

        Raises Failed when no file with one of *hashes* (sha256) fits this interpreter.
        """
        wanted, offered = set(hashes), self.files(name)
        of_version = [file for file in offered if version_of(file) == Version(version)]
        listed = [f for f in of_version if not f.digests or f.digests.get("sha256") in wanted]
        fitting = [file for file in listed if rank(file) is not None]
        if not fitting:
            raise self._nothing(name, version, wanted, of_version, listed)
        return min(fitting, key=lambda file: (rank(file), file.filename))

    @staticmethod
    def _nothing(
        name: str,
        version: str,
        wanted: set[str],
        of_version: list[DistributionPackage],
        listed: list[DistributionPackage],
    ) -> Failed:
        if listed:
            return Failed(
                f"{name}=={version}: no file with a locked hash fits this interpreter",
                "harden again from this build base (HardenRequirements)",
            )
        if of_version:
            has = next(iter(of_version)).digests.get("sha256", "none")
            return Failed(
                f"{name}=={version}: the index has sha256:{has[:12]}..., "
                f"the lock sha256:{min(wanted)[:12]}...",
                "find out who changed the file; if it was you, harden again",
            )
        return Failed(
            f"{name}=={version} is not in the index",
            "harden again, or see that containers reach the index that has it",
        )

    def fetch(self, file: DistributionPackage, hashes: Iterable[str], folder: Path) -> Path:
        """Download *file* into *folder*, its sha256 checked against *hashes*."""
        path, digest = folder / file.filename, hashlib.sha256()
        try:
            with self.session.get(file.url, stream=True, timeout=TIMEOUT) as answer:
                answer.raise_for_status()
                with path.open("wb") as target:
                    for chunk in answer.iter_content(1 << 20):
                        digest.update(chunk)
                        target.write(chunk)
        except requests.RequestException as error:
            raise unreachable(error) from None
        if digest.hexdigest() not in set(hashes):
            path.unlink()
            raise Failed(
                f"{file.filename} has sha256:{digest.hexdigest()}, "
                f"the lock says sha256:{min(hashes)}",
                "find out who changed the file; if it was you, harden again",
            )
        return path


def unreachable(error: requests.RequestException) -> Failed:
    """Return what to tell people when the index cannot be asked, without its URL's password."""
    cause = type(getattr(error, "reason", None) or error).__name__
    return Failed(
        f"the package index cannot be reached ({cause})",
        "see that containers reach it: index_url, proxy, ca_bundle",
    )


def version_of(file: DistributionPackage) -> Version | None:
    """Return the version that a file's name states, or None."""
    try:
        if file.filename.endswith(".whl"):
            return parse_wheel_filename(file.filename)[1]
        return parse_sdist_filename(file.filename)[1]
    except (InvalidWheelFilename, InvalidSdistFilename):
        return Version(file.version) if file.version and is_sdist(file) else None


def is_sdist(file: DistributionPackage) -> bool:
    """Tell whether a file is a source distribution."""
    return file.filename.endswith((".tar.gz", ".zip"))


def rank(file: DistributionPackage) -> int | None:
    """Return how well a file fits this interpreter: 0 best, sdists last, None not at all."""
    if is_sdist(file):
        return len(RANKS)
    if not file.filename.endswith(".whl"):
        return None
    try:
        tags = parse_wheel_filename(file.filename)[3]
    except InvalidWheelFilename:
        return None
    return min((RANKS[tag] for tag in tags if tag in RANKS), default=None)


def same_project(left: str, right: str) -> bool:
    """Tell whether two names mean one project."""
    return canonicalize_name(left) == canonicalize_name(right)
