"""Split a line of a Dockerfile into words, flags, name=value pairs and JSON arrays.

Rules: https://docs.docker.com/reference/dockerfile/ and the classic builder;
tests/engine/test_image.py compares the results with it.
"""

from __future__ import annotations

import json

_SHOWN = 80
"""Maximum number of characters of a line that a message quotes."""


class Fault(ValueError):
    """A fault of one instruction, with its remedy; the caller adds the line number."""


def shortened(text: str) -> str:
    """Return the beginning of *text* for a message."""
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def split_words(text: str, escape: str) -> list[str]:
    """Split *text* at white space outside quotes; the words keep their quotes."""
    words, word, quote, index = [], "", "", 0
    while index < len(text):
        char = text[index]
        if char == escape and quote != "'":
            word += text[index : index + 2]
            index += 2
            continue
        if not quote and char.isspace():
            words.append(word)
            word = ""
        else:
            word += char
            if char == quote:
                quote = ""
            elif not quote and char in "'\"":
                quote = char
        index += 1
    return [word for word in [*words, word] if word]


def pairs(text: str, escape: str) -> tuple[tuple[str, str], ...]:
    """Return the unexpanded pairs of ENV or LABEL: ``name=value ...``, or ``name value``.

    Raises Fault for a name without a value.
    """
    words = split_words(text, escape)
    if not words:
        raise Fault("nothing is set: write name=value")
    if "=" not in words[0]:
        name, *rest = text.split(None, 1)
        if not rest:
            raise Fault(f"{name} has no value: write {name}=value")
        return ((name, rest[0]),)
    return tuple(_pair(word) for word in words)


def _pair(word: str) -> tuple[str, str]:
    name, equals, value = word.partition("=")
    if not equals:
        raise Fault(f"{word} has no value: write {word}=value, and quote values with spaces")
    return name, value


def flags(text: str, accepted: tuple[str, ...] = ()) -> tuple[dict[str, str], str]:
    """Return the flags of an instruction, and the text after them.  Raises Fault."""
    found: dict[str, str] = {}
    while text.startswith("--"):
        word, *rest = text.split(None, 1)
        text = rest[0] if rest else ""
        name, equals, value = word.removeprefix("--").partition("=")
        if name not in accepted:
            names = ", ".join(f"--{flag}" for flag in accepted) or "none"
            raise Fault(f"--{name} is not supported: remove it; accepted: {names}")
        if not equals or not value or name in found:
            raise Fault(f"--{name} needs one value: write --{name}=value, once")
        found[name] = value
    return found, text


def array(text: str) -> tuple[str, ...] | None:
    """Parse *text* as a JSON array of strings; return None if it is a plain line.

    Raises Fault for a malformed array (single quotes, a comma at the end), which docker would
    silently give to a shell.
    """
    if not text.startswith("["):
        return None
    try:
        value, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        value, end = None, 0
    strings = isinstance(value, list) and all(isinstance(item, str) for item in value)
    if strings and not text[end:].strip():
        return tuple(value)
    if end or text.endswith("]"):
        raise Fault(
            f"{shortened(text)} is not a JSON array of strings: "
            'write ["a", "b"] with double quotes, no comma at its end, and nothing after it'
        )
    return None
