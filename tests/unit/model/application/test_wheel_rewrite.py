"""Wheels put together again from their parts."""

from __future__ import annotations

import hashlib
import io
import zipfile
from base64 import urlsafe_b64encode
from collections.abc import Mapping

import pytest

from buildbot_ship.model.application.wheel_rewrite import repack_wheel

RECORD = "app-1.dist-info/RECORD"
FILES = {
    "app/__init__.py": b"x = 1\n" * 50,
    "app/a, b.txt": b"text\n",
    "app-1.dist-info/METADATA": b"Name: app\nVersion: 1\n",
}


def wheel(files: Mapping[str, bytes], level: int | None = None, end: str = "\n") -> bytes:
    """Return a wheel as backends write it."""
    lines = []
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number, (name, data) in enumerate(files.items()):
            digest = urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            lines.append(f"{name},sha256={digest},{len(data)}{end}")
            item = zipfile.ZipInfo(name, (2020, 2, 2, 0, 0, 0))
            item.external_attr = (0o100755 if number else 0o100644) << 16
            archive.writestr(item, data, zipfile.ZIP_DEFLATED, level)
        record = "".join([*lines, f"{RECORD},,{end}"])
        archive.writestr(zipfile.ZipInfo(RECORD), record, zipfile.ZIP_DEFLATED)
    return out.getvalue()


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_it_is_the_wheel_that_a_build_would_have_made(end: str) -> None:
    old = wheel(FILES, end=end)
    new = {"app/__init__.py": b"y = 2\n" * 70}
    assert repack_wheel(old, {}) == old
    assert repack_wheel(old, new) == wheel({**FILES, **new}, end=end) != old


def test_one_that_was_compressed_in_another_way_is_not_put_together_alike() -> None:
    old = wheel(FILES, level=0)
    assert repack_wheel(old, {}) != old


@pytest.mark.parametrize("name", ["app/other.py", "app-1.dist-info/WHEEL"])
def test_a_member_that_is_not_there_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        repack_wheel(wheel(FILES), {name: b""})


def test_what_is_no_wheel_is_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("app.py", "")
    for data in (b"", b"PK", out.getvalue()):
        with pytest.raises(ValueError, match="cannot be repacked"):
            repack_wheel(data, {})
