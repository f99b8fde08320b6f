"""Find secrets in a text in every usual encoding, and replace them.

The encodings are raw text, base64, base64url and hexadecimal, URL encoding, backslash escapes
(JSON, Python, shell), shell quoting and HTML entities.  Base64 is found inside a longer base64
text too, such as the ``user:password`` of Basic authentication.  Escapes may be nested, such as
JSON in JSON.  A secret with several lines, such as a private key, is also found line by line.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Iterator, Mapping

import attrs

from ...errors.base import HIDDEN
from .cut_text import CUT, CutSecret

MIN_LENGTH = 4
"""The length of the shortest secret that is replaced, in characters.

A shorter one would be found in every text: in words, numbers and digests.
"""
_DEPTH = 8
"""The maximum number of backslashes before an escaped character."""
_WRAPPED_AT = (64, 76)
"""The line lengths of base64 in PEM and in MIME."""
_LETTERS = {"\n": "n", "\r": "r", "\t": "t", "\b": "b", "\f": "f", "\v": "v"}
_CARRIAGE_RETURN = rf"(?:\r|\\{{1,{_DEPTH}}}r|%(?:25){{0,2}}0[dD])?"
_ENTITIES = {"&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "apos"}

Mask = Callable[[str], str]
"""Return a text without secrets."""


def mask_of(replacements: Mapping[str, str]) -> Mask:
    """Return a function that replaces the secrets in *replacements*, longest first.

    It also replaces what a cut leaves of a secret; see `cut_text`.
    """
    finders = [
        _Finder.of(part, is_whole, text)
        for secret, text in sorted(replacements.items(), key=lambda item: -len(item[0]))
        for part, is_whole in _parts(secret)
    ]

    def mask(text: str) -> str:
        for finder in finders:
            text = finder.replace(text)
        if CUT in text:
            for finder in finders:
                text = finder.cut.hide(text, finder.replacement)
        return text

    return mask


def hiding(secrets: Iterable[str]) -> Mask:
    """Return a function that replaces *secrets* with `HIDDEN`."""
    return mask_of(dict.fromkeys(secrets, HIDDEN))


def _parts(secret: str) -> Iterator[tuple[str, bool]]:
    """Yield the secret without surrounding white space, then its lines; and if it is whole."""
    whole = secret.strip()
    if len(whole) < MIN_LENGTH:
        return
    yield whole, True
    lines = dict.fromkeys(line.strip() for line in whole.splitlines())
    if len(lines) == 1:
        return
    for line in sorted(lines, key=len, reverse=True):
        # The first and last line of a private key are no secret.
        if len(line) >= MIN_LENGTH and not line.startswith("-----"):
            yield line, False


@attrs.frozen
class _Finder:
    """Finds one secret, or one line of it: *literals* are the encodings that have one form."""

    literals: list[str]
    pattern: re.Pattern[str]
    replacement: str
    cut: CutSecret

    @classmethod
    def of(cls, text: str, is_whole: bool, replacement: str) -> _Finder:
        data = text.encode("utf-8", "surrogateescape")
        literals = set(_base64_forms(data, is_whole))
        if is_whole:
            literals |= {data.hex(), data.hex().upper()}
        useful = sorted(
            (one for one in literals if len(one) >= MIN_LENGTH), key=len, reverse=True
        )
        tokens = list(_tokens(text))
        cut = CutSecret([re.compile(token) for token in tokens], useful)
        return cls(useful, re.compile("".join(tokens)), replacement, cut)

    def replace(self, text: str) -> str:
        for literal in self.literals:
            text = text.replace(literal, self.replacement)
        # A function, because in a template a backslash is special.
        return self.pattern.sub(lambda _: self.replacement, text)


def _base64_forms(data: bytes, is_whole: bool) -> Iterator[str]:
    """Yield *data* in base64, at each of the three places inside a longer text."""
    for alphabet in (b"+/", b"-_"):
        for before in range(3):
            encoded = base64.b64encode(bytes(before) + data, alphabet).decode()
            # A character has 6 bits; skip those that also have bits of the neighbours.
            first, last = -(-before * 8 // 6), (before + len(data)) * 8 // 6
            yield encoded[first:last]
            if is_whole:
                yield encoded[first:]
                yield encoded[first:].rstrip("=")
        if is_whole:
            for ending in (b"", b"\n"):
                encoded = base64.b64encode(data + ending, alphabet).decode()
                yield encoded
                for width in _WRAPPED_AT:
                    if len(encoded) > width:
                        yield from re.findall(f".{{16,{width}}}", encoded)


def _tokens(text: str) -> Iterator[str]:
    """Yield the pattern of each character of *text*.

    Each bound is fixed, and a backslash belongs to one token only: the time of a search is
    proportional to the length of the text.
    """
    after_backslash = False
    for run in re.findall(r"\\+|[^\\]", text.replace("\r\n", "\n"), re.DOTALL):
        if run.startswith("\\"):
            most = _DEPTH * (len(run) + 1)
            encoded = f"(?:{_percent(run[0])}){{{len(run)}}}"
            yield rf"(?:\\{{{len(run)},{most}}}|{encoded})"
        elif run.isascii() and run.isalnum():
            # The escape \n ends before a letter, so a letter needs no backslash of its own.
            yield run
        else:
            start = _CARRIAGE_RETURN if run == "\n" else ""
            yield f"{start}(?:{'|'.join(_encodings(run, after_backslash))})"
        after_backslash = run.startswith("\\")


def _encodings(char: str, after_backslash: bool) -> Iterator[str]:
    """Yield the pattern of each encoding of *char*, the char itself last.

    With *after_backslash*, the backslashes before it have been read.
    """
    some = "" if after_backslash else rf"\\{{1,{_DEPTH}}}"
    code = ord(char)
    yield _percent(char)
    yield f"{some}u{_digits(code, 4)}" if code < 0x10000 else _surrogates(code, some)
    yield f"{some}U{_digits(code, 8)}"
    if code < 0x100:
        yield f"{some}x{_digits(code, 2)}"
    if not char.isascii():
        octets = char.encode("utf-8", "surrogateescape")
        yield "".join(f"{some}x{_digits(octet, 2)}" for octet in octets)
    if char in _LETTERS:
        yield some + _LETTERS[char]
    if char == " ":
        yield re.escape("+")
    if char == "'":
        yield re.escape("'\"'\"'")
        yield rf"'\\{{1,{_DEPTH}}}''"
    if char in _ENTITIES:
        yield f"&(?:amp;)?(?:{_ENTITIES[char]}|#0*{code}|#[xX]0*{_digits(code, 2)});"
    # Last: the encodings of ``%`` and ``&`` begin with it.
    yield ("" if after_backslash else rf"\\{{0,{_DEPTH}}}") + re.escape(char)


def _percent(char: str) -> str:
    """Return the pattern of the URL encoding of *char*, once or several times."""
    octets = char.encode("utf-8", "surrogateescape")
    return "".join(f"%(?:25){{0,2}}{_digits(octet, 2)}" for octet in octets)


def _surrogates(code: int, some: str) -> str:
    """Return the pattern of a character outside the first 65,536 in JSON."""
    high, low = divmod(code - 0x10000, 0x400)
    return f"{some}u{_digits(0xD800 + high, 4)}{some}u{_digits(0xDC00 + low, 4)}"


def _digits(number: int, width: int) -> str:
    """Return the pattern of a hexadecimal number in small or capital letters."""
    digits = f"{number:0{width}x}"
    return "".join(f"[{one}{one.upper()}]" if one.isalpha() else one for one in digits)
