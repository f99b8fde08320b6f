"""Edit lock files that uv wrote, so that only what was upgraded changes.

uv writes the index that it asked, the URLs of its files, and the cooldown into the lock.  All
three are settings of this run, not of the project: a developer's uv has others.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from pip_settings import PYPI

PYPI_FILES = "https://files.pythonhosted.org"
FILE = re.compile(r'\{ (?:\w+ = "[^"]*", )?url = "[^"]*"(?:[^{}]|\{[^{}]*\})*\}')
SHA256 = re.compile(r'sha256(?:" *= *"|:| = ")([0-9a-f]{64})')
STORED = re.compile(r'url = "[^"]*/(packages/[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{60}/[^"/]+)"')
"""The path of a file on PyPI, which has its BLAKE2 hash; many mirrors keep it."""
CUTOFF = re.compile(r"^exclude-newer[\w-]* = .*\n", re.MULTILINE)
CUTOFF_TABLE = re.compile(r"^\[options\.exclude-newer-package\]\n(?:[^\[\n].*\n)*\n?", re.M)
NO_OPTIONS = re.compile(r"^\[options\]\n\n?(?=\[|\Z)", re.MULTILINE)


def without_cutoff(text: str) -> str:
    """Return the text of a lock without ``exclude-newer``."""
    return NO_OPTIONS.sub("", CUTOFF.sub("", CUTOFF_TABLE.sub("", text)))


def public(url: str) -> str:
    """Return the URL of an index as uv writes it: without a login and a last slash."""
    parts = urlsplit(url)
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2])
    return str(urlunsplit(bare)).rstrip("/")


def index_of_project(settings: Mapping[str, Any], lock: str, asked: str) -> str:
    """Return the index that the project has where this run *asked* another one."""
    if f'registry = "{asked}"' in lock:
        return asked
    indexes = settings.get("index")
    tables = [each for each in indexes if isinstance(each, dict)] if indexes else []
    default = next((each.get("url") for each in tables if each.get("default")), None)
    return public(str(default or settings.get("index-url") or PYPI))


def with_index(text: str, old: str, new: str) -> str:
    """Return a lock whose packages of the index *old* are of the index *new*."""
    return text.replace(f'registry = "{old}"', f'registry = "{new}"')


def with_known_files(text: str, before: str, index: str) -> str:
    """Return a lock that describes each file of *before* as that does.

    A new file of PyPI, the *index*, has its URL there, also if a mirror was asked.
    """
    known: dict[str, str] = {
        found[1]: file for file in FILE.findall(before) if (found := SHA256.search(file))
    }

    def restore(match: re.Match[str]) -> str:
        found, file = SHA256.search(match[0]), str(match[0])
        if found and found[1] in known:
            return known[found[1]]
        return STORED.sub(rf'url = "{PYPI_FILES}/\1"', file) if index == PYPI else file

    return FILE.sub(restore, text)
