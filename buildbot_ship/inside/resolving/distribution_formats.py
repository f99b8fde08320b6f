"""The options no_binary and only_binary: pip's arguments, and the hashes that a pin keeps.

``no_binary=:all:`` is not passed to pip, which would build every build backend from source too.
Versions are resolved as usual, and each package must have an sdist.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from index import Index
from index_listing import File
from job import Failed
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from strict_lines import Pinned, pins

ALL = ":all:"
MISSING = re.compile(r"No matching distribution found for ([^\n]+)")
ENTRY = re.compile(r"^[^\s#][^\n]*?(?: \\\n {4}--hash=sha256:[0-9a-f]{64})+", re.M)
MESSAGES = {
    "no_binary": "no_binary asks for an sdist of {}, and the index has none",
    "only_binary": "only_binary asks for a wheel of {}, and the index has none that fits here",
}
HINTS = {
    "no_binary": "constrain it to a version that has one, or name it in the option only_binary",
    "only_binary": "constrain it to a version that has one, or name it in the option no_binary",
}


@dataclass(frozen=True)
class Formats:
    """The values of both options: normalised names, or ``:all:``."""

    no_binary: Sequence[str] = ()
    only_binary: Sequence[str] = ()

    @classmethod
    def of(cls, arguments: Mapping[str, Any]) -> Formats:
        """Return the options in the arguments of a job."""
        return cls(arguments["no_binary"], arguments["only_binary"])

    def option(self, name: str) -> str | None:
        """Return the option that applies to a package; a name overrides ``:all:``."""
        for word in (canonicalize_name(name), ALL):
            if word in self.only_binary:
                return "only_binary"
            if word in self.no_binary:
                return "no_binary"
        return None

    def admits(self, name: str, file: File) -> bool:
        """Return whether the options admit *file* of the package *name*."""
        option = self.option(name)
        return option is None or file.is_sdist == (option == "no_binary")

    @property
    def arguments(self) -> list[str]:
        """Return pip's arguments; names come after ``:all:``, so they take precedence."""
        sources = [word for word in self.no_binary if word != ALL]
        arguments = ["--only-binary", ",".join(self.only_binary)] if self.only_binary else []
        return [*arguments, "--no-binary", ",".join(sources)] if sources else arguments


def keep_admitted(strict: str, index: Index, formats: Formats, scratch: Path) -> str:
    """Return *strict* with the hashes of admitted files only.

    Raises Failed with the packages that have no admitted file.
    """
    missing: dict[str, list[str]] = {}

    def kept(entry: re.Match[str]) -> str:
        (pin,) = pins(entry[0])
        option = formats.option(pin.name)
        if option is None:
            return entry[0]
        index.listings.refresh([(pin.name, pin.hashes)])
        hashes = set(_hashes(pin, index, formats, scratch))
        if not hashes:
            missing.setdefault(option, []).append(f"{pin.name}=={pin.version}")
        head = entry[0].partition(" \\\n")[0]
        return head + "".join(f" \\\n    --hash=sha256:{digest}" for digest in sorted(hashes))

    text = ENTRY.sub(kept, strict)
    for option, names in missing.items():
        raise no_admitted_file(option, names)
    return text


def no_admitted_file(option: str, names: Iterable[str]) -> Failed:
    """Return the error for packages without a file that *option* admits."""
    return Failed(MESSAGES[option].format(", ".join(names)), HINTS[option])


def _hashes(pin: Pinned, index: Index, formats: Formats, scratch: Path) -> Iterable[str]:
    files = [file for file in index.files(pin.name) if file.version == Version(pin.version)]
    files = [file for file in files if formats.admits(pin.name, file)]
    if all(file.rank is None for file in files):
        return
    for file in files:
        digest = file.sha256 or index.fetch(file, pin.hashes, scratch)
        if digest in pin.hashes:
            yield digest


def explain_missing_file(failed: Failed, index: Index, formats: Formats) -> Failed:
    """Return the error that names the package if an option made pip fail, else *failed*."""
    for text in MISSING.findall(failed.output):
        try:
            wanted = Requirement(text.partition(" (from ")[0].strip())
        except InvalidRequirement:
            continue
        option, files = formats.option(wanted.name), index.files(wanted.name)
        fitting = [file for file in files if file.rank is not None and file.version]
        fitting = [f for f in fitting if wanted.specifier.contains(str(f.version))]
        if option and fitting and not any(formats.admits(wanted.name, f) for f in fitting):
            specific = no_admitted_file(option, [str(wanted)])
            specific.output = failed.output
            return specific
    return failed
