"""What variables mean at one instruction of a Dockerfile, and words with them put in.

Rules: https://docs.docker.com/reference/dockerfile/#environment-replacement and the classic
builder, which tests/engine/test_image_expansion.py compares with.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import attrs

from .words import Fault, array, shortened

MAX_DEPTH = 32
"""How deep ``${X:-...}`` may be nested."""
MAX_LENGTH = 128 * 1024
"""Characters that a word may have: no program can be given a longer one (man 2 execve)."""
MAX_TOTAL = 16 * 1024 * 1024
"""Characters that all variables and ranges of ports of one file may become."""
_NAME = re.compile(r"\d+|[@*#?$!-]|[^\W\d]\w*")


@attrs.define
class Scope:
    """The *values* of variables, and the file's *escape* character.

    Where they are not *complete*, since the base's are not known yet, *guessed* tells
    whether one was asked for that only the base may have.  *room* is how many characters
    may still be put in.
    """

    escape: str = "\\"
    values: Mapping[str, str] = attrs.field(factory=dict)
    complete: bool = True
    guessed: bool = False
    room: int = MAX_TOTAL

    def get(self, name: str) -> str:
        """Return a variable's value: nothing when it is not set."""
        if name not in self.values and not self.complete:
            self.guessed = True
        return self.values.get(name, "")

    def take(self, length: int) -> None:
        """Take so many characters of the room; raise Fault where there is none left."""
        self.room -= length
        if self.room < 0:
            text = f"its variables and ranges become longer than {MAX_TOTAL} characters in all"
            raise Fault(f"{text}: write less")

    def expand(self, text: str) -> str:
        """Return *text* without quotes and escapes, variables put in; raise Fault."""
        return _Reader(text, self).until("")

    def words(self, text: str) -> list[str]:
        """Return the words of *text*, of a JSON array or a line, expanded; raise Fault."""
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
        """Read up to *stop*, or to the end when it is empty."""
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
            raise Fault(f"{self.shown} becomes longer than {MAX_LENGTH} characters")
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
            raise Fault(f"{self.shown} nests ${{ deeper than {MAX_DEPTH}: write less")
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
