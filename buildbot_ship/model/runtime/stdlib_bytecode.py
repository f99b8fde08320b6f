"""Find the standard library modules of a base image that have no bytecode.

Docker's official Python images omit it to be smaller
(https://github.com/docker-library/python/issues/615).  A process that cannot write there then
compiles every imported module at each start.
"""

from __future__ import annotations

import posixpath
import stat
from collections.abc import Iterator

import attrs

from ..cache_key import key
from ..filesystem.filesystem import FOLDER, Filesystem, Node, parents
from .interpreter import library_folders
from .left_out import LEFT_OUT

_CACHE = "__pycache__"
_MARK = "os.py"


@attrs.frozen
class Folder:
    """A folder of the base image; the layer repeats its owner and *mode*, without type bits."""

    path: str
    mode: int
    uid: int
    gid: int


@attrs.frozen
class Library:
    """The *modules* at *path* without bytecode, and the existing *folders* above them.

    Modules are relative to *path*; folders and *path* have no leading ``/``.
    """

    path: str = ""
    modules: tuple[str, ...] = ()
    folders: tuple[Folder, ...] = ()

    @property
    def identity(self) -> str:
        """Return the cache key input for these modules; empty if there are none."""
        return key("library", **attrs.asdict(self)) if self.modules else ""


def find_library(interpreter: str, minor: str, files: Filesystem) -> Library:
    """Return the modules without bytecode of *interpreter*, a Python *minor*."""
    for path in library_folders(interpreter, minor, files):
        if files.get(posixpath.join(path, _MARK)) is not None:
            modules = sorted(_modules(path, files))
            return Library(path, tuple(modules), tuple(_folders(path, modules, files)))
    return Library()


def _modules(top: str, files: Filesystem) -> Iterator[str]:
    """Yield the modules below *top* without bytecode."""
    compiled = {_source(path) for path in files.nodes if path.endswith(".pyc")}
    for path, node in files.nodes.items():
        module = path.endswith(".py") and path.startswith(f"{top}/")
        if module and _is_source(path, node, files):
            name = path.removeprefix(f"{top}/")
            if path not in compiled and LEFT_OUT.isdisjoint(name.split("/")):
                yield name


def _is_source(path: str, node: Node, files: Filesystem) -> bool:
    """Return whether *path* is a file or a link to one, like Debian's ``sitecustomize.py``."""
    found = files.get(files.resolve(path)) if node.is_link else node
    return found is not None and stat.S_ISREG(found.mode)


def _source(path: str) -> str:
    """Return the module whose bytecode is at *path* (PEP 3147)."""
    folder, name = posixpath.split(path)
    return posixpath.join(posixpath.dirname(folder), f"{name.split('.')[0]}.py")


def _folders(top: str, modules: list[str], files: Filesystem) -> Iterator[Folder]:
    """Yield the folders above the bytecode of *modules*; a layer must contain their modes."""
    caches = {posixpath.join(top, posixpath.dirname(module), _CACHE, "x") for module in modules}
    for path in sorted({over for cache in caches for over in parents(cache)}):
        node = files.get(path)
        if node is None and posixpath.basename(path) == _CACHE:
            continue
        node = node or FOLDER
        yield Folder(path, stat.S_IMODE(node.mode), node.uid, node.gid)
