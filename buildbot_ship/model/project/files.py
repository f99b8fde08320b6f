"""The files of a repository, as `find_units` reads them.  None of its code runs."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import attrs

APART = frozenset(
    {"tests", "test", "testing", "docs", "doc", "examples", "example", "migrations"}
)
"""Folders whose code is not the application."""


@attrs.frozen
class ProjectFiles:
    """The *paths* of a repository, relative to its top; *read* returns the bytes of one."""

    paths: frozenset[str]
    read: Callable[[str], bytes | None] = attrs.field(repr=False)

    def text(self, path: str) -> str:
        """Return the text of a file, empty if there is none or if it is no text."""
        data = self.read(path) if path in self.paths else None
        return (data or b"").decode("utf-8", "replace")

    def named(self, name: str) -> Iterator[str]:
        """Yield the folders of the application that have a file *name*, the top first."""
        found = {posixpath.dirname(p) for p in self.paths if posixpath.basename(p) == name}
        for folder in sorted(found):
            if not APART & set(folder.split("/")):
                yield folder

    def python_files(self, folder: str, but: frozenset[str]) -> Iterator[str]:
        """Yield the modules below *folder*, except those below the folders *but*."""
        for path in sorted(self.paths):
            above = path.split("/")[:-1]
            inside = folder == "" or path.startswith(f"{folder}/")
            if not (inside and path.endswith(".py")) or APART & set(above):
                continue
            name = posixpath.basename(path)
            if name.startswith(("test_", "conftest")) or name == "setup.py":
                continue
            if not any(path.startswith(f"{other}/") for other in but):
                yield path


def plain_name(text: str) -> str:
    """Return the name of a folder as that of an image: lower case, digits and dashes."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "app"


def without_login(url: str) -> str:
    """Return the URL of a repository without user and password, as images are labelled."""
    if "://" not in url:
        return url
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def without_password(url: str) -> str:
    """Return the URL of a repository without a password, and without any login of HTTP.

    The login of HTTP may be a token.  The user of SSH stays: it is part of the address.
    """
    parts = urlsplit(url) if "://" in url else None
    if parts is None or "@" not in parts.netloc:
        return url
    if parts.scheme in ("http", "https"):
        return without_login(url)
    login, _, host = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{login.partition(':')[0]}@{host}").geturl()


def joined(folder: str, name: str) -> str:
    """Return the path of *name* in *folder*, which is empty for the top."""
    return f"{folder}/{name}" if folder else name
