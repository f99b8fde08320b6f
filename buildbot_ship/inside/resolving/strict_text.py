"""Write a strict file of uv as pip-compile writes it.

Both write the same pins, hashes and `# via` lines (docs/decisions/0022-uv-resolves.md).  uv
writes a package with extras as an entry of its own, drops the markers of direct requirements,
and sorts setuptools and pip among the others.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ENTRY = re.compile(
    r"^(?P<name>[A-Za-z0-9._-]+)(?:\[(?P<extras>[^\]]*)\])?(?P<version>==\S+)"
    r"(?P<hashes>(?: \\\n    --hash=sha256:[0-9a-f]{64})+)\n"
    r"(?P<via>(?:    #.*\n)*)",
    re.MULTILINE,
)
UNSAFE = ("distribute", "pip", "setuptools")
"""The packages that pip-compile writes last."""
UNSAFE_TITLE = (
    "\n# The following packages are considered to be unsafe in a requirements file:\n"
)


@dataclass
class Entry:
    """The pin of a package: *version* with ``==``, the lines of its hashes, who requires it."""

    name: str
    version: str
    hashes: str
    extras: set[str]
    via: set[str]

    def text(self, marker: str | None) -> str:
        """Return its lines."""
        extras = f"[{','.join(sorted(self.extras))}]" if self.extras else ""
        condition = f" ; {marker}" if marker else ""
        sources = sorted(self.via)
        if len(sources) > 1:
            sources = ["", *sources]
        lines = [f"    # via {source}".rstrip() for source in sources[:1]]
        lines += [f"    #   {source}" for source in sources[1:]]
        via = "".join(f"{line}\n" for line in lines)
        return f"{self.name}{extras}{self.version}{condition}{self.hashes}\n{via}"


def as_pip_compile(text: str, markers: Mapping[str, str]) -> str:
    """Return the strict file *text* of uv as pip-compile writes it.

    *markers* are those of direct requirements by canonical name.  Raises ValueError if *text*
    has anything but pins with sha256: a package by URL, or hashes of another kind.
    """
    if rest := ENTRY.sub("", text).strip():
        raise ValueError(f"uv wrote {rest.splitlines()[0]}")
    entries: dict[str, Entry] = {}
    for found in ENTRY.finditer(text):
        new = Entry(found["name"], found["version"], found["hashes"], set(), set())
        entry = entries.setdefault(canonicalize_name(found["name"]), new)
        entry.extras |= set(re.findall(r"[^\s,]+", found["extras"] or ""))
        entry.via |= set(_sources(found["via"]))
    safe = {name: entry for name, entry in entries.items() if name not in UNSAFE}
    unsafe = {name: entries[name] for name in UNSAFE if name in entries}
    body = _join(safe, markers)
    return body + (UNSAFE_TITLE + _join(unsafe, markers) if unsafe else "")


def markers_of(requirements: Iterable[Requirement]) -> dict[str, str]:
    """Return the markers that pip-compile writes, by canonical name.

    Of several requirements of a package, the last that applies here counts.
    """
    return {
        canonicalize_name(each.name): str(each.marker)
        for each in requirements
        if each.marker and each.marker.evaluate({"extra": ""})
    }


def _sources(via: str) -> Iterable[str]:
    words = (line.strip().removeprefix("#").strip() for line in via.splitlines())
    return (word for line in words if (word := line.removeprefix("via").strip()))


def _join(entries: Mapping[str, Entry], markers: Mapping[str, str]) -> str:
    return "".join(entry.text(markers.get(name)) for name, entry in entries.items())
