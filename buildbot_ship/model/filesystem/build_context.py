"""What COPY can take: the files and links of a commit, less what .dockerignore leaves out.

Folders are those that something lies in, also where .dockerignore left only them.
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
    """What is there by path; the top is ``.``.

    *pexes* are files at the top for those who name them: no folder and no pattern has them.
    """

    inside: Filesystem
    pexes: frozenset[str] = frozenset()

    @classmethod
    def of(cls, nodes: Iterable[tuple[str, Node]], ignored: Ignored = NOTHING) -> Context:
        """Return the context of files and links, less what is *ignored*."""
        found: dict[str, Node] = {}
        for path, node in nodes:
            kept = path not in ignored
            if kept:
                found[path] = node
            over = [parent for parent in parents(path) if kept or parent not in ignored]
            found |= dict.fromkeys(over, FOLDER)
        return cls(Filesystem(dict(sorted(found.items(), key=lambda item: item[0].split("/")))))

    def find(self, source: str) -> list[str]:
        """Return what a source of COPY names, links followed; raise Fault.

        A pattern may name several, in the order of their names.
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
        """Return what a source of COPY is that is no pattern, links not followed."""
        return EXECUTABLE if source in self.pexes else self.inside.get(source)

    def resolve(self, path: str) -> str:
        """Return *path* with its links followed; raise Fault where they leave or loop."""
        seen = path
        for over in [*parents(path), path]:
            node = self.inside.get(over)
            if node is not None and node.is_link:
                seen = over
                self.check(over)
        try:
            return self.inside.resolve(path)
        except ValueError:
            raise Fault(f"{seen} is a link that leads back to itself: mend it") from None

    def check(self, path: str) -> None:
        """Raise Fault when the link at *path* leads out of the commit, or in a circle."""
        for _ in range(len(self.inside.nodes) + 1):
            node = self.inside.get(path)
            if node is None or not node.is_link:
                return
            there = posixpath.normpath(posixpath.join(posixpath.dirname(path), node.target))
            if node.target.startswith("/") or there.startswith(".."):
                raise Fault(f"{path} is a link to {node.target}, out of the commit: remove it")
            path = "" if there == "." else there
        raise Fault(f"{path} is a link that leads back to itself: mend it")

    def below(self, folder: str) -> Iterator[tuple[str, Node]]:
        """Yield what is in *folder* (``""``: all) by path, a folder before what is in it."""
        top = f"{folder}/" if folder else ""
        for path, node in self.inside.nodes.items():
            if path.startswith(top):
                yield path, node


def missing(copies: Iterable[Copy], context: Context) -> list[tuple[int, str]]:
    """Return what *copies* name and nothing is, with their lines; raise nothing."""
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
