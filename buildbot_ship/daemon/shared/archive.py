"""Tar archives into and out of containers.

An archive from a container is hostile until it is checked.  `unpack` accepts regular files and
folders with relative paths only, limits their bytes and their number, and writes each file
itself instead of calling tarfile's extraction.
"""

from __future__ import annotations

import errno
import io
import shutil
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO

import attrs

from ...errors import HostileArchive, LimitExceeded
from ...model.tar_stream import read_members
from ..interface import JobFile

MAX_FILES = 100_000
MAX_HEADER = 4 * 1024**2
"""Bytes of headers before a file, read-ahead included: tarfile holds them in memory."""
CHUNK = 1 << 18
# A name that is too long, a file below a file, a file in the place of a folder.
_IMPOSSIBLE = (errno.ENAMETOOLONG, errno.ENOTDIR, errno.EEXIST, errno.EISDIR)


def pack(files: Iterable[JobFile], target: IO[bytes] | io.RawIOBase) -> None:
    """Write *files* as a tar to *target*."""
    with tarfile.open(fileobj=target, mode="w|", bufsize=CHUNK) as archive:
        for file in files:
            member = tarfile.TarInfo(file.path)
            member.mode = 0o755 if file.executable else 0o644
            if isinstance(file.content, bytes):
                member.size = len(file.content)
                archive.addfile(member, io.BytesIO(file.content))
            else:
                member.size = file.content.stat().st_size
                with file.content.open("rb") as source:
                    archive.addfile(member, source)


class _Stream(io.RawIOBase):
    """The chunks of an HTTP answer as a readable file."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._rest = chunks, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = chunk
        count = min(len(buffer), len(self._rest))
        buffer[:count], self._rest = self._rest[:count], self._rest[count:]
        return count


def open_stream(chunks: Iterator[bytes]) -> io.BufferedReader:
    """Return the chunks of an HTTP answer as a readable file."""
    return io.BufferedReader(_Stream(chunks), 1 << 20)


@attrs.define
class _HeaderLimit:
    """Chunks for tarfile; limits the bytes between two files."""

    chunks: Iterator[bytes]
    count: int = 0

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self.chunks:
            self.count += len(chunk)
            if self.count > MAX_HEADER:
                raise HostileArchive(
                    "the archive", f"has a header of more than {MAX_HEADER} bytes"
                )
            yield chunk


def unpack(chunks: Iterator[bytes], folder: Path, *, max_bytes: int) -> None:
    """Write the files of a tar stream into *folder*, without the tar's top folder.

    Raises HostileArchive for a member that is neither a regular file nor a folder or that
    leaves *folder*, LimitExceeded for more than *max_bytes* or 100,000 files, and TarError for
    a truncated stream.
    """
    total = count = 0
    headers = _HeaderLimit(chunks)
    for archive, member in read_members(open_stream(iter(headers))):
        count, total = count + 1, total + member.size
        if count > MAX_FILES:
            raise LimitExceeded("the output of a container", f"{MAX_FILES} files")
        if total > max_bytes:
            raise LimitExceeded("the output of a container", f"{max_bytes} bytes", "disk")
        headers.count = -member.size
        try:
            _write(archive, member, folder)
        except OSError as error:
            if error.errno not in _IMPOSSIBLE:
                raise
            raise HostileArchive(member.name, "has an impossible path") from None
        headers.count = 0


def _write(archive: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts or "\0" in member.name:
        raise HostileArchive(member.name, "has a path outside the output folder")
    relative = PurePosixPath(*path.parts[1:])
    target = folder / relative
    if member.isdir():
        target.mkdir(parents=True, exist_ok=True)
        return
    content = archive.extractfile(member) if member.isreg() else None
    if content is None or relative == PurePosixPath():
        raise HostileArchive(member.name, "is not a regular file")
    if target.exists():
        raise HostileArchive(member.name, "appears twice")
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("xb") as file:
        shutil.copyfileobj(content, file, 1 << 20)
