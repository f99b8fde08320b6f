"""Hostile tars, wheels, images and ELF files."""

from __future__ import annotations

import io
import json
import struct
import tarfile
import zipfile
from collections.abc import Iterable
from random import Random
from typing import Any

from lab.soak.fuzz.json_mutation import JSON_WORDS, mutated_json

NAMES = (
    "out/a", "out/b/c", "out/result.json", "out", "out/", "", ".", "..", "/", "/etc/x", "../x",
    "out/../../x", "out/../x", "./out/a", "out//a", "out/a/b", "out/a/b/c", "out/\0x", "out/\n",
    "out/" + "x" * 300, "out/" + "d/" * 200 + "x", "out/\udcff", "out/é", "C:\\x", "out\\..\\x",
    "out/.", "out/..", "etc/passwd", "etc/.wh.passwd", "etc/.wh..wh..opq", ".wh.x", "canary",
    "usr/lib/libc.so.6", "etc/ld.so.conf", "..\\x", "out/link/x", "out/link",
)  # fmt: skip
LINKS = ("/etc/passwd", "../../x", "out/a", "out/link", "", ".", "..", "canary", "/", "x" * 200)
_TYPES = b"0\x00012345670gxKLSVDM7A"
_NUMBERS = (0, 1, 511, 512, 513, 10**6, 8**11 - 1, 2**33, 2**63, -1, -512, -(2**60))
_PAX = (
    ("path", "../x"), ("path", "/etc/x"), ("path", "out/p\0q"), ("size", "-1"), ("size", "x"),
    ("size", "9" * 30), ("size", "1e3"), ("linkpath", "/etc"), ("mtime", "nan"), ("mtime", "x"),
    ("uid", "9" * 5000), ("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"),
    ("GNU.sparse.map", "0,1,x"), ("GNU.sparse.map", "0,-1"), ("GNU.sparse.size", "9" * 20),
    ("GNU.sparse.realsize", "10000000000"), ("GNU.sparse.name", "../x"), ("hdrcharset",
    "BINARY"),
    ("GNU.sparse.numblocks", "1"), ("GNU.sparse.offset", "9"), ("charset", "x"), ("", ""),
)  # fmt: skip
RESULT = b'{"ok": true, "files": [{"file": "a", "digest": "b"}], "wheels": [], "why": "x"}'


def tar_of(files: Iterable[tuple[str, bytes]]) -> bytes:
    """Return a tar of regular files."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        for name, data in files:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return target.getvalue()


def hostile_tar(random: Random) -> bytes:
    """Return a tar with a few members, some of which should be refused, or a damaged one."""
    blocks = []
    for _ in range(random.choice((1, 1, 2, 3, 5))):
        for _ in range(
            random.choice((1, 1, 1, 1, 2, 40, 1200)) if random.random() < 0.05 else 1
        ):
            blocks.append(_member(random))
    data = b"".join(blocks) + bytes(1024 if random.random() < 0.9 else 0)
    return damaged(random, data) if random.random() < 0.2 else data


def _member(random: Random) -> bytes:
    name, content = random.choice(NAMES), b"x" * random.choice((0, 1, 511, 512, 700, 5000))
    if name.endswith("result.json"):
        content = mutated_json(random, [RESULT], JSON_WORDS)
    info = tarfile.TarInfo(name)
    odd = random.random() < 0.5
    info.type = bytes([random.choice(_TYPES)]) if odd else tarfile.REGTYPE
    info.linkname = random.choice(LINKS) if odd else ""
    info.size = len(content)
    info.mode = random.choice((0o644, 0o755, 0o4777, 0, 0o7777777))
    if info.type in b"gx":
        content = b"".join(_record(*random.choice(_PAX)) for _ in range(random.randint(1, 4)))
        info.size = len(content)
    elif odd and random.random() < 0.3:
        info.pax_headers = dict([random.choice(_PAX)])
    header = _header(info)
    if random.random() < 0.2:
        header = _with_number(random, header)
    return header + content + bytes(-len(content) % 512)


def _header(info: tarfile.TarInfo) -> bytes:
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


def _record(name: str, value: str) -> bytes:
    """Return one record of a pax header: its length counts its own digits."""
    text = f" {name}={value}\n".encode()
    length = len(text)
    while len(str(length)) + len(text) != length:
        length = len(str(length)) + len(text)
    return str(length).encode() + text


def _with_number(random: Random, header: bytes) -> bytes:
    """Return a member's header with another size, and a right checksum."""
    number, at = random.choice(_NUMBERS), len(header) - 512
    field = b"%011o\0" % number if 0 <= number < 8**11 else None
    if field is None:
        field = (b"\xff" if number < 0 else b"\x80") + (number % (1 << 88)).to_bytes(11, "big")
    block = bytearray(header[at:])
    start = random.choice((124, 124, 108, 136))
    block[start : start + 12] = field
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return header[:at] + bytes(block)


def damaged(random: Random, data: bytes) -> bytes:
    """Return *data* with a byte changed, a part lost or doubled, or its end cut off."""
    at, end = sorted((random.randrange(len(data) + 1), random.randrange(len(data) + 1)))
    kind = random.randrange(4)
    if kind == 0:
        return data[:at] + bytes([random.randrange(256)]) + data[at + 1 :]
    return (data[:at], data[:at] + data[end:], data[:end] + data[at:end] + data[end:])[kind - 1]


_WHEEL = (
    ("own/__init__.py", b""),
    ("own/a.py", b"0"),
    ("own-1.0.dist-info/METADATA", b"Metadata-Version: 2.1\nName: own\nVersion: 1.0\n"),
    (
        "own-1.0.dist-info/WHEEL",
        b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    ),
    ("own-1.0.dist-info/entry_points.txt", b"[console_scripts]\nown = own.a:main [x]\n"),
    ("own-1.0.dist-info/RECORD", b"own/a.py,,\nown-1.0.dist-info/RECORD,,\n"),
    ("own-1.0.data/scripts/run", b"#!python\n"),
    ("own-1.0.data/data/lib64/x", b""),
)
_POINTS = (
    b"", b"\xff\xfe", b"[console_scripts]\n../x = a:b\n", b"x = y\n", b"[console_scripts]\nx\n",
    b"[", b"[a]\n" * 400, b"[console_scripts]\na=b\na=c\n", b"[console_scripts]\n = x\n",
    "[console_scripts]\n\u2028=\u0085\n".encode(), b"\xef\xbb\xbf[console_scripts]\na=b:c\n",
    b"[console_scripts]\n/etc/x = a:b\n", b"[console_scripts]\na = " + b"(" * 2000,
)  # fmt: skip


def hostile_wheel(random: Random) -> bytes:
    """Return a wheel with odd members, or a damaged one."""
    members: list[tuple[str, bytes]] = list(_WHEEL)
    for _ in range(random.choice((0, 1, 1, 2, 3))):
        at = random.randrange(len(members))
        name, content = members[at]
        kind = random.randrange(5)
        if kind == 0:
            del members[at]
        elif kind == 1:
            members.append((random.choice(NAMES) or "x", content))
        elif kind == 2:
            members[at] = (name, random.choice(_POINTS))
        elif kind == 3:
            members[at] = (f"own-1.0.data/{random.choice(NAMES)}", content)
        else:
            members.append(
                (name.replace("own", random.choice(("Own", "other", ".."))), content)
            )
        members = members or [("a", b"")]
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", random.choice((0, 8))) as archive:
        for name, content in dict(members).items():
            info = zipfile.ZipInfo(name.encode("utf-8", "replace").decode())
            info.external_attr = random.choice((0o644, 0o120777, 0o755)) << 16
            archive.writestr(info, content)
    data = target.getvalue()
    return damaged(random, data) if random.random() < 0.4 else data


_CONFIG: dict[str, Any] = {
    "config": {"Env": ["A=b"], "Labels": {"a": "b"}, "Cmd": ["a"]},
    "rootfs": {"diff_ids": ["sha256:" + "ab" * 32]},
    "history": [{"created_by": "a"}],
}
_ENTRY = [{"Config": "config.json", "Layers": ["a/layer.tar"], "RepoTags": ["a:b"]}]


def hostile_image(random: Random) -> bytes:
    """Return a saved image with odd documents, or a damaged one."""
    config = mutated_json(random, [json.dumps(_CONFIG).encode()], JSON_WORDS)
    entry = mutated_json(random, [json.dumps(_ENTRY).encode()], JSON_WORDS)
    files = [("manifest.json", entry), ("config.json", config), ("a/layer.tar", b"")]
    data = tar_of(files[: random.choice((3, 3, 3, 2, 1))])
    return damaged(random, data) if random.random() < 0.2 else data


def hostile_elf(random: Random) -> bytes:
    """Return the headers of an ELF file with odd numbers."""
    numbers = [random.choice((0, 1, 2, 64, 56, 2**16 - 1)) for _ in range(6)]
    head = b"\x7fELF" + bytes([random.choice((1, 2)), random.choice((1, 2)), 1]) + bytes(9)
    offset = random.choice((64, 0, 2**40, 2**63))
    body = struct.pack("<HHIQQQIHHHHHH", 3, 62, 1, 0, offset, offset, 0, *numbers)
    segment = struct.pack("<IIQQQQQQ", random.choice((2, 3)), 5, 64, 0, 0, 200, 200, 8)
    data = head + body + segment * random.randint(0, 4) + bytes(range(256))
    return damaged(random, data) if random.random() < 0.5 else data
