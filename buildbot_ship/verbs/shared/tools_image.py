"""The tools image of a base: what it is called, what goes into it, what it tells."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import attrs

from ... import inside
from ...daemon.interface import EngineImage

MAKING = (
    "build",
    "certifi",
    "charset-normalizer",
    "idna",
    "installer",
    "packaging",
    "pyelftools",
    "pyproject-hooks",
    "requests",
    "urllib3",
)
"""The tools that wheels and layers take, without those of hardening and of zipapps.

Nor pip, which is as large as all of these: it would be installed to tell its index's address.
"""


@attrs.frozen
class Tools:
    """The tools image of a base; *facts* are what ``inside/jobs/tools.py`` found out."""

    image: str
    facts: Mapping[str, Any]

    @property
    def minor(self) -> str:
        """Return the interpreter's minor version: ``3.11``."""
        return minor_of(self.facts)


def minor_of(facts: Mapping[str, Any]) -> str:
    """Return the minor version of an interpreter: ``3.11``."""
    return ".".join(str(facts["version"]).split(".")[:2])


def lock_files() -> dict[str, bytes]:
    """Return the files that lock our tools by hash, by path for a job."""
    return {f"tools/{name}": text for name, text in sorted(inside.locks().items())}


def digest_of_scripts() -> str:
    """Return a digest of all that runs in containers, and of the tools that it takes."""
    digest = hashlib.sha256(inside.launcher())
    for _, source in sorted(inside.scripts().items()):
        digest.update(source)
    for lock in lock_files().values():
        digest.update(lock)
    return digest.hexdigest()


def tools_reference(
    image: EngineImage, names: tuple[str, ...], locks: Mapping[str, bytes]
) -> str:
    """Return what the tools image of a base is called, which holds the tools of *names*."""
    script = inside.script("tools.py")
    digest = hashlib.sha256(f"{image.image_id} {' '.join(names)}".encode() + script)
    for lock in locks.values():
        digest.update(lock)
    return f"ship.local/tools:{digest.hexdigest()[:32]}"
