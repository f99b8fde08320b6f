"""Read why a package is in the strict file: the ``# via`` comments of pip-compile."""

from __future__ import annotations

import re

from packaging.utils import canonicalize_name

from ..requirement import parse_requirement

_VIA = re.compile(r"\s+# via(?: (.+))?")
_MORE = re.compile(r"\s+#   (\S.*)")


def reasons(text: str) -> dict[str, tuple[str, ...]]:
    """Return the reasons for each package, by its canonical name.

    A reason is the name of a package, ``-r FILE``, ``-c FILE``, or ``NAME (setup.py)``.
    """
    found: dict[str, list[str]] = {}
    current: list[str] = []
    listing = False
    for line in text.splitlines():
        name, via, more = _name(line), _VIA.fullmatch(line), _MORE.fullmatch(line)
        if name is not None:
            current = found.setdefault(name, [])
        elif via is not None and via[1]:
            current.append(via[1].strip())
        elif more is not None and listing:
            current.append(more[1].strip())
        listing = via is not None or (listing and more is not None)
    return {name: tuple(why) for name, why in found.items()}


def _name(line: str) -> str | None:
    """Return the canonical name of the package that *line* pins, or None."""
    if not line[:1].isalnum():
        return None
    try:
        requirement = parse_requirement(line.partition(" --hash")[0].rstrip("\\ "))
    except ValueError:
        return None
    return canonicalize_name(requirement.name)
