"""Place the files of COPY and WORKDIR in the image, by the rules of docker's classic builder.

Links of the base image are followed.  Missing folders are created (0755).  Existing folders
keep mode and owner, unless a copied folder replaces them.  tests/engine/test_image_copy.py
compares the results with the classic builder.
"""

from __future__ import annotations

import posixpath
import stat

import attrs

from ...errors import InvalidFile, Problem
from ..dockerfile.copy import Copy, is_folder
from ..dockerfile.document import Dockerfile
from ..dockerfile.instruction import Workdir
from ..dockerfile.words import Fault
from .build_context import Context
from .filesystem import FILE, FOLDER, Filesystem, Node, parents
from .owner import find_owner, is_numeric


@attrs.frozen
class Placed:
    """A placed file or link: its *source* in the context, and the *line* of the Dockerfile.

    *mode* overrides the mode of the file; a link has a *target*.  A *pex* is not in the commit.
    """

    source: str
    line: int
    uid: int = 0
    gid: int = 0
    mode: int | None = None
    target: str = ""
    pex: bool = False


@attrs.frozen
class Layout:
    """The content of the new layer by path, without a leading ``/``.

    *folders* are the created folders, and the parents of everything new.
    """

    files: dict[str, Placed]
    folders: dict[str, Node]


def needs_base(dockerfile: Dockerfile, context: Context) -> bool:
    """Return whether `place` needs the files of the base image.

    It does not for files with a dot in their name at the top (``COPY twist.pex /``), because
    no base image has a folder or link with such a name there.
    """
    for item in dockerfile.instructions:
        if isinstance(item, Workdir):
            return True
        if isinstance(item, Copy) and not _plain(item, context):
            return True
    return False


def _plain(item: Copy, context: Context) -> bool:
    nodes = [context.get(source) for source in item.sources]
    folder, name = posixpath.split(item.destination)
    names = [name] if name else map(posixpath.basename, item.sources)
    return (
        folder == "/"
        and is_numeric(item.owner)
        and all(node is not None and stat.S_ISREG(node.mode) for node in nodes)
        and all("." in name.strip(".") for name in names)
    )


def place(
    dockerfile: Dockerfile, context: Context, base: Filesystem, work_folder: str
) -> Layout:
    """Return the layout of the new layer; *work_folder* is the base's WorkingDir.

    Raises InvalidFile for a file in the place of a folder and the reverse, for links that leave
    the context, and for an owner that the base image lacks.
    """
    placing = _Placement(context, Filesystem(dict(base.nodes)), work_folder)
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
class _Placement:
    """The state of the image while the instructions are applied one by one."""

    context: Context
    now: Filesystem
    work_folder: str
    files: dict[str, Placed] = attrs.field(factory=dict)
    folders: dict[str, Node] = attrs.field(factory=dict)

    def work_in(self, item: Workdir) -> None:
        self.work_folder = item.after(self.work_folder)
        path = self._resolve(self.work_folder)
        if self.now.get(path) is None:
            self._make_folder(path, FOLDER)
        elif not self._is_folder(path):
            raise Fault(f"WORKDIR: /{path} is a file: name a folder")

    def copy(self, item: Copy) -> None:
        path = self._resolve(posixpath.join("/", self.work_folder, item.destination))
        found = [name for source in item.sources for name in self.context.find(source)]
        if len(found) > 1 and not is_folder(item.destination):
            raise Fault(f"COPY: {item.destination} gets {len(found)} items: end it with /")
        uid, gid = find_owner(item.owner, self.now)
        pexes = self.context.pexes.intersection(item.sources)
        for source in found:
            if source in pexes:
                placed = Placed(source, item.line, uid, gid, item.mode, pex=True)
                self._copy_file(path, source, placed, item)
                continue
            real = self.context.resolve("" if source == "." else source)
            node = self.context.inside.get(real)
            placed = Placed(real, item.line, uid, gid, item.mode)
            if node is not None and node.is_folder:
                self._copy_folder(path, placed)
            else:
                self._copy_file(path, posixpath.basename(source), placed, item)

    def _copy_file(self, path: str, name: str, placed: Placed, item: Copy) -> None:
        inside = is_folder(item.destination) or self._is_folder(path)
        if inside and self.now.get(path) is not None and not self._is_folder(path):
            raise Fault(f"COPY: /{path} is a file: name a folder, or remove the /")
        target = posixpath.join(path, name) if inside else path
        # Docker creates the parents of a file with the owner of the file, those of a folder
        # with root.
        made = attrs.evolve(FOLDER, uid=placed.uid, gid=placed.gid)
        self._touch_parents(target, made)
        self._put(target, placed)

    def _copy_folder(self, path: str, placed: Placed) -> None:
        mode = stat.S_IFDIR | (0o755 if placed.mode is None else placed.mode)
        folder = Node(mode, placed.uid, placed.gid)
        if self.now.get(path) is None:
            self._make_folder(path, folder)
        elif not self._is_folder(path):
            raise Fault(f"COPY: /{path} is a file, {placed.source or '.'} is a folder: rename")
        start = len(placed.source) + 1 if placed.source else 0
        for source, node in self.context.below(placed.source):
            target = posixpath.join(path, source[start:])
            if node.is_folder:
                self._merge_folder(target, source, folder)
                continue
            if node.is_link:
                self.context.check(source)
            self._touch_parents(target, FOLDER)
            self._put(target, attrs.evolve(placed, source=source, target=node.target))

    def _merge_folder(self, path: str, source: str, folder: Node) -> None:
        there = self.now.get(path)
        if there is not None and not there.is_folder:
            what = "a link" if there.is_link else "a file"
            raise Fault(f"COPY: /{path} is {what}, {source} is a folder: copy its content")
        self._make_folder(path, folder)

    def _put(self, path: str, placed: Placed) -> None:
        if self._is_folder(path):
            raise Fault(f"COPY: /{path} is a folder, {placed.source} is a file: rename it")
        node = Node(stat.S_IFLNK | 0o777, target=placed.target) if placed.target else FILE
        self.now.nodes[path] = node
        # Remove it first, so that the order is that of the last copies.
        self.files.pop(path, None)
        self.files[path] = placed

    def _make_folder(self, path: str, folder: Node) -> None:
        self._touch_parents(path, FOLDER)
        self.folders[path] = self.now.nodes[path] = folder

    def _touch_parents(self, path: str, made: Node) -> None:
        for parent in parents(path):
            node = self.now.nodes.setdefault(parent, made)
            if not node.is_folder:
                raise Fault(f"/{parent} is a file, and /{path} would be in it: rename one")
            self.folders[parent] = node

    def _resolve(self, path: str) -> str:
        return self.now.resolve(posixpath.normpath(path))

    def _is_folder(self, path: str) -> bool:
        node = self.now.get(path)
        return node is not None and node.is_folder
