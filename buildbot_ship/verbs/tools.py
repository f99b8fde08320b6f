"""The tools image of a base: what it is called, what goes into it, what it tells."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import attrs

from ..daemon.interface import EngineImage

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
    """The tools image of a base; *facts* are what ``inside/tools.py`` found out."""

    image: str
    facts: Mapping[str, Any]

    @property
    def minor(self) -> str:
        """Return the interpreter's minor version: ``3.11``."""
        return minor_of(self.facts)


def minor_of(facts: Mapping[str, Any]) -> str:
    """Return the minor version of an interpreter: ``3.11``."""
    return ".".join(str(facts["version"]).split(".")[:2])


def locks() -> dict[str, bytes]:
    """Return the files that lock our tools by hash, by path for a job."""
    folder = files("buildbot_ship.inside") / "tools"
    names = sorted(item.name for item in folder.iterdir() if re.match(r"py.*\.txt$", item.name))
    return {f"tools/{name}": (folder / name).read_bytes() for name in names}


def digest_of_scripts() -> str:
    """Return a digest of all that runs in containers, and of the tools that it takes."""
    digest = hashlib.sha256()
    folder = files("buildbot_ship.inside")
    for name in sorted(item.name for item in folder.iterdir() if item.name.endswith(".py")):
        digest.update((folder / name).read_bytes())
    for lock in locks().values():
        digest.update(lock)
    return digest.hexdigest()


def tools_reference(
    image: EngineImage, names: tuple[str, ...], lock_files: Mapping[str, bytes]
) -> str:
    """Return what the tools image of a base is called, which holds the tools of *names*."""
    script = (files("buildbot_ship.inside") / "tools.py").read_bytes()
    digest = hashlib.sha256(f"{image.image_id} {' '.join(names)}".encode() + script)
    for lock in lock_files.values():
        digest.update(lock)
    return f"ship.local/tools:{digest.hexdigest()[:32]}"
