"""Choose the Python of the images."""

from __future__ import annotations

from collections.abc import Iterable

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from ...errors import InvalidRequest

PYTHONS = ("3.14", "3.13", "3.12", "3.11")
"""The minor versions to choose from, the preferred one first."""


def choose_python(wanted: str | None, version_file: str, ranges: Iterable[str]) -> str:
    """Return *wanted*, or the version of ``.python-version``, or the newest that fits.

    Raises InvalidRequest if the *ranges* of ``requires-python`` admit none.
    """
    if wanted is not None:
        return wanted
    found = ".".join(version_file.strip().removeprefix("cpython-").split(".")[:2])
    if found in PYTHONS:
        return found
    ranges = tuple(filter(None, ranges))
    for minor in PYTHONS:
        if all(_admits(each, minor) for each in ranges):
            return minor
    said = " and ".join(ranges)
    raise InvalidRequest(
        "--python", f"requires-python is {said}: no version is known that fits"
    )


def _admits(declared: str, minor: str) -> bool:
    try:
        return SpecifierSet(declared).contains(f"{minor}.99") or SpecifierSet(
            declared
        ).contains(f"{minor}.0")
    except InvalidSpecifier:
        return True
