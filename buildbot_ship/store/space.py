"""Free space on the disk of a folder, which need not exist yet."""

from __future__ import annotations

import os
from pathlib import Path

from ..model.diagnosis.space import Space


def free_space(folder: Path) -> Space | None:
    """Return the space where *folder* is or would be; None if the disk cannot be asked."""
    path = folder
    try:
        while not path.exists() and path != path.parent:
            path = path.parent
        disk = os.statvfs(path)
    except OSError:
        return None
    files = disk.f_favail if disk.f_files else None
    is_writable = path.is_dir() and os.access(path, os.W_OK | os.X_OK)
    return Space(str(path), disk.f_bavail * disk.f_frsize, files, is_writable)
