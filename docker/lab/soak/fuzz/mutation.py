"""Change valid texts the way that breaks parsers: splice, repeat, nest, cut, odd characters.

A text is changed word by word, so that most results still look like the format.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from random import Random

_WORDS = re.compile(rb"\w+|\s+|[^\w\s]")
LONGEST = 64 * 1024
"""Maximum length of a text in bytes; the tests of limits use longer ones."""
ODD = (
    b"\0", b"\r", b"\r\n", b"\n", b"\x0b", b"\x0c", b"\x1b[2K", b"\x7f", b"\xff", b"\xc3",
    b"\xed\xa0\x80", b"\xf4\x90\x80\x80", "\u0085".encode(), "\u2028".encode(),
    "\u202e".encode(), "\ufeff".encode(), "\u0663".encode(), "\u00b2".encode(),
    "\u0130".encode(), "e\u0301".encode(), "\U0001f600".encode(), b"\\", b"\\\n", b"\t", b" ",
    b"", b"-", b"--", b"%", b"%00", b"{", b"}", b"{}", b"{0}", b"%s", b"$", b"$$", b"`", b"'",
    b'"', b"#", b";", b"*", b"**", b"../", b"/", b"//", b"~", b":", b"::", b"@", b"=", b"==",
    b"0", b"-1", b"1e999", b"NaN", b"Infinity", b"99999999999999999999", b"9" * 5000,
    b"null", b"true", b"[]", b'"\\ud800"',
)  # fmt: skip
_PAIRS = (
    (b"(", b")"), (b"[", b"]"), (b"{", b"}"), (b"${A:-", b"}"), (b'"', b'"'), (b"'", b"'"),
    (b'{"a":', b"}"), (b"<", b">"),
)  # fmt: skip
Edit = Callable[[Random, list[bytes], Sequence[bytes]], None]


def mutated(random: Random, seeds: Sequence[bytes], words: Sequence[bytes] = ()) -> bytes:
    """Return one of *seeds* after a few changes; *words* are those of its format."""
    parts = _WORDS.findall(random.choice(seeds))
    dictionary = (*words, *ODD)
    for _ in range(random.choice((0, 1, 1, 1, 2, 2, 3, 5, 8))):
        random.choice(_EDITS)(random, parts, dictionary)
        if random.random() < 0.15:
            other = _WORDS.findall(random.choice(seeds))
            at, start = _place(random, parts), _place(random, other)
            parts[at:at] = other[start : start + random.randint(1, 12)]
    return b"".join(parts)[:LONGEST]


def _place(random: Random, parts: Sequence[bytes]) -> int:
    return random.randrange(len(parts) + 1)


def _span(random: Random, parts: Sequence[bytes]) -> slice:
    start = _place(random, parts)
    return slice(start, start + random.choice((1, 1, 1, 2, 3, 8)))


def _insert(random: Random, parts: list[bytes], words: Sequence[bytes]) -> None:
    parts.insert(_place(random, parts), random.choice(words))


def _replace(random: Random, parts: list[bytes], words: Sequence[bytes]) -> None:
    parts[_span(random, parts)] = [random.choice(words)]


def _delete(random: Random, parts: list[bytes], _: Sequence[bytes]) -> None:
    del parts[_span(random, parts)]


def _move(random: Random, parts: list[bytes], _: Sequence[bytes]) -> None:
    span = _span(random, parts)
    moved, parts[span] = parts[span], []
    at = _place(random, parts)
    parts[at:at] = moved


def _repeat(random: Random, parts: list[bytes], _: Sequence[bytes]) -> None:
    span = _span(random, parts)
    parts[span] = [b"".join(parts[span]) * random.choice((2, 2, 3, 10, 100, 600))]


def _nest(random: Random, parts: list[bytes], _: Sequence[bytes]) -> None:
    span, (left, right) = _span(random, parts), random.choice(_PAIRS)
    deep = random.choice((1, 2, 20, 40, 300, 1500))
    parts[span] = [left * deep, *parts[span], right * random.choice((deep, deep, 0))]


def _cut(random: Random, parts: list[bytes], _: Sequence[bytes]) -> None:
    del parts[_place(random, parts) :]


def _flip(random: Random, parts: list[bytes], _: Sequence[bytes]) -> None:
    if parts:
        at = random.randrange(len(parts))
        word = bytearray(parts[at])
        word[random.randrange(len(word)) if word else 0 :][:1] = b""
        if word:
            word[random.randrange(len(word))] = random.randrange(256)
        parts[at] = bytes(word)


def _swap_case(random: Random, parts: list[bytes], _: Sequence[bytes]) -> None:
    span = _span(random, parts)
    parts[span] = [part.swapcase() for part in parts[span]]


_EDITS: tuple[Edit, ...] = (
    _insert, _insert, _replace, _replace, _delete, _move, _repeat, _nest, _cut, _flip,
    _swap_case,
)  # fmt: skip
