"""Cut long texts, and hide the part of a secret that a cut leaves.

A text is often cut before its secrets are hidden, for example the answer of a registry, and
half a secret is not found by `masking`.  So every cut leaves the mark `CUT`.  What is beside a
mark is hidden if it begins or ends a secret, in any encoding.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import attrs

CUT = "..."
"""Stands where text was cut off."""
LEAST = 4
"""Characters of a secret that are hidden beside a cut; fewer are in every text."""
_LEAST_ENCODED = 6
"""The same in base64 and in hexadecimal."""
_LONGEST = 20
"""Characters of one encoded character, such as ``%25F0%259F%2598%2580``.

A cut may leave a part of them.
"""
_BEGUN = re.compile(r"[%\\&'\"][\w\\#%'\"]*\Z")
"""What a cut may leave of one encoded character: ``%2``, ``\\u26``, ``&am``."""


def shorten(text: str, most: int) -> str:
    """Return the first *most* characters, and `CUT` if there are more."""
    return text if len(text) <= most else f"{text[:most]}{CUT}"


def shorten_start(text: str, most: int) -> str:
    """Return the last *most* characters, after `CUT` if there are more."""
    return text if len(text) <= most else f"{CUT}{text[-most:]}"


@attrs.frozen
class CutSecret:
    """One secret, of which a cut may leave a part.

    *tokens* are the patterns of its characters, *literals* its encodings that have one form.
    """

    tokens: Sequence[re.Pattern[str]]
    literals: Sequence[str]
    _first: re.Pattern[str] = attrs.field(init=False)
    _places: Mapping[str, Sequence[int]] = attrs.field(init=False)

    @_first.default
    def _first_tokens(self) -> re.Pattern[str]:
        return re.compile("".join(token.pattern for token in self.tokens[:LEAST]))

    @_places.default
    def _by_first_character(self) -> Mapping[str, Sequence[int]]:
        """Return the numbers of tokens that begin with a letter or digit; "" has all others."""
        places = defaultdict[str, list[int]](list)
        for number in range(1, len(self.tokens) - LEAST + 1):
            pattern = self.tokens[number].pattern
            places[pattern if len(pattern) == 1 else ""].append(number)
        return places

    def hide(self, text: str, replacement: str) -> str:
        """Return *text* with *replacement* for what is left of the secret beside each cut."""
        parts = text.split(CUT)
        last = len(parts) - 1
        for number, part in enumerate(parts):
            end = self._end(part) if number else 0
            start = self._start(part, end) if number < last else len(part)
            before, after = (replacement if cut else "" for cut in (end, start < len(part)))
            parts[number] = f"{before}{part[end:start]}{after}"
        return CUT.join(parts)

    def _start(self, text: str, first: int) -> int:
        """Return where the secret starts whose beginning ends *text*, or the length of it."""
        starts = [len(text)]
        tail = text[first:][-_LEAST_ENCODED:]
        if len(tail) == _LEAST_ENCODED:
            for literal in self.literals:
                for at in _find_all(tail, literal):
                    length = at + len(tail)
                    if text.endswith(literal[:length]) and length <= len(text) - first:
                        starts.append(len(text) - length)
        window = max(first, len(text) - _LONGEST * len(self.tokens))
        for found in self._first.finditer(text, window):
            if self._is_left(text, found.end()):
                starts.append(found.start())
                break
        return min(starts)

    def _is_left(self, text: str, at: int) -> bool:
        """Return whether the secret, of which `LEAST` characters end at *at*, ends *text*."""
        begun = at
        for token in self.tokens[LEAST:]:
            found = token.match(text, at)
            if found is None:
                break
            begun, at = at, found.end()
        # The last character may be a part of an encoded one, such as the % of %26.
        rests = (text[begun:], text[at:])
        return at == len(text) or any(
            len(rest) < _LONGEST and _BEGUN.match(rest) for rest in rests
        )

    def _end(self, text: str) -> int:
        """Return where the secret ends whose end begins *text*, or 0."""
        ends = [0]
        head = text[:_LEAST_ENCODED]
        if len(head) == _LEAST_ENCODED:
            for literal in self.literals:
                rests = (literal[at:] for at in _find_all(head, literal))
                ends += [len(rest) for rest in rests if text.startswith(rest)]
        for start, char in enumerate(text[:_LONGEST]):
            first = char if char.isascii() and char.isalnum() else ""
            ends += [self._rest(text, start, number) for number in self._places.get(first, ())]
        return max(ends)

    def _rest(self, text: str, at: int, skipped: int) -> int:
        for token in self.tokens[skipped:]:
            found = token.match(text, at)
            if found is None:
                return 0
            at = found.end()
        return at


def _find_all(part: str, whole: str) -> Iterator[int]:
    at = whole.find(part)
    while at >= 0:
        yield at
        at = whole.find(part, at + 1)
