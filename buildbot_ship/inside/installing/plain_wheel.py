"""Install plain wheels: all files go to one folder, as in most wheels.

This is faster than the package `installer`, which hashes every file for a RECORD that the
wheel already has (PEP 427).
"""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Container, Iterator
from pathlib import Path, PurePosixPath

FAULTS = (ValueError, KeyError, OSError, zipfile.BadZipFile, AssertionError)
"""The errors of wheels that are not valid."""
MINOR = f"python{sys.version_info.major}.{sys.version_info.minor}"


def site_packages(prefix: str) -> str:
    """Return the site-packages folder of the virtual environment at *prefix*."""
    return f"{prefix}/lib/{MINOR}/site-packages"


def is_plain(archive: zipfile.ZipFile) -> bool:
    """Return whether a wheel has no ``.data`` folder, whose files go to other folders."""
    tops = {name.partition("/")[0] for name in archive.namelist()}
    return not any(top.endswith(".data") for top in tops)


def plain_files(
    archive: zipfile.ZipFile, left_out: Container[str] = ()
) -> Iterator[tuple[str, zipfile.ZipInfo]]:
    """Yield path and member of every file of a plain wheel, except bytecode.

    Skip paths in *left_out*.  Raises ValueError for a path outside the folder.
    """
    for item in archive.infolist():
        parts = PurePosixPath(item.filename).parts
        if ".." in parts or parts[:1] == ("/",):
            raise ValueError(f"{item.filename} has a path outside the install folder")
        path = "/".join(parts)
        if not (item.is_dir() or "__pycache__" in parts or path in left_out):
            yield path, item


def is_executable(item: zipfile.ZipInfo) -> bool:
    """Return whether anybody may run this file."""
    return bool(item.external_attr >> 16 & 0o111)


def extract(archive: zipfile.ZipFile, folder: Path) -> None:
    """Write every file of a plain wheel below *folder*, except bytecode.

    Raises ValueError for a path outside *folder*.
    """
    for _, item in plain_files(archive):
        path = Path(archive.extract(item, folder))
        # The file of another wheel may have been there, with another mode.
        path.chmod(0o755 if is_executable(item) else 0o644)
