"""Source distributions: unpacked, where their code runs next."""

from __future__ import annotations

import shutil
from pathlib import Path

from job import Failed


def unpack(sdist: Path, folder: Path) -> Path:
    """Unpack an sdist; return its top folder.

    It is unpacked as it is: its code runs next, in the same throw-away container.
    """
    try:
        shutil.unpack_archive(sdist, folder)
    except (shutil.ReadError, OSError, EOFError) as error:
        raise Failed(f"{sdist.name} cannot be unpacked: {error}") from None
    tops = [path for path in folder.iterdir() if path.is_dir()]
    if len(tops) != 1:
        raise Failed(f"{sdist.name} is no sdist: it has not one folder at its top")
    return tops[0]
