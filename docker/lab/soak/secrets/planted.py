"""The planted secrets, and the search for them in bytes."""

from __future__ import annotations

import gzip
import io
import re
import secrets
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from lab.soak.secrets.attacker import ENCODINGS

REGISTRY, INDEX, GIT, KEY = "registry-password", "index-password", "git-password", "smoke-key"
NAMES = (REGISTRY, INDEX, GIT, KEY)
LOST = 4
"""Characters of a secret that a text may have lost at its start or end, and still tell it."""
CUTS: dict[str, Callable[[str], str]] = {
    "start is missing": lambda s: s[LOST:],
    "end is missing": lambda s: s[:-LOST],
}
FORMS = {**ENCODINGS, **CUTS}
"""The forms in which each secret is searched."""


@dataclass(frozen=True)
class Planted:
    """The values of the secrets by name, except in the representation."""

    values: dict[str, str] = field(repr=False)

    @classmethod
    def plant(cls, key: str) -> Planted:
        """Make secrets; *key* is the private key of sealed secrets."""
        # A netrc file has no quotes or backslashes.
        index = f"{secrets.token_hex(6)}/+%&<{secrets.token_hex(6)}"
        registry, git = (
            f"{secrets.token_hex(6)}/ \"q'+%&<\\{secrets.token_hex(6)}" for _ in range(2)
        )
        return cls({REGISTRY: registry, INDEX: index, GIT: git, KEY: key})

    def found(self, data: bytes) -> set[tuple[str, str]]:
        """Return the secrets in *data*, each with its form."""
        return {
            (name, form)
            for name, value in self.values.items()
            for form, encode in FORMS.items()
            if encode(value).encode() in data
        }

    def printed(self, name: str, log: str) -> bool:
        """Return whether *log* shows that each encoding of it was printed, and hidden."""
        hidden = set(re.findall(rf"{name}/([\w ]+): (?:\*\*\*|<{name}>)", log))
        return hidden >= set(ENCODINGS)


def unpacked(data: bytes, depth: int = 3) -> Iterator[bytes]:
    """Yield *data*, and what is compressed in it: gzip, zlib (a git object) or zip."""
    yield data
    if not depth:
        return
    inner: list[bytes] = []
    try:
        if data[:2] == b"\x1f\x8b":
            inner = [gzip.decompress(data)]
        elif data[:1] == b"\x78":
            inner = [zlib.decompress(data)]
        elif b"PK\x05\x06" in data[-70000:]:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                inner = [archive.read(name) for name in archive.namelist()]
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile):
        return
    for each in inner:
        yield from unpacked(each, depth - 1)
