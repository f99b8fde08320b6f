"""Read the files of a base image: paths, modes, owners and links from its layers.

Without them, a file at ``/lib/x`` could replace the link ``/lib``, or ``/tmp`` could lose its
mode.  The content of files is skipped, except users, groups and the loader's configuration.
Format of layers and of whiteouts: https://github.com/opencontainers/image-spec/blob/main/layer.md.
"""

from __future__ import annotations

import posixpath
import re
import stat
import tarfile
from collections.abc import Iterable, Iterator

import attrs

from ..image.layer_stream import DamagedLayer, Unpacked
from ..tar_stream import read_members

_WHITEOUT, _OPAQUE = ".wh.", ".wh..wh..opq"
_MAX_LINKS = 255
PASSWD, GROUP = "etc/passwd", "etc/group"
"""The files with users and groups, whose content is kept."""
LOADER = re.compile(r"etc/(ld\.so\.conf(\.d/[^/]+\.conf)?|ld-musl-[^/]+\.path)")
"""The configuration of the dynamic loader, whose content is kept."""
_LIBC = re.compile(r"(.*/)?libc(-2\.\d+)?\.so(\.6)?")
_GLIBC = re.compile(rb"GLIBC_2\.(\d+)[.\0]")
_MAX_CONTENT = 16 << 20


@attrs.frozen
class Node:
    """One entry: *mode* with type bits (`stat`), owner, and the *target* of a link.

    Only a few files have *content*.  The content of a glibc is N, for version 2.N.
    """

    mode: int
    uid: int = 0
    gid: int = 0
    target: str = ""
    content: str = ""

    @property
    def is_folder(self) -> bool:
        """Return whether the entry is a folder."""
        return stat.S_ISDIR(self.mode)

    @property
    def is_link(self) -> bool:
        """Return whether the entry is a symbolic link."""
        return stat.S_ISLNK(self.mode)


FOLDER, FILE = Node(stat.S_IFDIR | 0o755), Node(stat.S_IFREG | 0o644)


@attrs.frozen
class Filesystem:
    """Entries by path, without a leading ``/``; the top is ``""``, and a folder."""

    nodes: dict[str, Node] = attrs.field(factory=dict)

    def get(self, path: str) -> Node | None:
        """Return the entry at *path*, without following links."""
        return self.nodes.get(path) if path else FOLDER

    def resolve(self, path: str) -> str:
        """Return *path* with all links followed; it need not exist.

        Links never leave the image.  Raises ValueError if they form a cycle.
        """
        todo = [part for part in path.split("/") if part][::-1]
        done: list[str] = []
        links = 0
        while todo:
            part = todo.pop()
            if part in (".", ".."):
                del done[len(done) - (part == "..") :]
                continue
            node = self.nodes.get("/".join([*done, part]))
            if node is None or not node.is_link:
                done.append(part)
                continue
            links += 1
            if links > _MAX_LINKS:
                raise ValueError(f"the links of /{path} form a cycle")
            done = [] if node.target.startswith("/") else done
            todo += [part for part in node.target.split("/") if part][::-1]
        return "/".join(done)

    def with_layer(self, chunks: Iterable[bytes]) -> Filesystem:
        """Return the files after applying a layer: a tar, maybe compressed, in *chunks*.

        All chunks are read.  Raises ValueError for a malformed layer, LimitExceeded for a too
        large one, and ExtraMissing.
        """
        upper: dict[str, Node] = {}
        gone: set[str] = set()
        emptied: set[str] = set()
        for path, node in _entries(chunks):
            folder, name = posixpath.split(path)
            if name == _OPAQUE:
                emptied.add(folder)
            elif name.startswith(_WHITEOUT):
                gone.add(posixpath.join(folder, name.removeprefix(_WHITEOUT)))
            else:
                upper[path] = node
        gone |= {path for path, node in upper.items() if not node.is_folder}
        kept = {path: node for path, node in self.nodes.items() if _kept(path, gone, emptied)}
        return Filesystem({**kept, **upper})


def parents(path: str) -> list[str]:
    """Return the folders above *path*, the topmost first, without the top itself.

    >>> parents("usr/lib/x")
    ['usr', 'usr/lib']
    """
    return [path[:index] for index, char in enumerate(path) if char == "/"]


def _kept(path: str, gone: set[str], emptied: set[str]) -> bool:
    over = parents(path)
    return gone.isdisjoint([path, *over]) and emptied.isdisjoint(["", *over])


def _entries(chunks: Iterable[bytes]) -> Iterator[tuple[str, Node]]:
    stream = Unpacked(chunks)
    try:
        for archive, member in read_members(stream):
            path = posixpath.normpath(member.name).lstrip("/")
            if path not in (".", ""):
                yield path, _with_content(_node(member), path, member, archive)
        stream.drain()
    except (tarfile.TarError, DamagedLayer) as error:
        raise ValueError(f"one of its layers cannot be read ({error})") from None


def _node(member: tarfile.TarInfo) -> Node:
    mode = stat.S_IMODE(member.mode)
    if member.isdir():
        return Node(stat.S_IFDIR | mode, member.uid, member.gid)
    if member.issym():
        return Node(stat.S_IFLNK | mode, member.uid, member.gid, member.linkname)
    return Node(stat.S_IFREG | mode, member.uid, member.gid)


def _with_content(
    node: Node, path: str, member: tarfile.TarInfo, archive: tarfile.TarFile
) -> Node:
    libc = _LIBC.fullmatch(path) is not None
    wanted = libc or path in (PASSWD, GROUP) or LOADER.fullmatch(path)
    known = wanted and member.size <= _MAX_CONTENT
    file = archive.extractfile(member) if known and member.isreg() else None
    if file is None:
        return node
    data = file.read()
    if libc:
        newest = max(map(int, _GLIBC.findall(data)), default="")
        return attrs.evolve(node, content=str(newest))
    return attrs.evolve(node, content=data.decode("utf-8", "surrogateescape"))
