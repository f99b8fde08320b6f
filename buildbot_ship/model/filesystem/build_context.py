"""The build context of COPY: files and links of a commit, without those in .dockerignore.

A folder is in the context if a file is in it, even if .dockerignore excludes all its files.
"""

from __future__ import annotations

import posixpath
import stat
from collections.abc import Iterable, Iterator

import attrs

from ..dockerfile.copy import Copy
from ..dockerfile.words import Fault
from .filesystem import FOLDER, Filesystem, Node, parents
from .path_pattern import NOTHING, Ignored, copy_pattern, is_pattern

FILE, EXECUTABLE = Node(stat.S_IFREG | 0o644), Node(stat.S_IFREG | 0o755)


def link(target: str) -> Node:
    """Return a symbolic link to *target*."""
    return Node(stat.S_IFLNK | 0o777, target=target)


@attrs.frozen
class Context:
    """The build context by path; its top is ``.``.

    *pexes* are files at the top that COPY must name: folders and patterns do not include them.
    """

    inside: Filesystem
    pexes: frozenset[str] = frozenset()

    @classmethod
    def of(cls, nodes: Iterable[tuple[str, Node]], ignored: Ignored = NOTHING) -> Context:
        """Return the context of files and links, without those that are *ignored*."""
        found: dict[str, Node] = {}
        for path, node in nodes:
            kept = path not in ignored
            if kept:
                found[path] = node
            over = [parent for parent in parents(path) if kept or parent not in ignored]
            found |= dict.fromkeys(over, FOLDER)
        return cls(Filesystem(dict(sorted(found.items(), key=lambda item: item[0].split("/")))))

    def find(self, source: str) -> list[str]:
        """Return the paths that a source of COPY names, with links followed.  Raises Fault.

        A pattern can name several paths, sorted by name.
        """
        if source in self.pexes:
            return [source]
        if not is_pattern(source):
            path = self.resolve("" if source == "." else source)
            return [] if self.inside.get(path) is None else [source]
        try:
            pattern = copy_pattern(source)
        except ValueError as error:
            raise Fault(f"{source}: {error}") from None
        return [path for path in self.inside.nodes if pattern.fullmatch(path)]

    def get(self, source: str) -> Node | None:
        """Return the entry of a source that is not a pattern, without following links."""
        return EXECUTABLE if source in self.pexes else self.inside.get(source)

    def resolve(self, path: str) -> str:
        """Return *path* with links followed; raise Fault if they leave the commit or loop."""
        seen = path
        for over in [*parents(path), path]:
            node = self.inside.get(over)
            if node is not None and node.is_link:
                seen = over
                self.check(over)
        try:
            return self.inside.resolve(path)
        except ValueError:
            raise Fault(f"{seen} is a link that leads back to itself: correct it") from None

    def check(self, path: str) -> None:
        """Raise Fault if the link at *path* leads out of the commit, or to itself."""
        for _ in range(len(self.inside.nodes) + 1):
            node = self.inside.get(path)
            if node is None or not node.is_link:
                return
            there = posixpath.normpath(posixpath.join(posixpath.dirname(path), node.target))
            if node.target.startswith("/") or there.startswith(".."):
                text = f"{path} is a link to {node.target}, outside the commit: remove it"
                raise Fault(text)
            path = "" if there == "." else there
        raise Fault(f"{path} is a link that leads back to itself: correct it")

    def below(self, folder: str) -> Iterator[tuple[str, Node]]:
        """Yield the entries below *folder* (``""``: all) by path, folders first."""
        top = f"{folder}/" if folder else ""
        for path, node in self.inside.nodes.items():
            if path.startswith(top):
                yield path, node


def missing(copies: Iterable[Copy], context: Context) -> list[tuple[int, str]]:
    """Return line and source of every COPY whose source is not in the context."""
    found = []
    for item in copies:
        for source in item.sources:
            try:
                there = context.find(source)
            except Fault:
                continue
            if not there:
                found.append((item.line, source))
    return found
