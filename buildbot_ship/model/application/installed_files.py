"""What a wheel installs: paths below the prefix of a virtual environment.

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
    """Return the folder of modules of Python *minor* (``3.11``)."""
    return f"lib/python{minor}/site-packages"


def environment_files(minor: str) -> tuple[str, ...]:
    """Return the files of the environment itself; ``lib64`` is a link to ``lib``."""
    return ("pyvenv.cfg", "lib64", "bin/python", "bin/python3", f"bin/python{minor}")


def environment_folders(minor: str) -> tuple[str, ...]:
    """Return the folders that every environment has, the deepest last."""
    return ("bin", "lib", f"lib/python{minor}", site_packages(minor))


def top_of(path: str, minor: str) -> str:
    """Return the first part of *path* that not every environment has.

    Two wheels that share no such part share no path.
    """
    parts = path.split("/")
    folders = environment_folders(minor)
    for count in range(1, len(parts)):
        top = "/".join(parts[:count])
        if top not in folders:
            return top
    return path


def read_listing(archive: ZipFile, file: str, minor: str) -> dict[str, Any]:
    """Return the record of what the wheel called *file* installs.

    ``{"tops": [...], "digest": ...}``: where its files begin, and a digest of all paths.
    Its own dist-info is left out: no other wheel has it.
    """
    paths = sorted(installed(archive, file, minor))
    digest = hashlib.sha256("\n".join(paths).encode()).hexdigest()
    return {"tops": sorted({top_of(path, minor) for path in paths}), "digest": digest}


def installed(archive: ZipFile, file: str, minor: str) -> dict[str, str]:
    """Return what a wheel installs: by path its member, or what its console script calls."""
    names = [name for name in archive.namelist() if not name.endswith("/")]
    info = next((name.partition("/")[0] for name in names if _is_metadata(name)), "")
    found = {}
    for name in names:
        path = _path(name, file.partition("-")[0], minor)
        if path and not name.startswith(f"{info}/") and BYTECODE not in name.split("/"):
            found[path] = name
    return found | dict(_scripts(archive, info))


def digest_of_installed(archive: ZipFile, source: str) -> str:
    """Return what stands for the content of one value of `installed`.

    RECORD is not asked: nothing holds a wheel to what it says.
    """
    if source.startswith(_SCRIPT):
        return source
    digest = hashlib.sha256()
    with archive.open(source) as member:
        while chunk := member.read(_CHUNK):
            digest.update(chunk)
    return f"sha256:{digest.hexdigest()}"


def in_environment(path: str) -> str:
    """Return where a data file lies in an environment, whose ``lib64`` is ``lib``."""
    return f"lib/{path.removeprefix('lib64/')}" if path.startswith("lib64/") else path


def _is_metadata(name: str) -> bool:
    return name.endswith(".dist-info/METADATA") and name.count("/") == 1


def _path(member: str, distribution: str, minor: str) -> str:
    """Return where a member of a wheel is installed; nothing where no installer puts it."""
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
    """Return *path* below *folder*; nothing where it leads out of it."""
    plain = posixpath.normpath(path)
    if plain.startswith(("/", "../")) or plain in (".", ".."):
        return ""
    return posixpath.join(folder, plain)


def _scripts(archive: ZipFile, info: str) -> Iterable[tuple[str, str]]:
    """Yield path and source of every console script that is made of an entry point."""
    name = f"{info}/entry_points.txt"
    if name not in archive.NameToInfo:
        return
    for point in _entry_points(archive.read(name).decode()):
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

    points = Metadata().entry_points
    for group in SCRIPT_GROUPS:
        yield from points.select(group=group)
