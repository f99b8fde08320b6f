"""Words of a Dockerfile line: where they end, and what is left without their quotes.

Rules: https://docs.docker.com/reference/dockerfile/ and the classic builder, which
tests/engine/test_image.py compares with.  ``$`` is refused where docker would expand
it: nothing is expanded yet.
"""

from __future__ import annotations

import json
from typing import NoReturn


class Fault(ValueError):
    """What is wrong with one instruction, with its remedy; the caller knows the line."""


def split_words(text: str, escape: str) -> list[str]:
    """Return the words of *text* with their quotes; white space in quotes is no end."""
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


def unquote(text: str, escape: str) -> str:
    """Return *text* without its quotes and escapes; raise Fault for ``$`` and open quotes."""
    out, quote, index = "", "", 0
    while index < len(text):
        char = text[index]
        following = text[index + 1 : index + 2]
        if char == escape and quote != "'":
            kept = char if quote and following not in ('"', "$", escape) else ""
            out += kept + following
            index += 2
            continue
        if char == "$" and quote != "'":
            _refuse_variable(text)
        if char == quote:
            quote = ""
        elif not quote and char in "'\"":
            quote = char
        else:
            out += char
        index += 1
    if quote:
        raise Fault(f"{text} has a {quote} without its end: add it, or escape it")
    return out


def _refuse_variable(text: str) -> NoReturn:
    raise Fault(
        f"{text} holds a variable, and variables are not expanded: write the value, "
        "or \\$ for a plain dollar sign"
    )


def pairs(text: str, escape: str) -> tuple[tuple[str, str], ...]:
    """Return what ENV and LABEL set: ``name=value ...``, or ``name the rest``.

    Raises Fault for a name without a value and for what `unquote` refuses.
    """
    words = split_words(text, escape)
    if not words:
        raise Fault("it sets nothing: write name=value")
    if "=" not in words[0]:
        name, *rest = text.split(None, 1)
        if not rest:
            raise Fault(f"{name} has no value: write {name}=value")
        return ((unquote(name, escape), unquote(rest[0], escape)),)
    return tuple(_pair(word, escape) for word in words)


def _pair(word: str, escape: str) -> tuple[str, str]:
    name, equals, value = word.partition("=")
    if not equals:
        raise Fault(f"{word} has no value: write {word}=value, and quote values with spaces")
    name = unquote(name, escape)
    if not name:
        raise Fault(f"{word} has no name: write name=value")
    return name, unquote(value, escape)


def array(text: str) -> tuple[str, ...] | None:
    """Return the JSON array of strings that *text* is, or None when it is a plain line.

    What was meant as an array and is none (single quotes, a comma at the end) raises
    Fault: docker would hand it to a shell without a word.
    """
    if not text.startswith("["):
        return None
    try:
        value, end = json.JSONDecoder().raw_decode(text)
    except ValueError:
        value, end = None, 0
    strings = isinstance(value, list) and all(isinstance(item, str) for item in value)
    if strings and not text[end:].strip():
        return tuple(value)
    if end or text.endswith("]"):
        raise Fault(
            f'{text} is not a JSON array of strings: write ["a", "b"] with double quotes, '
            "no comma at its end, and nothing after it"
        )
    return None
