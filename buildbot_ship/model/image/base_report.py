"""Report the changes between two base images: Python, size and distribution packages.

Format of ``/var/lib/dpkg/status``: https://manpages.debian.org/bookworm/dpkg-dev/deb822.5.en.html.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import attrs

from .base import Base

STATUS = "var/lib/dpkg/status"
_FIELD = re.compile(r"^(Package|Version|Status|Architecture): (.*)$", re.M)


@attrs.frozen
class Contents:
    """One platform of a base image; *size* is that of its compressed layers, in bytes.

    *packages* maps the packages of the distribution to versions; None if there is no list.
    """

    reference: str
    digest: str
    size: int
    python: str | None = None
    packages: dict[str, str] | None = None


def contents_of(base: Base, digest: str, status: bytes | None) -> Contents:
    """Return the contents of *base*; *status* is the dpkg database."""
    packages = None if status is None else installed(status)
    environment = dict(base.environment)
    python = environment.get("PYTHON_VERSION") or (packages or {}).get("python3")
    size = sum(int(layer["size"]) for layer in base.layers)
    name = str(attrs.evolve(base.reference, digest=None))
    return Contents(name, digest, size, python, packages)


def installed(status: bytes) -> dict[str, str]:
    """Return the installed packages of a dpkg database: versions by name."""
    found = {}
    for paragraph in status.decode("utf-8", "replace").split("\n\n"):
        fields = dict(_FIELD.findall(paragraph))
        if fields.get("Status", "").endswith(" installed") and "Package" in fields:
            found[fields["Package"]] = fields.get("Version", "")
    return found


def compare_bases(old: Contents, new: Contents) -> str:
    """Return the report, with a line for Python, the size, and each changed package."""
    return "\n".join(_lines(old, new)) + "\n"


def _lines(old: Contents, new: Contents) -> Iterator[str]:
    yield f"{old.reference}"
    yield f"  -> {new.reference}"
    yield f"  digest: {old.digest[:19]} -> {new.digest[:19]}"
    same = old.python == new.python
    yield f"  Python: {new.python or 'unknown'}" + ("" if same else f", was {old.python}")
    yield f"  size: {new.size / 1e6:.1f} MB, was {old.size / 1e6:.1f} MB"
    if old.packages is None or new.packages is None:
        yield "  packages: unknown, there is no dpkg database"
        return
    changes = list(_packages(old.packages, new.packages))
    yield f"  packages: {len(changes)} of {len(new.packages)} changed"
    yield from (f"    {change}" for change in changes)


def _packages(old: dict[str, str], new: dict[str, str]) -> Iterator[str]:
    for name in sorted(old.keys() | new.keys()):
        was, has = old.get(name), new.get(name)
        if was is None:
            yield f"+ {name} {has}"
        elif has is None:
            yield f"- {name} {was}"
        elif was != has:
            yield f"{name} {was} -> {has}"
