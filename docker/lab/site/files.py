"""Pages that show the files of the repository to which the documentation links."""

from __future__ import annotations

import html
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from os.path import relpath
from posixpath import dirname
from typing import Any

from lab.site.options import CHECKOUT

LEXERS = {
    ".docker": "docker",
    ".example": "python",
    ".md": "markdown",
    ".py": "python",
    ".sh": "sh",
    ".yaml": "yaml",
}
"""How to colour a file, by the end of its name; other files are plain."""


@dataclass(frozen=True)
class RepositoryFile:
    """A file with its text, or a folder with the files in it."""

    name: str
    text: str
    members: tuple[str, ...] = ()

    def context(self, highlighter: Any) -> dict[str, Any]:
        """Return the variables of its page's template."""
        body = self._list() if self.members else self._code(highlighter)
        title = html.escape(self.name)
        return {"title": title, "body": f"<section><h1>{title}</h1>\n{body}</section>"}

    def _list(self) -> str:
        here = dirname(file_page(self.name))
        links = ((relpath(file_page(name), here), html.escape(name)) for name in self.members)
        rows = (f'<li><a href="{link}.html">{name}</a></li>' for link, name in links)
        return f"<ul>{''.join(rows)}</ul>"

    def _code(self, highlighter: Any) -> str:
        lexer = next(
            (lexer for end, lexer in LEXERS.items() if self.name.endswith(end)), "none"
        )
        # A page may have examples that the language does not know, such as "..." in YAML.
        block: str = highlighter.highlight_block(self.text, lexer, force=True)
        return block


def file_page(path: str) -> str:
    """Return the name of the page of a file, as Sphinx has it."""
    return f"files/{path}"


def all_files(linked: Iterable[str]) -> Iterator[RepositoryFile]:
    """Yield the linked files and folders, and all files in the folders.

    Raises `LookupError` if git does not have one of them.
    """
    contents = {path: _members(path) for path in sorted(linked)}
    names = {name for members in contents.values() for name in members}
    for path, members in contents.items():
        if members != [path]:
            yield RepositoryFile(path, "", tuple(members))
    for name in sorted(names):
        yield RepositoryFile(name, (CHECKOUT / name).read_text(encoding="utf-8"))


def _members(path: str) -> list[str]:
    """Return the files that git has below a path, or the path if it is a file."""
    argv = ["git", "-C", str(CHECKOUT), "ls-files", "-z", "--", path]
    done = subprocess.run(argv, capture_output=True, check=True, text=True)
    if not (members := [name for name in done.stdout.split("\0") if name]):
        raise LookupError(f"a page links to {path}, which is not in the repository")
    return members
