"""Summarise the ELF files of a layer: libraries that they need, and libraries they provide."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from typing import Any

import attrs

from ..application.layer_plan import PREFIX
from ..artefact import Binaries, Dependents
from .elf import Elf

_LIB = ("lib", "lib64")


def summarize(
    files: Mapping[str, Elf],
    packages: Mapping[str, str] | None = None,
    links: Iterable[str] = (),
) -> Binaries:
    """Return the summary of ELF *files* by path; *packages* maps paths to package names.

    A library has several names: its file name, the names of its *links*, and its soname.
    """
    names: dict[str, set[str]] = {}
    for path in [*files, *(link for link in links if ".so" in posixpath.basename(link))]:
        folder, name = posixpath.split(path)
        soname = files[path].soname if path in files else ""
        names.setdefault(folder, set()).update(filter(None, (name, soname)))
    there = frozenset[str]().union(*names.values())
    found: dict[Dependents, Dependents] = {}
    for path in sorted(files):
        row = _dependents(path, files[path], there, (packages or {}).get(path, ""))
        if row.needed:
            same = attrs.evolve(row, file="")
            known = found.setdefault(same, attrs.evolve(row, count=0))
            found[same] = attrs.evolve(known, count=known.count + 1)
    libraries = {folder: tuple(sorted(found)) for folder, found in sorted(names.items())}
    return Binaries(tuple(found.values()), libraries)


def read_binaries(report: Mapping[str, Any]) -> Binaries:
    """Return the summary for a *report* from a container, with ELF files by path.

    For each file the report has the fields of `Elf`, and the package.
    """
    packages = {path: entry["package"] for path, entry in report.items()}
    names = [field.name for field in fields(Elf)]
    files = {
        path: Elf(**{name: entry[name] for name in names}) for path, entry in report.items()
    }
    return summarize(files, packages)


def _dependents(path: str, elf: Elf, there: frozenset[str], package: str) -> Dependents:
    """Return the libraries that one file needs; for a library, those *there* count as loaded.

    Extension modules rely on this: the loader reuses a library that the process has loaded
    with the same soname, from any folder.
    """
    program = bool(elf.interpreter)
    needed = tuple(name for name in elf.needed if program or name not in there)
    folders = tuple(_folders(posixpath.dirname(path), elf.runpath or elf.rpath))
    if not program:
        folders = tuple(f for f in folders if not f.startswith(f"{PREFIX.lstrip('/')}/"))
    if program:
        needed = (elf.interpreter, *needed)
    inherited = bool(folders and not elf.runpath)
    return Dependents(path, needed, elf.machine, 1, package, folders, program, inherited)


def _folders(origin: str, run_path: str) -> Iterator[str]:
    """Yield the absolute folders of a run path, without a leading ``/`` (ld.so(8))."""
    for entry in run_path.split(":"):
        for lib in _LIB if "$LIB" in entry or "${LIB}" in entry else ("",):
            folder = entry
            for token, value in (("ORIGIN", f"/{origin}"), ("LIB", lib)):
                folder = folder.replace(f"${token}", value).replace(f"${{{token}}}", value)
            if folder.startswith("/"):
                yield posixpath.normpath(folder).lstrip("/")
