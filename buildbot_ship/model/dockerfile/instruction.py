"""The instructions of a Dockerfile that buildbot-ship builds without the engine.

Every instruction has its *line* number, from 1.  ``read(line, text, scope)`` parses the text
after the name of the instruction, with the variables of *scope*.  It raises `words.Fault`.
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
        """Parse *text*.  Raises Fault."""
        _, text = flags(text)
        words = [scope.expand(word) for word in text.split()]
        if not words or not words[0]:
            raise Fault("FROM needs one reference: write FROM registry/path:tag")
        if not (len(words) == 1 or (len(words) == 3 and words[1].lower() == "as")):
            raise Fault("FROM needs one reference: write FROM registry/path:tag")
        return cls(line, words[0], words[2].lower() if len(words) == 3 else "")

    @property
    def reference(self) -> Reference:
        """Return the reference of the base image, with tag or digest.  Raises Fault."""
        try:
            reference = Reference.parse(self.name)
        except InvalidReference as error:
            raise Fault(f"{error}: {error.remedy}") from None
        if reference.tag is None and reference.digest is None:
            raise Fault(f"{self.name} has no tag: use one that RetagBase pushed; latest moves")
        return reference


@attrs.frozen
class Arg:
    """``ARG name=default ...``; without a default, the value is that of an ARG before FROM."""

    line: int
    values: tuple[tuple[str, str | None], ...]

    @classmethod
    def read(cls, line: int, text: str, scope: Scope) -> Arg:
        """Parse *text*.  Raises Fault."""
        _, text = flags(text)
        found: list[tuple[str, str | None]] = []
        for word in split_words(text, scope.escape):
            name, equals, value = word.partition("=")
            if not (name := scope.expand(name)):
                raise Fault(f"{word} has no name: write ARG name=default")
            found.append((name, scope.expand(value) if equals else None))
        if not found:
            raise Fault("nothing is declared: write ARG name=default")
        return cls(line, tuple(found))


T = TypeVar("T", bound="Values")


@attrs.frozen
class Values:
    """The names and values that an instruction sets, in order."""

    line: int
    values: tuple[tuple[str, str], ...]

    @classmethod
    def read(cls: type[T], line: int, text: str, scope: Scope) -> T:
        """Parse *text*.  Raises Fault."""
        return cls(line, _expanded(text, scope))


class Env(Values):
    """``ENV name=value...``, or ``ENV name value with spaces``."""


class Label(Values):
    """``LABEL name=value...``."""


@attrs.frozen
class User:
    """``USER name``, ``USER uid:gid``."""

    line: int
    name: str

    @classmethod
    def read(cls, line: int, text: str, scope: Scope) -> User:
        """Parse *text*.  Raises Fault."""
        name = scope.expand(flags(text)[1])
        if not name or any(map(str.isspace, name)):
            raise Fault("USER needs one user: write USER name, or USER uid:gid")
        return cls(line, name)


@attrs.frozen
class Workdir:
    """``WORKDIR path``, relative to the one before it."""

    line: int
    path: str

    @classmethod
    def read(cls, line: int, text: str, scope: Scope) -> Workdir:
        """Parse *text*.  Raises Fault."""
        path = scope.expand(flags(text)[1])
        if not path:
            raise Fault("WORKDIR needs a folder: write WORKDIR /path")
        return cls(line, path)

    def after(self, current: str) -> str:
        """Return the working directory after *current*, in docker's notation.

        An absolute path is unchanged, including a ``/`` at its end.
        """
        if self.path.startswith("/"):
            return self.path
        return posixpath.normpath(posixpath.join("/", current, self.path))


@attrs.frozen
class Expose:
    """``EXPOSE port...``; *ports* have the form of the image config: ``8080/tcp``."""

    line: int
    ports: tuple[str, ...]

    @classmethod
    def read(cls, line: int, text: str, scope: Scope) -> Expose:
        """Parse *text*, ranges included; a variable may hold several ports.  Raises Fault."""
        words = [port for word in flags(text)[1].split() for port in scope.expand(word).split()]
        if not words:
            raise Fault("EXPOSE needs ports: write EXPOSE 8080")
        return cls(line, tuple(port for word in words for port in _ports(word, scope)))


@attrs.frozen
class Volume:
    """``VOLUME path ...``, or a JSON array of them."""

    line: int
    paths: tuple[str, ...]

    @classmethod
    def read(cls, line: int, text: str, scope: Scope) -> Volume:
        """Parse *text*.  Raises Fault."""
        paths = tuple(word.strip() for word in scope.words(flags(text)[1]))
        if not all(paths) or not paths:
            raise Fault("VOLUME needs folders: write VOLUME /path")
        return cls(line, paths)


@attrs.frozen
class Stopsignal:
    """``STOPSIGNAL signal``, by name or number."""

    line: int
    signal: str

    @classmethod
    def read(cls, line: int, text: str, scope: Scope) -> Stopsignal:
        """Parse *text*; the signal stays as written.  Raises Fault."""
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
