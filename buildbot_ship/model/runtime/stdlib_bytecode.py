"""The standard library of a base that has it without bytecode, as the hub's own images do.

They leave it out to be smaller (https://github.com/docker-library/python/issues/615), and
whoever starts there without the right to write compiles what is imported at every start.
"""

from __future__ import annotations

import posixpath
import stat
from collections.abc import Iterator

import attrs

from ..cache_key import key
from ..filesystem.filesystem import FOLDER, Filesystem, Node, parents
from .interpreter import LEFT_OUT, library_folders

_CACHE = "__pycache__"
_MARK = "os.py"


@attrs.frozen
class Folder:
    """A folder of the base, which keeps its *mode*, without type bits, and its owner."""

    path: str
    mode: int
    uid: int
    gid: int


@attrs.frozen
class Library:
    """The *modules* at *path* that lack bytecode, and the *folders* over it that are there.

    Modules are named below *path*; folders and *path* have no ``/`` in front.
    """

    path: str = ""
    modules: tuple[str, ...] = ()
    folders: tuple[Folder, ...] = ()

    @property
    def identity(self) -> str:
        """Return what stands for all of it in a key, empty where no module lacks anything."""
        return key("library", **attrs.asdict(self)) if self.modules else ""


def find_library(interpreter: str, minor: str, files: Filesystem) -> Library:
    """Return what the library of the file *interpreter*, a Python *minor*, lacks."""
    for path in library_folders(interpreter, minor, files):
        if files.get(posixpath.join(path, _MARK)) is not None:
            modules = sorted(_modules(path, files))
            return Library(path, tuple(modules), tuple(_folders(path, modules, files)))
    return Library()


def _modules(top: str, files: Filesystem) -> Iterator[str]:
    """Yield the modules below *top* that have no bytecode."""
    compiled = {_source(path) for path in files.nodes if path.endswith(".pyc")}
    for path, node in files.nodes.items():
        module = path.endswith(".py") and path.startswith(f"{top}/")
        if module and _is_source(path, node, files):
            name = path.removeprefix(f"{top}/")
            if path not in compiled and LEFT_OUT.isdisjoint(name.split("/")):
                yield name


def _is_source(path: str, node: Node, files: Filesystem) -> bool:
    """Tell whether *path* is a file, or a link to one, as Debian's ``sitecustomize.py``."""
    found = files.get(files.resolve(path)) if node.is_link else node
    return found is not None and stat.S_ISREG(found.mode)


def _source(path: str) -> str:
    """Return the module whose bytecode is at *path* (PEP 3147)."""
    folder, name = posixpath.split(path)
    return posixpath.join(posixpath.dirname(folder), f"{name.split('.')[0]}.py")


def _folders(top: str, modules: list[str], files: Filesystem) -> Iterator[Folder]:
    """Yield what is over the bytecode of *modules*; a layer says of each folder what it is."""
    caches = {posixpath.join(top, posixpath.dirname(module), _CACHE, "x") for module in modules}
    for path in sorted({over for cache in caches for over in parents(cache)}):
        node = files.get(path)
        if node is None and posixpath.basename(path) == _CACHE:
            continue
        node = node or FOLDER
        yield Folder(path, stat.S_IMODE(node.mode), node.uid, node.gid)
