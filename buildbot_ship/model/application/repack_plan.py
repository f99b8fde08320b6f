"""Decide whether a wheel of an own package can be repacked instead of built again."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable

import attrs

from ..artefact import Wheel


def is_build_input(path: str) -> bool:
    """Return whether a build gets the file at *path*, relative to the top of the repository.

    Dockerfiles are excluded, so that a new base image does not change a wheel.
    """
    return "/" in path or not path.endswith(".docker")


@attrs.frozen
class SourceFile:
    """A file that a build gets; *identity* names its content of *size* bytes."""

    path: str
    identity: str
    executable: bool
    size: int


@attrs.frozen
class Survey:
    """The state of a package: a digest of all paths and modes, and some *files* by path."""

    shape: str
    files: dict[str, SourceFile]


@attrs.frozen
class Member:
    """The member of a wheel that has the content of a file, and the *identity* of the file."""

    name: str
    identity: str


@attrs.frozen
class RepackRecord:
    """A built *wheel*, and how the build used each file of the package.

    *shape* is the digest of all paths and modes.  *members* are the files that were copied into
    the wheel without being read by the build.  *inputs* are the files that the build read, with
    their identities.  The build opened no other file.  *zlib* is the version that compressed
    the wheel.
    """

    wheel: Wheel
    shape: str
    inputs: dict[str, str]
    members: dict[str, Member]
    zlib: str

    @property
    def paths(self) -> Container[str]:
        """Return the paths whose content matters."""
        return self.inputs.keys() | self.members.keys()

    def changed(self, now: Survey) -> tuple[SourceFile, ...] | None:
        """Return the files to replace in the wheel; None if a new build is necessary.

        It is necessary after a change of paths or modes, or of a file that the build read.
        """
        files = now.files
        if now.shape != self.shape:
            return None
        if any(files[path].identity != name for path, name in self.inputs.items()):
            return None
        members = self.members.items()
        return tuple(files[p] for p, member in members if files[p].identity != member.identity)


def survey(files: Iterable[SourceFile], wanted: Container[str]) -> Survey:
    """Return the survey of *files*, in this order; keep those whose paths are *wanted*."""
    digest = hashlib.sha256()
    found = {}
    for file in files:
        line = f"{file.path}\0{file.executable}\n"
        digest.update(line.encode("utf-8", "surrogateescape"))
        if file.path in wanted:
            found[file.path] = file
    return Survey(digest.hexdigest(), found)
