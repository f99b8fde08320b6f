"""Expand the variables of ARG and ENV in the instructions of a Dockerfile.

Rules: https://docs.docker.com/reference/dockerfile/#environment-replacement and the classic
builder; tests/engine/test_image_expansion.py compares the results with it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import attrs

from .words import Fault, array, shortened

MAX_DEPTH = 32
"""Maximum depth of nested ``${X:-...}``."""
MAX_LENGTH = 128 * 1024
"""Maximum length of a word in characters, as for an argument of a program (man 2 execve)."""
MAX_TOTAL = 16 * 1024 * 1024
"""Maximum total length of all expanded variables and port ranges of one file."""
_NAME = re.compile(r"\d+|[@*#?$!-]|[^\W\d]\w*")


@attrs.define
class Scope:
    """The *values* of variables, and the *escape* character of the file.

    The values are not *complete* before the base image is read.  Then *guessed* is set once a
    variable is used that the base image may set.  *room* is the number of characters that
    may still be inserted.
    """

    escape: str = "\\"
    values: Mapping[str, str] = attrs.field(factory=dict)
    complete: bool = True
    guessed: bool = False
    room: int = MAX_TOTAL

    def get(self, name: str) -> str:
        """Return the value of a variable, empty if it is not set."""
        if name not in self.values and not self.complete:
            self.guessed = True
        return self.values.get(name, "")

    def take(self, length: int) -> None:
        """Subtract *length* characters from the room.  Raises Fault if it is used up."""
        self.room -= length
        if self.room < 0:
            text = f"variables and port ranges of the file exceed {MAX_TOTAL} characters"
            raise Fault(f"{text} in all: shorten them")

    def expand(self, text: str) -> str:
        """Return *text* with variables expanded, quotes and escapes removed.  Raises Fault."""
        return _Reader(text, self).until("")

    def words(self, text: str) -> list[str]:
        """Return the expanded words of *text*, a JSON array or a plain line.  Raises Fault."""
        given = array(text)
        return [self.expand(word) for word in (text.split() if given is None else given)]


@attrs.define
class _Reader:
    text: str
    scope: Scope
    at: int = 0
    depth: int = 0
    length: int = 0

    @property
    def shown(self) -> str:
        return shortened(self.text)

    def until(self, stop: str) -> str:
        """Expand the text up to *stop*, or to the end if *stop* is empty."""
        out = ""
        while char := self._next():
            if char == stop:
                return out
            if char == "'":
                out += self._single()
            elif char == '"':
                out += self._double()
            elif char == "$":
                out += self._variable()
            else:
                out += self._next() if char == self.scope.escape else char
        if stop:
            raise Fault(f"{self.shown} has a ${{ without its {stop}: add it, or write \\$")
        return out

    def _single(self) -> str:
        end = self.text.find("'", self.at)
        if end < 0:
            raise self._open("'")
        out, self.at = self.text[self.at : end], end + 1
        return out

    def _double(self) -> str:
        out = ""
        while char := self._next():
            if char == '"':
                return out
            if char == "$":
                out += self._variable()
            elif char == self.scope.escape:
                following = self._next()
                kept = "" if following in ('"', "$", char) else char
                out += kept + following
            else:
                out += char
        raise self._open('"')

    def _variable(self) -> str:
        value = self._value()
        self.length += len(value)
        self.scope.take(len(value))
        if self.length > MAX_LENGTH:
            raise Fault(
                f"{self.shown} expands to more than {MAX_LENGTH} characters: shorten it"
            )
        return value

    def _value(self) -> str:
        if self.text[self.at : self.at + 1] != "{":
            name = self._name()
            return self.scope.get(name) if name else "$"
        self.at += 1
        name, following = self._name(), self._next()
        if name and following == "}":
            return self.scope.get(name)
        how = self._next() if name and following == ":" else ""
        if how not in ("-", "+") or not how:
            forms = "${name}, ${name:-default} or ${name:+other}"
            raise Fault(f"{self.shown}: write {forms}")
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise Fault(f"{self.shown} nests ${{ more than {MAX_DEPTH} deep: simplify it")
        other, value = self.until("}"), self.scope.get(name)
        self.depth -= 1
        return (other if value else value) if how == "+" else (value or other)

    def _name(self) -> str:
        match = _NAME.match(self.text, self.at)
        self.at += len(match[0]) if match else 0
        return match[0] if match else ""

    def _next(self) -> str:
        char = self.text[self.at : self.at + 1]
        self.at += 1
        return char

    def _open(self, quote: str) -> Fault:
        return Fault(f"{self.shown} has a {quote} without its end: add it, or escape it")
