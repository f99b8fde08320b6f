"""What a package index offers for a project, in either form of the simple API.

https://packaging.python.org/specifications/simple-repository-api/: JSON where the index
has it (version 1), else HTML.  Runs in the tools image: the locked tools hold requests
and packaging.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
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
"""Seconds to wait for a connection, and for the next bytes."""
RANKS = {tag: rank for rank, tag in enumerate(sys_tags())}


@dataclass(frozen=True)
class File:
    """One file of a project; *sha256* is hexadecimal, None where the index does not say."""

    name: str
    url: str
    sha256: str | None
    yanked: bool

    @property
    def is_sdist(self) -> bool:
        """Tell whether this is a source distribution."""
        return self.name.endswith((".tar.gz", ".zip"))

    @property
    def version(self) -> Version | None:
        """Return the version that the name states, or None."""
        try:
            if self.name.endswith(".whl"):
                return parse_wheel_filename(self.name)[1]
            return parse_sdist_filename(self.name)[1]
        except (InvalidWheelFilename, InvalidSdistFilename):
            return None

    @property
    def rank(self) -> int | None:
        """Return how well it fits this interpreter: 0 best, sdists last, None not at all."""
        if self.is_sdist:
            return len(RANKS)
        if not self.name.endswith(".whl") or self.version is None:
            return None
        tags = parse_wheel_filename(self.name)[3]
        return min((RANKS[tag] for tag in tags if tag in RANKS), default=None)


def listing(session: requests.Session, index: str, project: str) -> list[File]:
    """Return the files of *project*, none when the index does not know it.

    Raises requests.RequestException when the index does not answer well.
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
        url = urljoin(base, file["url"])
        sha256 = file.get("hashes", {}).get("sha256")
        yield File(file["filename"], url, sha256, bool(file.get("yanked")))


class _Page(HTMLParser):
    """The anchors of a page, and what its <base> says."""

    def __init__(self) -> None:
        super().__init__()
        self.base: str | None = None
        self.anchors: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take up <a> and <base>."""
        found = dict(attrs)
        if tag == "a" and found.get("href"):
            self.anchors.append(found)
        elif tag == "base":
            self.base = found.get("href")


def _from_html(page: _Page, url: str) -> Iterator[File]:
    base = urljoin(url, page.base or "")
    for anchor in page.anchors:
        href, fragment = urldefrag(urljoin(base, anchor["href"] or ""))
        kind, _, value = fragment.partition("=")
        name = unquote(href.split("?")[0].rpartition("/")[2])
        yield File(name, href, value if kind == "sha256" else None, "data-yanked" in anchor)
