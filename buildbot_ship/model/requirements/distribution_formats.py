"""Which packages come as wheels, and which as sdists: pip's ``--no-binary``, ``--only-binary``.

A package that stands in neither comes as a wheel if there is one, else as its sdist.  One
that is named is not subject to ``:all:`` of the other option, as with pip.
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs
from packaging.utils import canonicalize_name

from ...errors import InvalidRequest
from ..request import CheckRequest, HardenRequest

ALL, NONE = ":all:", ":none:"


@attrs.frozen
class Formats:
    """Both options: the names of packages, normalised and sorted, or ``:all:`` alone."""

    no_binary: tuple[str, ...] = ()
    only_binary: tuple[str, ...] = ()

    @classmethod
    def of(cls, request: CheckRequest | HardenRequest) -> Formats:
        """Return those of *request*; raise InvalidRequest for what stands in both."""
        formats = cls(read_words(request.no_binary), read_words(request.only_binary))
        both = set(formats.no_binary) & set(formats.only_binary)
        if both:
            why = f"{', '.join(sorted(both))} stands in only_binary too"
            raise InvalidRequest("no_binary", why)
        return formats

    def options(self) -> dict[str, tuple[str, ...]]:
        """Return the words by option."""
        return {"no_binary": self.no_binary, "only_binary": self.only_binary}

    def names(self) -> dict[str, list[str]]:
        """Return the names of packages by option."""
        found = self.options().items()
        return {option: [word for word in words if word != ALL] for option, words in found}


def read_words(text: str) -> tuple[str, ...]:
    """Return the words of an option, as pip reads them: one after the other."""
    found: set[str] = set()
    for word in (word.strip() for word in text.split(",")):
        if word in (ALL, NONE):
            found = {ALL} if word == ALL else set()
        elif word and ALL not in found:
            found.add(canonicalize_name(word))
    return tuple(sorted(found))


def write_words(words: Iterable[str]) -> str:
    """Return *words* as the option has them."""
    return ",".join(words) or NONE
