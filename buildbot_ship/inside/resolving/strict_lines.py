"""Read the lines of a strict file, as pip-compile writes them: versions and hashes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from job import Failed
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

Versions = Mapping[str, str]
"""Normalised versions by normalised name."""
FILE_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


@dataclass(frozen=True)
class Pinned:
    """One pin: *version* as written in the file, *hashes* are sha256 in hexadecimal."""

    name: str
    version: str
    hashes: tuple[str, ...]


def exact_version(requirement: Requirement) -> str | None:
    """Return the one version that *requirement* admits, or None."""
    specifiers = list(requirement.specifier)
    if requirement.url or len(specifiers) != 1 or specifiers[0].operator not in ("==", "==="):
        return None
    version = specifiers[0].version
    return None if version.endswith("*") else version


def pins(strict: str) -> Iterator[Pinned]:
    """Yield the pins of a strict file.  Raises Failed for a URL or an invalid version."""
    for line in strict.replace("\\\n", " ").splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        requirement = Requirement(line.partition(" --hash")[0].strip())
        version = exact_version(requirement)
        if version is None:
            raise Failed(
                f"{requirement.name} is required by URL: a package index has no hash of it",
                "replace the package that requires it; the step's log names it after `# via`",
                strict,
            )
        try:
            Version(version)
        except ValueError:
            raise Failed(
                f"{requirement.name} is pinned to {version}, which is not a version",
                "require a version as PEP 440 defines it, for example 1.0",
            ) from None
        yield Pinned(requirement.name, version, tuple(FILE_HASH.findall(line)))


def version_of(name: str, version: str) -> tuple[str, str]:
    """Return an entry of `Versions`; an invalid version stays as it is."""
    with suppress(ValueError):
        version = str(Version(version))
    return canonicalize_name(name), version


def versions(strict: str) -> Versions:
    """Return the versions that a strict file pins.  Raises Failed, as `pins`."""
    return dict(version_of(pin.name, pin.version) for pin in pins(strict))
