"""Wheels compared with the digests that the wheelhouse recorded when they were built."""

from __future__ import annotations

import hashlib
from pathlib import Path

from job import Failed


def digest_of(path: Path) -> str:
    """Return ``sha256:`` and the digest of a file."""
    return "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()


def check(wheels: list[dict[str, str]], wheelhouse: Path) -> None:
    """Raise Failed unless the wheelhouse holds these wheels, as they were built."""
    for wheel in wheels:
        got = digest_of(wheelhouse / wheel["file"])
        if got != wheel["digest"]:
            raise Failed(
                f"{wheel['file']} has {got}, the wheelhouse recorded {wheel['digest']}",
                "run BuildWheels again: something changed the work folder",
            )
