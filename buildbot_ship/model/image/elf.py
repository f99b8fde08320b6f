"""ELF files: which shared libraries each asks the dynamic loader for, and where.

Format: https://refspecs.linuxfoundation.org/elf/gabi4+/contents.html, chapter 5 (program
headers, dynamic section).  It is read by pyelftools, which is imported late: most layers
have no such file.

``inside/installing/elf.py`` is a link to this file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import IO, Any

MAGIC = b"\x7fELF"
LONGEST = 4096
"""Characters of a name or path, as Linux has it (PATH_MAX), and libraries that one names."""
_TEXTS = {"DT_SONAME": "soname", "DT_RPATH": "rpath", "DT_RUNPATH": "runpath"}


@dataclass(frozen=True)
class Elf:
    """What one file says: its *machine* is ``EM_X86_64/64``, with the bits of its class.

    *interpreter* is the path of the loader that starts a program (PT_INTERP), empty for what
    is only loaded.  *rpath* counts where there is no *runpath*, and for what is loaded by it.
    """

    machine: str
    interpreter: str = ""
    soname: str = ""
    needed: tuple[str, ...] = ()
    rpath: str = ""
    runpath: str = ""


@dataclass
class ElfFiles:
    """The ELF files among those that were looked at, by path."""

    found: dict[str, Elf] = field(default_factory=dict)

    def look(self, path: str, content: IO[bytes]) -> None:
        """Look at the *content* of a file, and leave it at its start."""
        if content.read(len(MAGIC)) == MAGIC:
            elf = read(content)
            if elf is not None:
                self.found[path] = elf
        content.seek(0)


def read(content: IO[bytes]) -> Elf | None:
    """Return what an ELF file says; None for one that no loader could read either."""
    from elftools.elf.elffile import ELFFile  # noqa: PLC0415

    try:
        file: Any = ELFFile(content)
        said: dict[str, Any] = {"machine": f"{file['e_machine']}/{file.elfclass}"}
        for segment in file.iter_segments():
            if segment["p_type"] == "PT_INTERP":
                said["interpreter"] = segment.get_interp_name()
            elif segment["p_type"] == "PT_DYNAMIC":
                said |= _dynamic(segment)
    except Exception:
        # A damaged file ends in errors of many kinds there.
        return None
    texts = (*said.get("needed", ()), *said.values())
    return None if any(len(text) > LONGEST for text in texts) else Elf(**said)


def _dynamic(segment: Any) -> dict[str, Any]:
    """Return what a dynamic segment says."""
    said: dict[str, Any] = {}
    needed = []
    for tag in segment.iter_tags():
        name = str(tag.entry.d_tag)
        if name == "DT_NEEDED":
            needed.append(tag.needed)
        elif name in _TEXTS:
            said[_TEXTS[name]] = getattr(tag, _TEXTS[name])
    return {**said, "needed": tuple(needed)}
