"""Find the shared libraries that an image lacks, with the search rules of ld.so(8).

The check compares names only.  If in doubt, a library counts as found.  Files of the base image
are not checked.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

import attrs

from ..artefact import Binaries, Dependents
from ..filesystem.filesystem import LOADER, Filesystem
from ..result import counted

_FOLDERS = ("lib64", "usr/lib64", "lib", "usr/lib", "usr/local/lib", "usr/local/lib64")
_MACHINES = {
    "EM_X86_64/64": ("amd64", "x86_64-linux-gnu"),
    "EM_AARCH64/64": ("arm64", "aarch64-linux-gnu"),
    "EM_ARM/32": ("arm", "arm-linux-gnueabihf"),
    "EM_386/32": ("386", "i386-linux-gnu"),
    "EM_PPC64/64": ("ppc64le", "powerpc64le-linux-gnu"),
    "EM_S390/64": ("s390x", "s390x-linux-gnu"),
    "EM_RISCV/64": ("riscv64", "riscv64-linux-gnu"),
}
"""Architecture of an image, and Debian's library folder, by the machine of an ELF file."""
_PYTHON = re.compile(r"(?P<top>.*/)?bin/python3\.\d+")
_MUSL = re.compile(r"(usr/)?lib/ld-musl-[^/]+\.so\.1")
_IN_MUSL = re.compile(r"lib(c|pthread|rt|m|dl|util|xnet)\..*")
"""Libraries that are a part of musl's loader."""


@attrs.frozen
class Missing:
    """A *library* that is missing, or in a *folder* that the loader does not search.

    *dependents* need it.
    """

    library: str
    dependents: tuple[Dependents, ...]
    folder: str = ""

    @property
    def count(self) -> int:
        """Return the number of files that need it."""
        return sum(row.count for row in self.dependents)


def find_missing(
    binaries: Sequence[Binaries], files: Filesystem, architecture: str, path: str = ""
) -> tuple[Missing, ...]:
    """Return the libraries that the *binaries* of an image lack, most needed first.

    *files* are those of the base (or of more of the image), *path* is LD_LIBRARY_PATH.  Files
    for another architecture are skipped.  The exception is a program that belongs to no
    package: its loader is checked, because somebody copied it to run it.
    """
    image = _Image(files, tuple(binaries), path)
    found: dict[str, list[Dependents]] = {}
    for part in binaries:
        for row in part.dependents:
            machine = _MACHINES.get(row.machine, ("",))[0]
            needed = row.needed
            if machine and architecture and machine != architecture:
                needed = row.needed[:1] if row.program and not row.package else ()
            for library in needed:
                if not image.provides(library, row):
                    found.setdefault(library, []).append(row)
    missing = (
        Missing(name, tuple(rows), image.folder_of(name)) for name, rows in found.items()
    )
    return tuple(sorted(missing, key=lambda item: (-item.count, item.library)))


@attrs.frozen(slots=False)
class _Image:
    """The search of the loader in the *files* of the base and the *binaries* of the image."""

    files: Filesystem
    binaries: tuple[Binaries, ...]
    path: str

    def provides(self, library: str, row: Dependents) -> bool:
        """Return whether the loader finds a library for the files of *row*."""
        if "/" in library:
            return self._exists(library.lstrip("/"))
        if self._musl and _IN_MUSL.fullmatch(library):
            return True
        if not row.program and library in self._names:
            return True
        folders = (*row.folders, *self._inherited, *self._searched, *self._of(row.machine))
        return any(self._exists(f"{folder}/{library}") for folder in folders)

    def folder_of(self, library: str) -> str:
        """Return a folder of the new layers with this library; empty if there is none."""
        return next((folder for folder, names in self._ours.items() if library in names), "")

    @cached_property
    def _ours(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for part in self.binaries:
            for folder, names in part.libraries.items():
                found.setdefault(folder, set()).update(names)
        return found

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset[str]().union(*self._ours.values())

    @cached_property
    def _inherited(self) -> tuple[str, ...]:
        rows = (row for part in self.binaries for row in part.dependents if row.inherited)
        return tuple(dict.fromkeys(folder for row in rows for folder in row.folders))

    @cached_property
    def _musl(self) -> bool:
        return any(_MUSL.fullmatch(path) for path in self.files.nodes)

    @cached_property
    def _searched(self) -> tuple[str, ...]:
        """Return the folders that the loader searches for every library.

        They include the library folder of each Python, whose libraries the process has loaded.
        """
        given = [folder for folder in re.split("[:;]", self.path) if folder.startswith("/")]
        pythons = (_PYTHON.fullmatch(path) for path in self.files.nodes)
        beside = [f"{match['top'] or ''}lib" for match in pythons if match]
        every = (*given, *_configured(self.files), *_FOLDERS, *beside)
        return tuple(dict.fromkeys(folder.strip("/") for folder in every))

    @staticmethod
    def _of(machine: str) -> Iterator[str]:
        if machine in _MACHINES:
            triplet = _MACHINES[machine][1]
            yield from (f"{folder}/{triplet}" for folder in ("lib", "usr/lib"))

    def _exists(self, path: str) -> bool:
        try:
            real = self.files.resolve(path)
        except ValueError:
            return False
        folder, name = posixpath.split(real)
        return self.files.get(real) is not None or name in self._ours.get(folder, ())


def _configured(files: Filesystem) -> Iterator[str]:
    """Yield the folders in the configuration of the loader."""
    for path, node in files.nodes.items():
        if LOADER.fullmatch(path):
            for line in node.content.splitlines():
                words = re.split(r"[:,\s]+", line.partition("#")[0].strip())
                if words[0] not in ("include", "hwcap"):
                    yield from (word.partition("=")[0] for word in words if word[:1] == "/")


def describe(missing: Iterable[Missing], base: str) -> list[str]:
    """Return a message for each library."""
    return [_line(item, base) for item in missing]


def _line(item: Missing, base: str) -> str:
    first = item.dependents[0]
    of = f" ({first.package})" if first.package else ""
    more = item.count - 1
    files = f"/{first.file}{of}" + (
        f" and {counted(more, 'more file', 'more files')}" if more else ""
    )
    if item.folder:
        why = f" is in /{item.folder}, where the loader does not look for it"
    else:
        why = f" is neither in the image nor in {base}"
    line = f"{item.library}{why}: needed by {files}"
    return "".join(char if char.isprintable() else "?" for char in line)
