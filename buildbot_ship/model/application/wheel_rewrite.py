"""Repack a wheel: replace the content of some members, and update RECORD.

Formats: https://packaging.python.org/specifications/binary-distribution-format/ and
https://packaging.python.org/specifications/recording-installed-packages/ (RECORD).

Only the standard library is used: ``inside/building/wheel_rewrite.py`` is a link to this file.
"""

from __future__ import annotations

import copy
import hashlib
import io
import zipfile
import zlib
from base64 import urlsafe_b64encode
from collections.abc import Mapping

# Of damaged members, and of encrypted ones.
_FAULTS = (StopIteration, LookupError, NotImplementedError, EOFError, RuntimeError, OSError)


def repack_wheel(wheel: bytes, changes: Mapping[str, bytes]) -> bytes:
    """Return *wheel* with the new content of *changes*, by member, and an updated RECORD.

    All members are compressed again, as most backends do it.  To get the bytes that the backend
    would write, first check that repacking without changes returns *wheel*.  Raises ValueError
    if it is not a wheel, or lacks a member or its RECORD entry.
    """
    out = io.BytesIO()
    try:
        with zipfile.ZipFile(io.BytesIO(wheel)) as old, zipfile.ZipFile(out, "w") as new:
            contents = {item.filename: old.read(item) for item in old.infolist()}
            record = next(name for name in contents if _is_record(name))
            contents |= changes
            contents[record] = _recorded(contents[record].decode(), changes).encode()
            for item in old.infolist():
                new.writestr(copy.copy(item), contents.pop(item.filename))
    except (zipfile.BadZipFile, zlib.error, *_FAULTS) as error:
        raise ValueError(f"cannot be repacked: {error}") from None
    if contents:
        raise ValueError(f"has no {', '.join(sorted(contents))}")
    return out.getvalue()


def _is_record(name: str) -> bool:
    return name.endswith(".dist-info/RECORD") and name.count("/") == 1


def _recorded(record: str, changes: Mapping[str, bytes]) -> str:
    """Return the RECORD with the hashes and sizes of *changes*."""
    lines = record.splitlines(keepends=True)
    places = {line.rsplit(",", 2)[0]: number for number, line in enumerate(lines)}
    for name, data in changes.items():
        number = places[name]
        end = lines[number][len(lines[number].rstrip("\r\n")) :]
        digest = urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        lines[number] = f"{name},sha256={digest},{len(data)}{end}"
    return "".join(lines)
