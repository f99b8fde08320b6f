"""Read ELF files: the shared libraries that each needs, and its run path.

Format: https://refspecs.linuxfoundation.org/elf/gabi4+/contents.html, chapter 5 (program
headers, dynamic section).  pyelftools parses it, and is imported late because most layers have
no ELF file.

``inside/installing/elf.py`` is a link to this file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import IO, Any

MAGIC = b"\x7fELF"
LONGEST = 4096
"""Maximum length of a name or path (PATH_MAX of Linux), and of a list of libraries."""
MOST_SEGMENTS = 256
"""Number of program headers that are read: real files have about a dozen."""
_TEXTS = {"DT_SONAME": "soname", "DT_RPATH": "rpath", "DT_RUNPATH": "runpath"}


@dataclass(frozen=True)
class Elf:
    """The dynamic section of one file; *machine* is ``EM_X86_64/64``, with the class in bits.

    *interpreter* is the path of the loader (PT_INTERP), empty for a library.  *rpath* applies
    if there is no *runpath*, and also to libraries that the file loads.
    """

    machine: str
    interpreter: str = ""
    soname: str = ""
    needed: tuple[str, ...] = ()
    rpath: str = ""
    runpath: str = ""


@dataclass
class ElfFiles:
    """The ELF files among the inspected files, by path."""

    found: dict[str, Elf] = field(default_factory=dict)

    def look(self, path: str, content: IO[bytes]) -> None:
        """Inspect the *content* of a file, and reset it to its start."""
        if content.read(len(MAGIC)) == MAGIC:
            elf = read(content)
            if elf is not None:
                self.found[path] = elf
        content.seek(0)


def read(content: IO[bytes]) -> Elf | None:
    """Parse an ELF file; return None if it is damaged."""
    from elftools.elf.elffile import ELFFile  # noqa: PLC0415

    try:
        file: Any = ELFFile(content)
        fields: dict[str, Any] = {"machine": f"{file['e_machine']}/{file.elfclass}"}
        for segment in islice(file.iter_segments(), MOST_SEGMENTS):
            if segment["p_type"] == "PT_INTERP":
                fields["interpreter"] = segment.get_interp_name()
            elif segment["p_type"] == "PT_DYNAMIC":
                fields |= _dynamic(segment)
    except Exception:
        # pyelftools raises errors of many kinds for a damaged file.
        return None
    texts = (*fields.get("needed", ()), *fields.values())
    return None if any(len(text) > LONGEST for text in texts) else Elf(**fields)


def _dynamic(segment: Any) -> dict[str, Any]:
    """Return the fields of a dynamic segment."""
    fields: dict[str, Any] = {}
    needed = []
    for tag in segment.iter_tags():
        name = str(tag.entry.d_tag)
        if name == "DT_NEEDED":
            needed.append(tag.needed)
        elif name in _TEXTS:
            fields[_TEXTS[name]] = getattr(tag, _TEXTS[name])
    return {**fields, "needed": tuple(needed)}
