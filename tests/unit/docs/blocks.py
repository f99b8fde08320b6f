"""The blocks of code in our pages, and the commands in those for a shell."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from markdown_it import MarkdownIt

from tests.unit.docs.claims import TOP

PAGES = [
    TOP / "README.md",
    *sorted((TOP / "docs").rglob("*.md")),
    *sorted((TOP / "docker").rglob("*.md")),
]
_HERE_DOCUMENT = re.compile(r"<<-?'?(\w+)'?\n.*?^\1$", re.M | re.S)
_COMMENT = re.compile(r"(?:^|(?<=\s))#\s.*$", re.M)
_ASSIGNMENT = re.compile(r"\w+=")
_BEFORE_COMMANDS = {"sudo", "nice", "{", "}", "then", "do", "!"}


@dataclass(frozen=True)
class Block:
    """A block of code: its page, line and language; without a fence it has none."""

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def all_blocks() -> Iterator[Block]:
    """Yield the blocks of all pages."""
    reader = MarkdownIt("commonmark")
    for path in PAGES:
        page = path.relative_to(TOP).as_posix()
        for token in reader.parse(path.read_text(encoding="utf-8")):
            if token.type in ("fence", "code_block"):
                line = (token.map or [0])[0] + 1
                yield Block(page, line, token.info.strip(), token.content)


def commands(script: str) -> Iterator[list[str]]:
    """Yield the words of each command in a script: program and arguments.

    Control structures, functions and substitutions are read as far as our pages have them.
    """
    script = _HERE_DOCUMENT.sub("", script).replace("\\\n", " ")
    words = shlex.shlex(_COMMENT.sub("", script), posix=True, punctuation_chars=";|&\n()")
    words.whitespace, words.whitespace_split, words.commenters = " \t", True, ""
    found: list[str] = []
    for word in [*words, "\n"]:
        if set(word) <= set(";|&\n()"):
            if command := _command(found):
                yield command
            found = []
        else:
            found.append(word)


def _command(words: list[str]) -> list[str]:
    while words and (_ASSIGNMENT.match(words[0]) or words[0] in _BEFORE_COMMANDS):
        words = words[1:]
    return words


def without_redirections(arguments: list[str]) -> list[str]:
    """Return the arguments that a program gets."""
    kept: list[str] = []
    skip = False
    for word in arguments:
        if not skip and not re.match(r"\d?[<>]", word):
            kept.append(word)
        skip = word in ("<", ">", ">>", "2>")
    return kept
