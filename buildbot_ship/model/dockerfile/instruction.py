"""The instructions of a Dockerfile that we assemble by ourselves, one value each.

Every value knows its *line*, counted from 1.  ``read(line, text, scope)`` of each
takes the rest of the instruction and what its variables mean, and raises `word.Fault`.
"""

from __future__ import annotations

import posixpath
import re
from typing import TypeVar

import attrs

from ...errors import InvalidReference
from ..reference import Reference
from .command import Cmd, Entrypoint, Healthcheck
from .copy import Copy
from .variables import Scope
from .words import Fault, flags, pairs, split_words

_PORT = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?(?:/(tcp|udp|sctp))?", re.I | re.A)
_SIGNALS = [
    "ABRT", "ALRM", "BUS", "CHLD", "CLD", "CONT", "FPE", "HUP", "ILL", "INT", "IO", "IOT",
    "KILL", "PIPE", "POLL", "PROF", "PWR", "QUIT", "SEGV", "STKFLT", "STOP", "SYS", "TERM",
    "TRAP", "TSTP", "TTIN", "TTOU", "URG", "USR1", "USR2", "VTALRM", "WINCH", "XCPU", "XFSZ",
]  # fmt: skip
_SIGNAL = re.compile(
    rf"(?:SIG)?(?:{'|'.join(_SIGNALS)}|RTMIN(?:\+(?:1[0-5]|[1-9]))?"
    r"|RTMAX(?:-(?:1[0-4]|[1-9]))?)|[1-9]\d?",
    re.I | re.A,
)


@attrs.frozen
class From:
    """``FROM name [AS stage]``: a reference, or the stage of an earlier FROM."""

    line: int
    name: str
    stage: str = ""

    @classmethod
    def read(cls, line: int, text: str, scope: Scope) -> From:
        """Return what *text* names."""
        _, text = flags(text)
        words = [scope.expand(word) for word in text.split()]
        if not words or not words[0]:
            raise Fault("FROM takes one reference: write FROM registry/path:tag")
        if not (len(words) == 1 or (len(words) == 3 and words[1].lower() == "as")):
            raise Fault("FROM takes one reference: write FROM registry/path:tag")
        return cls(line, words[0], words[2].lower() if len(words) == 3 else "")

    @property
    def reference(self) -> Reference:
        """Return the base that it names, by tag or digest; raise Fault."""
        try:
            reference = Reference.parse(self.name)
        except InvalidReference as error:
            raise Fault(f"{error}: {error.remedy}") from None
        if reference.tag is None and reference.digest is None:
            raise Fault(f"{self.name} has no tag: name one that RetagBase made; latest moves")
        return reference


@attrs.frozen
class Arg:
    """``ARG name=default ...``; a name without default takes that from before FROM."""

    line: int
    values: tuple[tuple[str, str | None], ...]

    @classmethod
    def read(cls, line: int, text: str, scope: Scope) -> Arg:
        """Return the arguments that *text* declares."""
        _, text = flags(text)
        found: list[tuple[str, str | None]] = []
        for word in split_words(text, scope.escape):
            name, equals, value = word.partition("=")
            if not (name := scope.expand(name)):
                raise Fault(f"{word} has no name: write ARG name=default")
            found.append((name, scope.expand(value) if equals else None))
        if not found:
            raise Fault("it declares nothing: write ARG name=default")
        return cls(line, tuple(found))


T = TypeVar("T", bound="Values")


@attrs.frozen
class Values:
    """What an instruction sets, by name and in order."""

    line: int
    values: tuple[tuple[str, str], ...]

    @classmethod
    def read(cls: type[T], line: int, text: str, scope: Scope) -> T:
        """Return what *text* sets."""
        return cls(line, _expanded(text, scope))


class Env(Values):
    """``ENV name=value...``, or ``ENV name the rest``."""


class Label(Values):
    """``LABEL name=value...``."""


@attrs.frozen
class User:
    """``USER name``, ``USER uid:gid``."""

    line: int
    name: str

    @classmethod
    def read(cls, line: int, text: str, scope: Scope) -> User:
        """Return the user that *text* names."""
        name = scope.expand(flags(text)[1])
        if not name or any(map(str.isspace, name)):
            raise Fault("USER takes one user: write USER name, or USER uid:gid")
        return cls(line, name)


@attrs.frozen
class Workdir:
    """``WORKDIR path``, relative to the one before it."""

    line: int
    path: str

    @classmethod
    def read(cls, line: int, text: str, scope: Scope) -> Workdir:
        """Return the folder that *text* names."""
        path = scope.expand(flags(text)[1])
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
    def read(cls, line: int, text: str, scope: Scope) -> Expose:
        """Return the ports that *text* names; a range gives each, a variable may hold more."""
        words = [port for word in flags(text)[1].split() for port in scope.expand(word).split()]
        if not words:
            raise Fault("EXPOSE takes ports: write EXPOSE 8080")
        return cls(line, tuple(port for word in words for port in _ports(word, scope)))


@attrs.frozen
class Volume:
    """``VOLUME path ...``, or a JSON array of them."""

    line: int
    paths: tuple[str, ...]

    @classmethod
    def read(cls, line: int, text: str, scope: Scope) -> Volume:
        """Return the folders that *text* names."""
        paths = tuple(word.strip() for word in scope.words(flags(text)[1]))
        if not all(paths) or not paths:
            raise Fault("VOLUME takes folders: write VOLUME /path")
        return cls(line, paths)


@attrs.frozen
class Stopsignal:
    """``STOPSIGNAL signal``, by name or number."""

    line: int
    signal: str

    @classmethod
    def read(cls, line: int, text: str, scope: Scope) -> Stopsignal:
        """Return the signal that *text* names, as it was written."""
        signal = scope.expand(flags(text)[1])
        if not _SIGNAL.fullmatch(signal):
            raise Fault(f"{signal or 'nothing'} is not a signal: write SIGTERM, or its number")
        return cls(line, signal)


Instruction = (
    From | Arg | Copy | Entrypoint | Cmd | Env | Label | User | Workdir | Expose
    | Volume | Stopsignal | Healthcheck
)  # fmt: skip
_ALL: tuple[type[Instruction], ...] = (
    From, Arg, Copy, Entrypoint, Cmd, Env, Label, User, Workdir, Expose, Volume, Stopsignal,
    Healthcheck,
)  # fmt: skip
KINDS: dict[str, type[Instruction]] = {kind.__name__.upper(): kind for kind in _ALL}


def _expanded(text: str, scope: Scope) -> tuple[tuple[str, str], ...]:
    found = []
    for name, value in pairs(flags(text)[1], scope.escape):
        if not (expanded := scope.expand(name)):
            raise Fault(f"{name}={value} has no name: write name=value")
        found.append((expanded, scope.expand(value)))
    return tuple(found)


def _ports(word: str, scope: Scope) -> list[str]:
    match = _PORT.fullmatch(word)
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
    if match is None or not 1 <= first <= last <= 65535:
        raise Fault(f"{word} is not a port: write 8080, 53/udp or 8000-8010")
    protocol = (match[3] or "tcp").lower()
    scope.take((last - first) * len("65535/tcp"))
    return [f"{port}/{protocol}" for port in range(first, last + 1)]
