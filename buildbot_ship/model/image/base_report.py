"""Report the changes between two base images: Python, size and distribution packages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs

from .base import Base
from .package_lists import installed, python_version


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


def contents_of(base: Base, digest: str, lists: Mapping[str, bytes]) -> Contents:
    """Return the contents of *base*; *lists* are its databases of packages, by path."""
    packages = installed(lists)
    environment = dict(base.environment)
    python = environment.get("PYTHON_VERSION") or python_version(packages or {})
    size = sum(int(layer["size"]) for layer in base.layers)
    name = str(attrs.evolve(base.reference, digest=None))
    return Contents(name, digest, size, python, packages)


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
        yield "  packages: unknown, there is no database of dpkg or apk"
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
