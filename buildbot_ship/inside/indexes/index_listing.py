"""List the files of a project in a package index, over the simple API.

Format: https://packaging.python.org/specifications/simple-repository-api/, JSON (version 1) if
the index supports it, else HTML.  It runs in the tools image, which has requests and packaging.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from html.parser import HTMLParser
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin

import requests
from packaging.tags import sys_tags
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import Version

JSON = "application/vnd.pypi.simple.v1+json"
ACCEPT = f"{JSON}, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"
TIMEOUT = (20, 60)
"""Seconds of the connect timeout and of the read timeout."""
RANKS = {tag: rank for rank, tag in enumerate(sys_tags())}


@dataclass(frozen=True)
class File:
    """One file of a project; *sha256* is hexadecimal, None if the index states none.

    *uploaded* is the time of its upload, as far as the index states it.
    """

    name: str
    url: str
    sha256: str | None
    yanked: bool
    uploaded: datetime | None = None
    size: int | None = None

    @property
    def is_sdist(self) -> bool:
        """Return whether this is a source distribution."""
        return self.name.endswith((".tar.gz", ".zip"))

    @cached_property
    def version(self) -> Version | None:
        """Return the version in the file name, or None if the name is invalid."""
        try:
            if self.name.endswith(".whl"):
                return parse_wheel_filename(self.name)[1]
            return parse_sdist_filename(self.name)[1]
        except (InvalidWheelFilename, InvalidSdistFilename):
            return None

    @property
    def rank(self) -> int | None:
        """Return the rank for this interpreter: 0 is best, sdists last, None does not fit."""
        if self.is_sdist:
            return len(RANKS)
        if not self.name.endswith(".whl") or self.version is None:
            return None
        tags = parse_wheel_filename(self.name)[3]
        return min((RANKS[tag] for tag in tags if tag in RANKS), default=None)


def list_files(session: requests.Session, index: str, project: str) -> list[File]:
    """Return the files of *project*, none if the index has no such project.

    Raises requests.RequestException, and ValueError or KeyError for an invalid answer.
    """
    url = f"{index.rstrip('/')}/{canonicalize_name(project)}/"
    answer = session.get(url, headers={"Accept": ACCEPT}, timeout=TIMEOUT)
    if answer.status_code == requests.codes.not_found:
        return []
    answer.raise_for_status()
    if answer.headers.get("Content-Type", "").split(";")[0].strip() == JSON:
        return list(_from_json(answer.json(), answer.url))
    page = _Page()
    page.feed(answer.text)
    return list(_from_html(page, answer.url))


def _from_json(data: dict[str, Any], base: str) -> Iterator[File]:
    for file in data["files"]:
        url = file["url"]
        if not url.startswith(("https://", "http://")):
            url = urljoin(base, url)
        sha256 = file.get("hashes", {}).get("sha256")
        size = file.get("size") if isinstance(file.get("size"), int) else None
        uploaded, yanked = _moment(file.get("upload-time")), bool(file.get("yanked"))
        yield File(file["filename"], url, sha256, yanked, uploaded, size)


def _moment(value: object) -> datetime | None:
    """Return an upload time (PEP 700) as an aware time in UTC; None for anything else."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC) if moment else None


class _Page(HTMLParser):
    """The <a> elements of a page, and the URL of its <base>."""

    def __init__(self) -> None:
        super().__init__()
        self.base: str | None = None
        self.anchors: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Record <a> and <base>."""
        attributes = dict(attrs)
        if tag == "a" and attributes.get("href"):
            self.anchors.append(attributes)
        elif tag == "base":
            self.base = attributes.get("href")


def _from_html(page: _Page, url: str) -> Iterator[File]:
    base = urljoin(url, page.base or "")
    for anchor in page.anchors:
        href, fragment = urldefrag(urljoin(base, anchor["href"] or ""))
        kind, _, value = fragment.partition("=")
        name = unquote(href.split("?")[0].rpartition("/")[2])
        yield File(name, href, value if kind == "sha256" else None, "data-yanked" in anchor)
