"""The instructions of a Dockerfile that we assemble by ourselves, one value each.

Every value knows its *line*, counted from 1.  ``read(line, text, escape)`` of each
takes the rest of the instruction, and raises `word.Fault`.
"""

from __future__ import annotations

import posixpath
import re
from typing import TypeVar

import attrs

from ..errors import InvalidReference
from .reference import Reference
from .word import Fault, array, pairs, unquote

_PORT = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?(?:/(tcp|udp|sctp))?", re.I | re.A)


@attrs.frozen
class From:
    """``FROM reference``: the base, by tag or digest."""

    line: int
    reference: Reference

    @classmethod
    def read(cls, line: int, text: str, escape: str) -> From:
        """Return the base that *text* names; a stage's name after AS means nothing here."""
        _refuse_flags(text)
        words = [unquote(word, escape) for word in text.split()]
        if not (len(words) == 1 or (len(words) == 3 and words[1].lower() == "as")):
            raise Fault("FROM takes one reference: write FROM registry/path:tag")
        try:
            reference = Reference.parse(words[0])
        except InvalidReference as error:
            raise Fault(f"{error}: {error.remedy}") from None
        if reference.tag is None and reference.digest is None:
            raise Fault(f"{words[0]} has no tag: name one that RetagBase made; latest moves")
        return cls(line, reference)


@attrs.frozen
class Copy:
    """``COPY source... destination``; sources are paths from the repository's top.

    A *destination* with a ``/`` at its end is a folder, and relative to the work folder
    unless it begins with one.
    """

    line: int
    sources: tuple[str, ...]
    destination: str

    @classmethod
    def read(cls, line: int, text: str, escape: str) -> Copy:
        """Return what *text* copies: plain files only, for now."""
        _refuse_flags(text)
        given = array(text)
        words = [unquote(word, escape) for word in (text.split() if given is None else given)]
        if len(words) < 2 or not all(words):
            raise Fault("COPY takes sources and a destination: write COPY file /")
        *sources, destination = words
        if len(sources) > 1 and not is_folder(destination):
            raise Fault(f"{destination} takes several files: end it with / to make it a folder")
        return cls(line, tuple(map(_source, sources)), destination)


C = TypeVar("C", bound="Command")


@attrs.frozen
class Command:
    """A line to run, of ENTRYPOINT or CMD: *words*, or one word when it is *for_shell*."""

    line: int
    words: tuple[str, ...]
    for_shell: bool = False

    @classmethod
    def read(cls: type[C], line: int, text: str, escape: str) -> C:
        """Return the command in *text*: a JSON array, else a line for the shell.

        Neither form is ever expanded: ``$`` is the program's or the shell's.
        """
        del escape
        if not text:
            raise Fault('it runs nothing: write a JSON array, as in ["/twist.pex", "web"]')
        words = array(text)
        return cls(line, (text,), for_shell=True) if words is None else cls(line, words)


class Entrypoint(Command):
    """``ENTRYPOINT``: what the container runs."""


class Cmd(Command):
    """``CMD``: the arguments that `docker run` replaces."""


@attrs.frozen
class Env:
    """``ENV name=value...``, or ``ENV name the rest``."""

    line: int
    values: tuple[tuple[str, str], ...]

    @classmethod
    def read(cls, line: int, text: str, escape: str) -> Env:
        """Return the variables that *text* sets, in order."""
        return cls(line, pairs(text, escape))


@attrs.frozen
class Label:
    """``LABEL name=value...``."""

    line: int
    values: tuple[tuple[str, str], ...]

    @classmethod
    def read(cls, line: int, text: str, escape: str) -> Label:
        """Return the labels that *text* sets, in order."""
        return cls(line, pairs(text, escape))


@attrs.frozen
class User:
    """``USER name``, ``USER uid:gid``."""

    line: int
    name: str

    @classmethod
    def read(cls, line: int, text: str, escape: str) -> User:
        """Return the user that *text* names."""
        name = unquote(text, escape)
        if not name or any(map(str.isspace, name)):
            raise Fault("USER takes one user: write USER name, or USER uid:gid")
        return cls(line, name)


@attrs.frozen
class Workdir:
    """``WORKDIR path``, relative to the one before it."""

    line: int
    path: str

    @classmethod
    def read(cls, line: int, text: str, escape: str) -> Workdir:
        """Return the folder that *text* names."""
        path = unquote(text, escape)
        if not path:
            raise Fault("WORKDIR takes a folder: write WORKDIR /path")
        return cls(line, path)

    def after(self, current: str) -> str:
        """Return the work folder that follows *current*, as docker writes it.

        An absolute path stays as it was written, a ``/`` at its end included.
        """
        if self.path.startswith("/"):
            return self.path
        return posixpath.normpath(posixpath.join("/", current, self.path))


@attrs.frozen
class Expose:
    """``EXPOSE port...``; *ports* as the config has them: ``8080/tcp``."""

    line: int
    ports: tuple[str, ...]

    @classmethod
    def read(cls, line: int, text: str, escape: str) -> Expose:
        """Return the ports that *text* names; a range gives each of its ports."""
        words = [unquote(word, escape) for word in text.split()]
        if not words:
            raise Fault("EXPOSE takes ports: write EXPOSE 8080")
        return cls(line, tuple(port for word in words for port in _ports(word)))


Instruction = From | Copy | Entrypoint | Cmd | Env | Label | User | Workdir | Expose
KINDS: dict[str, type[Instruction]] = {
    "FROM": From,
    "COPY": Copy,
    "ENTRYPOINT": Entrypoint,
    "CMD": Cmd,
    "ENV": Env,
    "LABEL": Label,
    "USER": User,
    "WORKDIR": Workdir,
    "EXPOSE": Expose,
}


def is_folder(path: str) -> bool:
    """Tell whether a COPY's destination can only be a folder, by how it is written."""
    return path.endswith("/") or path.rpartition("/")[2] in (".", "..")


def _refuse_flags(text: str) -> None:
    if text.startswith("--"):
        flag = text.split(maxsplit=1)[0].partition("=")[0]
        raise Fault(f"{flag} is not supported: remove it; files belong to root, 0644 or 0755")


def _source(text: str) -> str:
    if text.startswith("<<"):
        raise Fault(f"{text} begins a here-document: commit a file and copy that")
    if set(text) & set("*?[\\"):
        raise Fault(f"{text} is a pattern: name every file")
    parts: list[str] = []
    for part in text.split("/"):
        if part == "..":
            if not parts:
                raise Fault(f"{text} leads out of the repository: copy files from inside it")
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    if not parts or is_folder(text):
        raise Fault(f"{text} is a folder: name every file")
    return "/".join(parts)


def _ports(word: str) -> list[str]:
    match = _PORT.fullmatch(word)
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
    if match is None or not 1 <= first <= last <= 65535:
        raise Fault(f"{word} is not a port: write 8080, 53/udp or 8000-8010")
    protocol = (match[3] or "tcp").lower()
    return [f"{port}/{protocol}" for port in range(first, last + 1)]
