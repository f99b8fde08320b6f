"""What a build made of an own package's files, and which changes need no other build."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable

import attrs

from ..artefact import Wheel


def seen_by_build(path: str) -> bool:
    """Tell whether a build gets the file at *path*, from the top of the repository.

    The Dockerfiles are kept from it, so that a new base changes no wheel.
    """
    return "/" in path or not path.endswith(".docker")


@attrs.frozen
class Seen:
    """One file as a build gets it; *identity* is the name of its *size* bytes."""

    path: str
    identity: str
    executable: bool
    size: int


@attrs.frozen
class Survey:
    """The files of a package: a digest of their paths and modes, and some of them by path."""

    shape: str
    files: dict[str, Seen]


@attrs.frozen
class Member:
    """What a file became in a wheel; *identity* is that of its bytes."""

    name: str
    identity: str


@attrs.frozen
class Carried:
    """A *wheel* that was built, and of what.

    The build got files of this *shape*.  *members* are those that nobody looked into, by path,
    as `Member`; *inputs* are git's names of those that it did look into.  All others, nobody
    opened.  *zlib* is the version of what compressed the wheel.
    """

    wheel: Wheel
    shape: str
    inputs: dict[str, str]
    members: dict[str, Member]
    zlib: str

    @property
    def paths(self) -> Container[str]:
        """Return the paths whose content counts."""
        return self.inputs.keys() | self.members.keys()

    def changed(self, now: Survey) -> tuple[Seen, ...] | None:
        """Return what holds other bytes *now*; None where a build must see.

        That is so for a path more or less, for another mode, and for a file that was read.
        """
        files = now.files
        if now.shape != self.shape:
            return None
        if any(files[path].identity != name for path, name in self.inputs.items()):
            return None
        members = self.members.items()
        return tuple(files[p] for p, member in members if files[p].identity != member.identity)


def survey(files: Iterable[Seen], wanted: Container[str]) -> Survey:
    """Return the survey of *files*, in their order, with those whose paths are *wanted*."""
    digest = hashlib.sha256()
    found = {}
    for file in files:
        line = f"{file.path}\0{file.executable}\n"
        digest.update(line.encode("utf-8", "surrogateescape"))
        if file.path in wanted:
            found[file.path] = file
    return Survey(digest.hexdigest(), found)
