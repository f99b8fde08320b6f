"""Compare wheels with the digests that the wheelhouse recorded when they were built."""

from __future__ import annotations

import hashlib
from pathlib import Path

from job import Failed


def digest_of(path: Path) -> str:
    """Return the digest of a file, ``sha256:...``."""
    return "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()


def verify(wheels: list[dict[str, str]], wheelhouse: Path) -> None:
    """Raise Failed unless each wheel in the wheelhouse has its recorded digest."""
    for wheel in wheels:
        actual = digest_of(wheelhouse / wheel["file"])
        if actual != wheel["digest"]:
            raise Failed(
                f"{wheel['file']} has {actual}, but BuildWheels recorded {wheel['digest']}",
                "run BuildWheels again: another process changed the work folder",
            )
