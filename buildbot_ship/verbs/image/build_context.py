"""The build context of an image: the files of the commit, and its verified pexes."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import IO

import attrs

from ...errors import FileMissing, LimitExceeded, OutputMissing
from ...model.artefact import Layer, Pex
from ...model.dockerfile.copy import Copy
from ...model.dockerfile.document import Dockerfile
from ...model.filesystem.build_context import EXECUTABLE, FILE, Context, link, missing
from ...model.filesystem.filesystem import Node, parents
from ...model.filesystem.path_pattern import IGNORE_FILE, NOTHING, Ignored
from ...model.filesystem.placement import Layout
from ...model.image.assemble import Labels
from ...model.image.base import Base
from ...model.image.layer import Member, file_mode
from ...source.interface import Tree, TreeEntry
from ...store.work_folder import Work
from ..shared.files import digest_of_file, expect, opener

MAX_BYTES = 1024**3
"""Limit of the files of one image or build context together, in bytes, pexes included."""


@attrs.frozen
class Contents:
    """The sources of COPY: the tree without what .dockerignore excludes, and pexes by name."""

    context: Context
    tree: Tree
    entries: dict[str, TreeEntry]
    ignored: Ignored
    pexes: dict[str, Path]
    records: tuple[Pex, ...] = ()

    def file(self, path: str, source: str, node: Node) -> Member:
        """Return the layer member *path* with the file *source* of the commit.

        Raises FileMissing, SubmoduleMissing.
        """
        entry = self.entries.get(source)
        if entry is None:
            raise FileMissing(source, f"commit {self.tree.commit[:12]}")
        if entry.fault is not None:
            raise entry.fault
        content = partial(_open, self.tree, source)
        return _member(path, node, entry.size, entry.identity, content)

    def pex(self, path: str, name: str, node: Node) -> Member:
        """Return the layer member *path* with the pex *name*."""
        record = next(record for record in self.records if record.name == name)
        return _member(path, node, record.size, record.digest, opener(self.pexes[name]))


def _member(
    path: str, node: Node, size: int, identity: str, content: Callable[[], IO[bytes]]
) -> Member:
    mode = stat.S_IMODE(node.mode)
    return Member(path, mode, size, content, node.uid, node.gid, identity=identity)


@attrs.frozen
class ImageInputs:
    """Everything that an image is made of; *secrets* are for lines that mount some, or None."""

    dockerfile: Dockerfile
    base: Base
    contents: Contents
    labels: Labels
    secrets: Mapping[str, str] | None = attrs.field(default=None, repr=False)

    @property
    def pex_layers(self) -> tuple[Layer, ...]:
        """Return the layers of all layered pexes, each once."""
        records = self.contents.records
        layers = {layer.digest: layer for record in records for layer in record.layers}
        return tuple(layers.values())


def is_layered(record: Pex) -> bool:
    """Return true for a layered pex, which needs a virtual environment to run."""
    return record.needs is not None


def _open(tree: Tree, path: str) -> IO[bytes]:
    file = tree.read(path)
    if file is None:
        raise FileMissing(path, f"commit {tree.commit[:12]}")
    return file.open()


def read_context(dockerfile: Dockerfile, tree: Tree, work: Work) -> Contents:
    """Return the build context of *dockerfile*.

    A pex of this commit that *dockerfile* copies takes precedence over a file of the same name.
    Other pexes are not in the context: otherwise the order of builds would matter.  Raises
    OutputMissing for a pex without a file, and DigestMismatch for one with another digest.
    """
    records = tuple(_records(dockerfile, tree, work))
    pexes = {record.name: _verified(record, work) for record in records}
    return read_tree_context(tree, pexes, records)


def read_tree_context(
    tree: Tree, pexes: Mapping[str, Path] | None = None, records: tuple[Pex, ...] = ()
) -> Contents:
    """Return the tree without what .dockerignore excludes, and with *pexes*."""
    pexes = dict(pexes or {})
    ignore = tree.read(IGNORE_FILE)
    ignored = NOTHING if ignore is None else Ignored.read(ignore.data)
    nodes: dict[str, Node] = {}
    entries = dict(tree.entries())
    for path, entry in entries.items():
        nodes[path] = EXECUTABLE if entry.executable else FILE
        if entry.target:
            nodes[path] = link(entry.target)
    inside = Context.of(nodes.items(), ignored).inside
    context = Context(inside, frozenset(pexes))
    return Contents(context, tree, entries, ignored, pexes, records)


def _records(dockerfile: Dockerfile, tree: Tree, work: Work) -> Iterator[Pex]:
    for name in sorted({source.removeprefix("./") for source in dockerfile.copied}):
        with suppress(OutputMissing):
            if "/" not in name:
                yield work.find(Pex, tree.commit, name)


def _verified(record: Pex, work: Work) -> Path:
    """Return the file of a pex.  Raises OutputMissing, DigestMismatch."""
    path = work.pex(record.name)
    if not path.is_file():
        raise OutputMissing(f"pex {record.name}", "BuildPex")
    expect(f"pex {record.name}", record.digest, digest_of_file(path))
    return path


def require_sources(dockerfile: Dockerfile, contents: Contents) -> None:
    """Raise FileMissing with all sources of COPY that do not exist.

    Raise SubmoduleMissing for a source in a submodule that is not checked out.
    """
    copies = [item for item in dockerfile.instructions if isinstance(item, Copy)]
    found = missing(copies, contents.context)
    if not found:
        return
    for _, source in found:
        for folder in parents(source):
            if (entry := contents.entries.get(folder)) is not None and entry.fault is not None:
                raise entry.fault
    names = ", ".join(sorted({source for _, source in found}))
    lines = ", ".join(str(line) for line in sorted({line for line, _ in found}))
    where = f"commit {contents.tree.commit[:12]}, nor a pex made for it"
    if any(source in contents.ignored for _, source in found):
        where += f" ({IGNORE_FILE} leaves it out)"
    raise FileMissing(f"{dockerfile.file}:{lines}: {names}", where)


def layer_members(layout: Layout, contents: Contents) -> list[Member]:
    """Return the members of the layer of copied files.  Raises LimitExceeded, FileMissing."""
    members = [
        Member(path, stat.S_IMODE(node.mode), uid=node.uid, gid=node.gid)
        for path, node in layout.folders.items()
    ]
    for path, placed in layout.files.items():
        if placed.target:
            members.append(Member(path, 0o777, 0, None, placed.uid, placed.gid, placed.target))
            continue
        runs = placed.pex or contents.context.inside.nodes[placed.source] == EXECUTABLE
        mode = file_mode(runs) if placed.mode is None else placed.mode
        node = Node(stat.S_IFREG | mode, placed.uid, placed.gid)
        take = contents.pex if placed.pex else contents.file
        members.append(take(path, placed.source, node))
    return _within_limit(members)


def context_members(contents: Contents, dockerfile: Dockerfile) -> list[Member]:
    """Return the whole build context for the engine, with pexes and the Dockerfile.

    Raises LimitExceeded.
    """
    nodes = dict(contents.context.inside.nodes)
    pexes = [contents.pex(name, name, EXECUTABLE) for name in contents.context.pexes]
    for path in (dockerfile.file, IGNORE_FILE):
        # The engine must read both; it excludes them itself if .dockerignore does.
        if path not in nodes and contents.tree.read(path) is not None:
            nodes = {**Context.of([(path, FILE)]).inside.nodes, **nodes}
    members = pexes
    for path, node in nodes.items():
        if path in contents.context.pexes:
            continue
        if node.is_link:
            members.append(Member(path, 0o777, target=node.target))
        elif node.is_folder:
            members.append(Member(path, 0o755))
        else:
            members.append(contents.file(path, path, node))
    return _within_limit(sorted(members, key=lambda member: member.path.split("/")))


def _within_limit(members: list[Member]) -> list[Member]:
    if sum(member.size for member in members) > MAX_BYTES:
        raise LimitExceeded("the files that COPY takes from the commit", f"{MAX_BYTES} bytes")
    return members


def not_reproducible(dockerfile: Dockerfile) -> str:
    """Return the note for the summary of an image that the engine builds."""
    first = min(dockerfile.engine_only, key=lambda item: item.line)
    return f"not reproducible: {first.word} in {dockerfile.file}:{first.line}"
