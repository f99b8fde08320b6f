"""Unpack source distributions."""

from __future__ import annotations

import shutil
from pathlib import Path

from job import Failed


def unpack(sdist: Path, folder: Path) -> Path:
    """Unpack an sdist; return its top folder.  Raises Failed.

    Its paths are not checked: its code runs next, in the same throw-away container.
    """
    try:
        shutil.unpack_archive(sdist, folder)
    except (shutil.ReadError, OSError, EOFError) as error:
        raise Failed(f"{sdist.name} cannot be unpacked: {error}") from None
    tops = [path for path in folder.iterdir() if path.is_dir()]
    if len(tops) != 1:
        raise Failed(
            f"{sdist.name} is not an sdist: it does not have exactly one top folder",
            "pin a version of the package that has a valid sdist or a wheel",
        )
    return tops[0]
