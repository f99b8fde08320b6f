"""Choose wheels or sdists: the options ``no_binary`` and ``only_binary``, as in pip.

By default a package is installed from a wheel, or from its sdist if there is no wheel.  As in
pip, a package named in one option is exempt from ``:all:`` in the other.
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
    """Both options: normalised and sorted package names, or ``:all:`` alone."""

    no_binary: tuple[str, ...] = ()
    only_binary: tuple[str, ...] = ()

    @classmethod
    def of(cls, request: CheckRequest | HardenRequest) -> Formats:
        """Return the options of *request*; raise InvalidRequest for a name in both."""
        formats = cls(read_words(request.no_binary), read_words(request.only_binary))
        both = set(formats.no_binary) & set(formats.only_binary)
        if both:
            why = (
                f"{', '.join(sorted(both))} is also in only_binary: remove it from one of them"
            )
            raise InvalidRequest("no_binary", why)
        return formats

    def options(self) -> dict[str, tuple[str, ...]]:
        """Return the words of each option."""
        return {"no_binary": self.no_binary, "only_binary": self.only_binary}

    def names(self) -> dict[str, list[str]]:
        """Return the package names of each option, without ``:all:``."""
        found = self.options().items()
        return {option: [word for word in words if word != ALL] for option, words in found}


def read_words(text: str) -> tuple[str, ...]:
    """Parse the value of an option from left to right, as pip does."""
    found: set[str] = set()
    for word in (word.strip() for word in text.split(",")):
        if word in (ALL, NONE):
            found = {ALL} if word == ALL else set()
        elif word and ALL not in found:
            found.add(canonicalize_name(word))
    return tuple(sorted(found))


def write_words(words: Iterable[str]) -> str:
    """Return *words* as the value of an option."""
    return ",".join(words) or NONE
