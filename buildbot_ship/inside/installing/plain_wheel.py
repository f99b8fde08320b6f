"""Wheels whose files all lie in one folder, as most do: taken out as they are.

An installer does the same and more: it hashes every file for a RECORD that the wheel has
already (PEP 427).
"""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Container, Iterator
from pathlib import Path, PurePosixPath

MINOR = f"python{sys.version_info.major}.{sys.version_info.minor}"


def site_packages(prefix: str) -> str:
    """Return the folder of modules below *prefix*."""
    return f"{prefix}/lib/{MINOR}/site-packages"


def is_plain(archive: zipfile.ZipFile) -> bool:
    """Tell whether a wheel has no ``.data`` folder, of which files go elsewhere."""
    tops = {name.partition("/")[0] for name in archive.namelist()}
    return not any(top.endswith(".data") for top in tops)


def extract(
    archive: zipfile.ZipFile, folder: Path, left_out: Container[str] = ()
) -> Iterator[str]:
    """Write every file of a plain wheel below *folder*, but for bytecode; yield its path.

    Paths in *left_out* are not written.  Raises ValueError for one that would lie elsewhere.
    """
    for item in archive.infolist():
        parts = PurePosixPath(item.filename).parts
        if ".." in parts or parts[:1] == ("/",):
            raise ValueError(f"{item.filename} leads out of it")
        if item.is_dir() or "__pycache__" in parts or "/".join(parts) in left_out:
            continue
        path = Path(archive.extract(item, folder))
        # Another wheel's file may have been there, with a mode of its own.
        path.chmod(0o755 if item.external_attr >> 16 & 0o111 else 0o644)
        yield path.relative_to(folder).as_posix()
