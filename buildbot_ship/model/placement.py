"""Where the files of a Dockerfile go in its base: docker's rules for COPY and WORKDIR.

Taken from the classic builder, which tests/engine/test_image.py compares with: links
of the base are followed, folders that are missing are made (0755, root), and those
that exist keep their mode and owner.
"""

from __future__ import annotations

import posixpath

import attrs

from ..errors import InvalidFile, Problem
from .dockerfile import Dockerfile
from .filesystem import FILE, FOLDER, Filesystem, Node, parents
from .instruction import Copy, Workdir, is_folder
from .word import Fault


@attrs.frozen
class Placed:
    """A file: the *source* that the Dockerfile names in *line*."""

    source: str
    line: int


@attrs.frozen
class Layout:
    """The content of the new layer by path, without ``/`` in front.

    *folders* are those that were made and those that are over something new.
    """

    files: dict[str, Placed]
    folders: dict[str, Node]


def needs_base(dockerfile: Dockerfile) -> bool:
    """Tell whether `place` has to know what the base holds.

    Not for files with a dot in their name at the top (``COPY twist.pex /``): no base has
    a folder or a link of such a name there.
    """
    for item in dockerfile.instructions:
        if isinstance(item, Workdir):
            return True
        if isinstance(item, Copy):
            folder, name = posixpath.split(item.destination)
            names = [name] if name else map(posixpath.basename, item.sources)
            if folder != "/" or not all("." in name.strip(".") for name in names):
                return True
    return False


def place(dockerfile: Dockerfile, base: Filesystem, work_folder: str) -> Layout:
    """Return where everything goes; *work_folder* is the base's WorkingDir.

    Raises InvalidFile for a file that would have to be a folder, and the reverse.
    """
    placing = _Placing(Filesystem(dict(base.nodes)), work_folder)
    problems = []
    for item in dockerfile.instructions:
        try:
            if isinstance(item, Workdir):
                placing.work_in(item)
            elif isinstance(item, Copy):
                placing.copy(item)
        except ValueError as fault:
            problems.append(Problem(dockerfile.file, item.line, str(fault)))
    if problems:
        raise InvalidFile(tuple(problems))
    return Layout(placing.files, placing.folders)


@attrs.define
class _Placing:
    """The image while its instructions are followed one by one."""

    now: Filesystem
    work_folder: str
    files: dict[str, Placed] = attrs.field(factory=dict)
    folders: dict[str, Node] = attrs.field(factory=dict)

    def work_in(self, item: Workdir) -> None:
        self.work_folder = item.after(self.work_folder)
        path = self._resolve(self.work_folder)
        if self.now.get(path) is None:
            self._make_folder(path)
        elif not self._is_folder(path):
            raise Fault(f"WORKDIR: /{path} is a file: name a folder")

    def copy(self, item: Copy) -> None:
        path = self._resolve(posixpath.join("/", self.work_folder, item.destination))
        inside = is_folder(item.destination) or self._is_folder(path)
        if inside and self.now.get(path) is not None and not self._is_folder(path):
            raise Fault(f"COPY: /{path} is a file: name a folder, or leave the / out")
        for source in item.sources:
            target = posixpath.join(path, posixpath.basename(source)) if inside else path
            self._put(target, Placed(source, item.line))

    def _put(self, path: str, placed: Placed) -> None:
        if self._is_folder(path):
            raise Fault(f"COPY: /{path} is a folder, {placed.source} is a file: rename it")
        self._touch_parents(path)
        self.now.nodes[path] = FILE
        # Taken out first: the file that comes last is the one that stays.
        self.files.pop(path, None)
        self.files[path] = placed

    def _make_folder(self, path: str) -> None:
        self._touch_parents(path)
        self.folders[path] = self.now.nodes[path] = FOLDER

    def _touch_parents(self, path: str) -> None:
        for parent in parents(path):
            node = self.now.nodes.setdefault(parent, FOLDER)
            if not node.is_folder:
                raise Fault(f"/{parent} is a file, and /{path} would be in it: rename one")
            self.folders[parent] = node

    def _resolve(self, path: str) -> str:
        return self.now.resolve(posixpath.normpath(path))

    def _is_folder(self, path: str) -> bool:
        node = self.now.get(path)
        return node is not None and node.is_folder
