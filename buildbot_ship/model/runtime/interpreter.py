"""Check that a runtime base can run a pex: find its Python, ABI and glibc by files only."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from ..application.layer_plan import PREFIX
from ..artefact import Needs
from ..dockerfile.document import Dockerfile
from ..dockerfile.instruction import Env
from ..filesystem.filesystem import Filesystem
from ..image.base import Base

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""The PATH of a container whose image sets none."""
_PYTHON = re.compile(r"python(3\.\d+)")
_MODULE = re.compile(r".*\.(cpython-[^/]+)\.so")
_LIBC = re.compile(r"(.*/)?libc\.so\.6")


def search_path(base: Base, dockerfile: Dockerfile) -> str:
    """Return the PATH that an image of *dockerfile* on *base* has."""
    return variables_of(base, dockerfile).get("PATH", DEFAULT_PATH)


def variables_of(base: Base, dockerfile: Dockerfile) -> dict[str, str]:
    """Return the variables that an image of *dockerfile* on *base* sets."""
    variables = dict(base.environment)
    for item in dockerfile.instructions:
        if isinstance(item, Env):
            variables.update(item.values)
    return variables


def find_interpreter(needs: Needs, path: str, files: Filesystem) -> str:
    """Return the interpreter for *needs* on a base with these *files*.

    *path* is the PATH.  Links are followed, because Python looks for its library beside the
    real file.  Raises ValueError with the reason if no interpreter meets the needs.
    """
    found = _look_up(f"python{needs.minor}", path, files)
    if found is None:
        there = " and ".join(sorted(minors_of(path, files))) or "none"
        raise ValueError(f"it needs Python {needs.minor} on the PATH, the base has {there}")
    abis = _abis(found, needs.minor, files)
    if needs.abi and abis and needs.abi not in abis:
        raise ValueError(
            f"its wheels are compiled for {needs.abi}, the base has {', '.join(sorted(abis))}"
        )
    if needs.glibc:
        glibc = _glibc(files)
        if glibc is None:
            raise ValueError(f"its wheels need glibc 2.{needs.glibc}, the base has none")
        if glibc < needs.glibc:
            raise ValueError(f"its wheels need glibc 2.{needs.glibc}, the base has 2.{glibc}")
    if files.resolve(PREFIX) != PREFIX.lstrip("/"):
        raise ValueError(f"in the base {PREFIX} is a link to /{files.resolve(PREFIX)}")
    return f"/{files.resolve(found)}"


def _look_up(name: str, path: str, files: Filesystem) -> str | None:
    """Return the first file *name* on the PATH, or None."""
    for folder in path.split(":"):
        found = posixpath.join(folder, name)
        if folder.startswith("/") and files.get(files.resolve(found)) is not None:
            return found
    return None


def default_minor(path: str, files: Filesystem) -> str | None:
    """Return the minor version of ``python3`` on the PATH, None if there is none."""
    found = _look_up("python3", path, files)
    match = _PYTHON.fullmatch(posixpath.basename(files.resolve(found))) if found else None
    if found and match is None:
        # It is no link: another name in its folder tells.
        folder = posixpath.dirname(found)
        return next(iter(sorted(minors_of(folder, files))), None)
    return match[1] if match else None


def minors_of(path: str, files: Filesystem) -> Iterator[str]:
    """Yield the minor version of every Python on the PATH."""
    for name in {posixpath.basename(entry) for entry in files.nodes}:
        match = _PYTHON.fullmatch(name)
        if match and _look_up(name, path, files) is not None:
            yield match[1]


def library_folders(interpreter: str, minor: str, files: Filesystem) -> tuple[str, ...]:
    """Return the possible folders of the standard library of *interpreter*, links followed."""
    top = posixpath.dirname(posixpath.dirname(files.resolve(interpreter)))
    folders = (posixpath.join(top, lib, f"python{minor}") for lib in ("lib", "lib64"))
    return tuple(files.resolve(folder) for folder in folders)


def _abis(interpreter: str, minor: str, files: Filesystem) -> set[str]:
    """Return the ABIs of the extension modules of an interpreter; none if it is static."""
    folders = {
        files.resolve(posixpath.join(folder, "lib-dynload"))
        for folder in library_folders(interpreter, minor, files)
    }
    matches = (_MODULE.fullmatch(path) for path in files.nodes)
    return {m[1] for m in matches if m and posixpath.dirname(m[0]) in folders}


def _glibc(files: Filesystem) -> int | None:
    """Return N of the installed glibc 2.N, or None."""
    found = [files.get(files.resolve(path)) for path in files.nodes if _LIBC.fullmatch(path)]
    return max((int(node.content) for node in found if node and node.content), default=None)
