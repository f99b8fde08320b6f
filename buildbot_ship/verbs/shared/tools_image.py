"""The tools image of a build base: its name, the tools in it, and facts about its Python."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import attrs

from ... import inside
from ...daemon.interface import EngineImage

BUILD_TOOLS = (
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
"""The tools for building wheels and layers, without those for hardening and for zipapps.

pip is not among them.  It is as large as all of these together, and only its settings for the
package index would be used.
"""

_SCRIPTS = ("tools.py", "standard_library.py", "left_out.py", "compiler.py", "bytecode.py")
"""The scripts that decide what is in a tools image."""


@attrs.frozen
class Tools:
    """The tools image of a base; *facts* is the report of ``inside/jobs/tools.py``."""

    image: str
    facts: Mapping[str, Any]

    @property
    def minor(self) -> str:
        """Return the Python minor version: ``3.11``."""
        return minor_of(self.facts)


def minor_of(facts: Mapping[str, Any]) -> str:
    """Return the Python minor version in *facts*: ``3.11``."""
    return ".".join(str(facts["version"]).split(".")[:2])


def lock_files() -> dict[str, bytes]:
    """Return the lock files of our tools as inputs of a job, by path."""
    return {f"tools/{name}": text for name, text in sorted(inside.locks().items())}


def digest_of_scripts() -> str:
    """Return a digest of all scripts that run in containers, and of their locked tools."""
    digest = hashlib.sha256(inside.launcher())
    for _, source in sorted(inside.scripts().items()):
        digest.update(source)
    for lock in lock_files().values():
        digest.update(lock)
    return digest.hexdigest()


def tools_reference(
    image: EngineImage, names: tuple[str, ...], locks: Mapping[str, bytes]
) -> str:
    """Return the name of the tools image of a base *image* with the tools *names*."""
    digest = hashlib.sha256(f"{image.image_id} {' '.join(names)}".encode())
    for text in (*map(inside.script, _SCRIPTS), *locks.values()):
        digest.update(text)
    return f"ship.local/tools:{digest.hexdigest()[:32]}"
