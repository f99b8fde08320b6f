"""The instructions of a Dockerfile that say what runs: ENTRYPOINT, CMD, HEALTHCHECK."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any, TypeVar

import attrs

from .variables import Scope
from .words import Fault, array, flags

_TIMES = {"interval": "Interval", "timeout": "Timeout", "start-period": "StartPeriod"}
_UNITS = {
    "ns": 1,
    "us": 10**3,
    "\u00b5s": 10**3,
    "\u03bcs": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}
_PART = re.compile(rf"(\d+\.?\d*|\.\d+)({'|'.join(_UNITS)})", re.A)
_SHORTEST = 10**6
_MOST_RETRIES = 2**31 - 1

C = TypeVar("C", bound="Command")


@attrs.frozen
class Command:
    """A line to run, of ENTRYPOINT or CMD: *words*, or one word when it is *for_shell*."""

    line: int
    words: tuple[str, ...]
    for_shell: bool = False

    @classmethod
    def read(cls: type[C], line: int, text: str, scope: Scope) -> C:
        """Return the command in *text*: a JSON array, else a line for the shell.

        Neither form is ever expanded: ``$`` is the program's or the shell's.  Raises Fault.
        """
        del scope
        _, text = flags(text)
        if not text:
            raise Fault('it runs nothing: write a JSON array, as in ["/twist.pex", "web"]')
        words = array(text)
        return cls(line, (text,), for_shell=True) if words is None else cls(line, words)


class Entrypoint(Command):
    """``ENTRYPOINT``: what the container runs."""


class Cmd(Command):
    """``CMD``: the arguments that `docker run` replaces."""


@attrs.frozen
class Healthcheck:
    """``HEALTHCHECK NONE``, ``HEALTHCHECK [flags] CMD ...``: *check* as the config has it."""

    line: int
    check: dict[str, Any]

    @classmethod
    def read(cls, line: int, text: str, scope: Scope) -> Healthcheck:
        """Return the check in *text*; like CMD it is never expanded.  Raises Fault."""
        del scope
        options, text = flags(text, (*_TIMES, "retries"))
        kind, *rest = text.split(None, 1)[:2] or [""]
        if kind.upper() == "NONE" and not rest and not options:
            return cls(line, {"Test": ["NONE"]})
        if kind.upper() != "CMD" or not rest:
            raise Fault("write HEALTHCHECK CMD command, or HEALTHCHECK NONE and nothing else")
        words = array(rest[0])
        if words == ():
            raise Fault("it runs nothing: name a command after CMD")
        test = ["CMD-SHELL", rest[0]] if words is None else ["CMD", *words]
        times = {
            _TIMES[name]: _duration(value) for name, value in options.items() if name in _TIMES
        }
        retries = {"Retries": _retries(options["retries"])} if "retries" in options else {}
        return cls(line, {"Test": test, **times, **retries})


_LONGEST = 100


def _duration(text: str) -> int:
    """Return a time like ``1m30s`` in nanoseconds; raise Fault."""
    parts = _PART.findall(text[:_LONGEST])
    total = sum((Fraction(number) * _UNITS[unit] for number, unit in parts), Fraction(0))
    if "".join(map("".join, parts)) != text or total < _SHORTEST:
        raise Fault(f"{text} is not a time: write 30s, 1m30s, 500ms; at least 1ms")
    return int(total)


def _retries(text: str) -> int:
    if not re.fullmatch(r"\d{1,10}", text, re.A) or not 1 <= int(text) <= _MOST_RETRIES:
        raise Fault(f"{text} is not a number of retries: write 1 or more")
    return int(text)
