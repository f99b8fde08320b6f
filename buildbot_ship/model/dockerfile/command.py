"""The instructions that set what a container runs: ENTRYPOINT, CMD, HEALTHCHECK."""

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
    """A command of ENTRYPOINT or CMD: *words*, or one shell line if *for_shell*."""

    line: int
    words: tuple[str, ...]
    for_shell: bool = False

    @classmethod
    def read(cls: type[C], line: int, text: str, scope: Scope) -> C:
        """Parse *text*: a JSON array, or a line for the shell.  Raises Fault.

        Variables are not expanded here: the program or the shell gets the ``$``.
        """
        del scope
        _, text = flags(text)
        if not text:
            raise Fault('the command is empty: write a JSON array, as in ["/twist.pex", "web"]')
        words = array(text)
        return cls(line, (text,), for_shell=True) if words is None else cls(line, words)


class Entrypoint(Command):
    """``ENTRYPOINT``: the program that the container runs."""


class Cmd(Command):
    """``CMD``: the default arguments, which `docker run` can replace."""


@attrs.frozen
class Healthcheck:
    """``HEALTHCHECK NONE`` or ``HEALTHCHECK [flags] CMD ...``; *check* is as in the config."""

    line: int
    check: dict[str, Any]

    @classmethod
    def read(cls, line: int, text: str, scope: Scope) -> Healthcheck:
        """Parse *text* without expanding variables, as for CMD.  Raises Fault."""
        del scope
        options, text = flags(text, (*_TIMES, "retries"))
        kind, *rest = text.split(None, 1)[:2] or [""]
        if kind.upper() == "NONE" and not rest and not options:
            return cls(line, {"Test": ["NONE"]})
        if kind.upper() != "CMD" or not rest:
            raise Fault(
                "write HEALTHCHECK CMD command, or HEALTHCHECK NONE without anything else"
            )
        words = array(rest[0])
        if words == ():
            raise Fault("the command is empty: write one after CMD")
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
