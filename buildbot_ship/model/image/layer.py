"""Write layers as reproducible tar archives: the bytes depend only on the content.

Members are sorted, every time is `EPOCH`, and user names are left out.  The format is POSIX
pax: a ustar header where it is sufficient, because every engine reads it, and a pax header for
long or non-ASCII paths and for big files.  GNU tar's extensions are not standardised.

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
"""The time of every member, as in wheels: 1980-01-01, in seconds since 1970."""


@dataclass(frozen=True, slots=True)
class Member:
    """One member: *path* without a leading ``/``, *mode* without type bits, *size* in bytes.

    *opener* opens the content of a file, *size* bytes; *identity* represents it in cache keys.
    A folder has no opener, and a link has a *target*.
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
    """Do not inspect a file."""


def file_mode(executable: bool) -> int:
    """Return the mode of a file in a layer: 0755 or 0644, whatever its mode in the checkout."""
    return 0o755 if executable else 0o644


def write_layer(members: Iterable[Member], out: IO[bytes], look: Look = unseen) -> str:
    """Write the tar of a layer to *out*, and return its diff ID: the digest of the tar.

    *look* is called with the path and the content of every file; it must reset the content to
    its start.  A folder comes before its content.  Raises ValueError for two members with one
    path, and for a file that does not have *size* bytes.
    """
    ordered = sorted(members, key=lambda member: member.path.split("/"))
    for before, after in pairwise(ordered):
        if before.path == after.path:
            raise ValueError(f"two members have the path {after.path}")
    return write_tar(ordered, out, look)


def write_tar(members: Iterable[Member], out: IO[bytes], look: Look = unseen) -> str:
    """Write *members* in this order; return the digest of the tar.  Raises ValueError."""
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
            raise ValueError(f"{member.path} has more than {member.size} bytes")


@dataclass
class _Hashing:
    """An output file that computes the digest of everything written."""

    out: IO[bytes]
    digest: hashlib._Hash = field(default_factory=hashlib.sha256)

    def write(self, data: bytes) -> int:
        """Write *data*, and update the digest."""
        self.digest.update(data)
        return self.out.write(data)
