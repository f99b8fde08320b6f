"""Layers as tar archives whose bytes depend on nothing but what is in them.

Members are sorted, every time is `EPOCH`, no names of users are kept.  The format is
POSIX pax: a plain ustar header wherever a member fits one, which is the form that every
engine reads, and a pax header for longer or non-ASCII paths and for big files; GNU tar's
own extensions, the other way to write those, are nobody's standard.

Only the standard library is used: ``inside/installing/layer.py`` is a link to this file.
"""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import IO, cast

EPOCH = 315532800
"""The time of every member: 1980-01-01, in seconds since 1970; wheels have the same."""


@dataclass(frozen=True, slots=True)
class Member:
    """One member: *path* without ``/`` in front, *mode* without type bits, *size* in bytes.

    *opener* gives a file's content, *size* bytes of it, which *identity* stands for in keys;
    a folder has none, and a link has a *target*.
    """

    path: str
    mode: int
    size: int = 0
    opener: Callable[[], IO[bytes]] | None = None
    uid: int = 0
    gid: int = 0
    target: str = ""
    identity: str = ""


Look = Callable[[str, IO[bytes]], None]


def unseen(path: str, content: IO[bytes]) -> None:
    """Do not look at a file."""


def file_mode(executable: bool) -> int:
    """Return the mode that a file gets: 0755 or 0644, whatever its checkout had."""
    return 0o755 if executable else 0o644


def write_layer(members: Iterable[Member], out: IO[bytes], look: Look = unseen) -> str:
    """Write a layer's tar to *out*, and return its diff ID: the digest of the tar.

    *look* is called with the path and the content of every file, which it leaves at its
    start.  A folder comes before what is in it.  Raises ValueError for two members of one path
    and for a file that does not hold *size* bytes.
    """
    ordered = sorted(members, key=lambda member: member.path.split("/"))
    for before, after in pairwise(ordered):
        if before.path == after.path:
            raise ValueError(f"two members are called {after.path}")
    return write_tar(ordered, out, look)


def write_tar(members: Iterable[Member], out: IO[bytes], look: Look = unseen) -> str:
    """Write *members* as they come; return the digest of the tar.  Raises ValueError."""
    hashing = _Hashing(out)
    with tarfile.open(
        fileobj=cast(IO[bytes], hashing),
        mode="w|",
        format=tarfile.PAX_FORMAT,
        encoding="utf-8",
        errors="strict",
    ) as archive:
        for member in members:
            _add(archive, member, look)
    return "sha256:" + hashing.digest.hexdigest()


def _add(archive: tarfile.TarFile, member: Member, look: Look) -> None:
    info = tarfile.TarInfo(member.path)
    info.mode, info.uid, info.gid, info.mtime = member.mode, member.uid, member.gid, EPOCH
    if member.opener is None:
        info.type = tarfile.SYMTYPE if member.target else tarfile.DIRTYPE
        info.linkname = member.target
        archive.addfile(info)
        return
    info.size = member.size
    with member.opener() as content:
        look(member.path, content)
        try:
            archive.addfile(info, content)
        except OSError as error:
            raise ValueError(f"{member.path}: {error}") from None
        if content.read(1):
            raise ValueError(f"{member.path} holds more than {member.size} bytes")


@dataclass
class _Hashing:
    """A file to write to that knows the digest of what went through."""

    out: IO[bytes]
    digest: hashlib._Hash = field(default_factory=hashlib.sha256)

    def write(self, data: bytes) -> int:
        """Pass *data* on."""
        self.digest.update(data)
        return self.out.write(data)
