"""List the files that a wheel installs, below the prefix of a virtual environment.

Formats: https://packaging.python.org/specifications/binary-distribution-format/ and
https://packaging.python.org/specifications/entry-points/.

Only the standard library is used: ``inside/installing/installed_files.py`` is a link to this.
"""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zipfile import ZipFile

SCRIPT_GROUPS = ("console_scripts", "gui_scripts")
BYTECODE = "__pycache__"
_SCRIPT = "script of "
_CHUNK = 1 << 20


def site_packages(minor: str) -> str:
    """Return the site-packages folder of Python *minor* (``3.11``)."""
    return f"lib/python{minor}/site-packages"


def environment_files(minor: str) -> tuple[str, ...]:
    """Return the files of the environment itself; ``lib64`` is a link to ``lib``."""
    return ("pyvenv.cfg", "lib64", "bin/python", "bin/python3", f"bin/python{minor}")


def environment_folders(minor: str) -> tuple[str, ...]:
    """Return the folders of every environment, the deepest last."""
    return ("bin", "lib", f"lib/python{minor}", site_packages(minor))


def top_of(path: str, minor: str) -> str:
    """Return the topmost folder or file of *path* that is not in every environment.

    Two wheels without a common top have no common path.
    """
    parts = path.split("/")
    folders = environment_folders(minor)
    for count in range(1, len(parts)):
        top = "/".join(parts[:count])
        if top not in folders:
            return top
    return path


def read_listing(archive: ZipFile, file: str, minor: str) -> dict[str, Any]:
    """Return the listing of the wheel *file*: ``{"tops": [...], "digest": ...}``.

    These are the tops of its paths, and a digest of all paths.  The dist-info of the wheel is
    left out, because no other wheel has it.
    """
    paths = sorted(installed(archive, file, minor))
    digest = hashlib.sha256("\n".join(paths).encode()).hexdigest()
    return {"tops": sorted({top_of(path, minor) for path in paths}), "digest": digest}


def installed(archive: ZipFile, file: str, minor: str) -> dict[str, str]:
    """Return the installed paths, each with its member, or the target of its console script."""
    names = [name for name in archive.namelist() if not name.endswith("/")]
    info = next((name.partition("/")[0] for name in names if _is_metadata(name)), "")
    found = {}
    for name in names:
        path = _path(name, file.partition("-")[0], minor)
        if path and not name.startswith(f"{info}/") and BYTECODE not in name.split("/"):
            found[path] = name
    return found | dict(_scripts(archive, info))


def digest_of_installed(archive: ZipFile, source: str) -> str:
    """Return a digest of the content for one value of `installed`.

    The hashes in RECORD are not used, because they may be wrong.
    """
    if source.startswith(_SCRIPT):
        return source
    digest = hashlib.sha256()
    with archive.open(source) as member:
        while chunk := member.read(_CHUNK):
            digest.update(chunk)
    return f"sha256:{digest.hexdigest()}"


def in_environment(path: str) -> str:
    """Return the path of a data file in an environment, where ``lib64`` is ``lib``."""
    return f"lib/{path.removeprefix('lib64/')}" if path.startswith("lib64/") else path


def _is_metadata(name: str) -> bool:
    return name.endswith(".dist-info/METADATA") and name.count("/") == 1


def _path(member: str, distribution: str, minor: str) -> str:
    """Return the installed path of a member; empty if installers skip it."""
    top, _, rest = member.partition("/")
    scheme, _, below = rest.partition("/")
    site = site_packages(minor)
    if not (top.endswith(".data") and below):
        return _join(site, member)
    if scheme == "data":
        return in_environment(_join("", below))
    folders = {
        "purelib": site,
        "platlib": site,
        "scripts": "bin",
        "headers": f"include/site/python{minor}/{distribution}",
    }
    return _join(folders[scheme], below) if scheme in folders else ""


def _join(folder: str, path: str) -> str:
    """Return *path* below *folder*; empty if it leads out of the folder."""
    plain = posixpath.normpath(path)
    if plain.startswith(("/", "../")) or plain in (".", ".."):
        return ""
    return posixpath.join(folder, plain)


def _scripts(archive: ZipFile, info: str) -> Iterable[tuple[str, str]]:
    """Yield path and source of every console script from an entry point."""
    name = f"{info}/entry_points.txt"
    if name not in archive.NameToInfo:
        return
    for point in _entry_points(archive.read(name).decode()):
        if "/" in point.name or "\0" in point.name or point.name in ("", ".", ".."):
            raise ValueError("entry_points.txt has a script with a path as its name")
        target = "".join(point.value.partition("[")[0].split())
        yield f"bin/{point.name}", _SCRIPT + target


def _entry_points(text: str) -> Iterator[Any]:
    # Imported late: few wheels have scripts, and few verbs read wheels.
    from importlib.metadata import Distribution  # noqa: PLC0415

    class Metadata(Distribution):
        def read_text(self, filename: str) -> str | None:
            return text if filename == "entry_points.txt" else None

        def locate_file(self, path: Any) -> Any:
            return path

    try:
        points = Metadata().entry_points
    except TypeError:
        # A line without =, or one before the first section.
        raise ValueError("entry_points.txt is damaged") from None
    except ValueError as error:
        # Since Python 3.15 all entry points are checked when they are read.
        raise ValueError(f"entry_points.txt names no object: {error.args[-1]}") from None
    for group in SCRIPT_GROUPS:
        yield from points.select(group=group)
