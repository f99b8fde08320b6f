"""Ranges of versions as Poetry writes them, such as ``^3.11``, as version specifiers.

Format: https://python-poetry.org/docs/dependency-specification/#version-constraints.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_PART = re.compile(r"\s*(\^|~=|~|[<>]=?|!=|={1,3})?\s*([^\s,^~<>!=|]+)\s*(?:,|\s|$)")


def specifiers(text: str) -> tuple[str, ...]:
    """Return the alternatives of a range as specifiers; an empty one admits everything.

    What is no range of Poetry is returned as it is.

    >>> specifiers("^3.11 || ~2.7")
    ('>=3.11,<4', '>=2.7,<2.8')
    """
    return tuple(_specifier(each.strip()) for each in re.split(r"\|\|?", text))


def _specifier(text: str) -> str:
    parts: list[str] = []
    end = 0
    while end < len(text):
        match = _PART.match(text, end)
        if match is None:
            return text
        parts += _part(match[1] or "", match[2])
        end = match.end()
    return ",".join(parts)


def _part(operator: str, version: str) -> Iterator[str]:
    numbers = version.split(".")
    if operator not in ("^", "~") or not all(n.isdecimal() and n.isascii() for n in numbers):
        if version != "*":
            yield f"{operator or '=='}{version}"
        return
    # A caret keeps the first number that is not 0, and a tilde the first two.
    kept = next((at for at, n in enumerate(numbers) if int(n)), len(numbers) - 1)
    kept = kept if operator == "^" else min(1, len(numbers) - 1)
    above = [*numbers[:kept], str(int(numbers[kept]) + 1)]
    yield f">={version}"
    yield f"<{'.'.join(above)}"
