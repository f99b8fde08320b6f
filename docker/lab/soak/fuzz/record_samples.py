"""Valid requests, results, records, streams of containers and outputs of git."""

from __future__ import annotations

import json
import struct

from buildbot_ship.model.request import (
    BuildRequest,
    Envelope,
    HardenRequest,
    ImageRequest,
    PexRequest,
    ProposeRequest,
    PushRequest,
    RetagRequest,
    WheelsRequest,
)
from buildbot_ship.model.request.base import Request
from buildbot_ship.model.request.settings import Credential, Index
from buildbot_ship.model.request.upkeep import BaseCopy
from buildbot_ship.model.request.wire import envelope_to_json
from lab.soak.fuzz.promise import PLANTED

PASSWORD = "pass"  # noqa: S105
_DIGEST = "sha256:" + "ab" * 32
_OWN = "own.example.com/team/python311:2026-11-23T04-50-49-169150"
_INDEX = Index(f"https://user:{PLANTED}@pypi.example.com/simple")
_LOGIN = Credential("own.example.com", "user", PLANTED)
_WHEELS = WheelsRequest(packages=(".",))
_PEX = PexRequest("app.pex", ("app",), module="app")


def _request(request: Request) -> bytes:
    envelope = Envelope(request, "build-1", "/work", index=_INDEX, credentials=(_LOGIN,))
    return json.dumps(envelope_to_json(envelope)).encode()


REQUESTS = tuple(
    map(
        _request,
        (
            _WHEELS,
            _PEX,
            ImageRequest("app", labels={"a": "b"}),
            PushRequest("app", "own.example.com/team/app", revision="main"),
            BuildRequest(_WHEELS, (_PEX,), (ImageRequest("app"),)),
            HardenRequest(packages=(".",), no_binary="six"),
            RetagRequest((BaseCopy("python:3.11", "own.example.com/team/python311"),)),
            ProposeRequest("bases", ("app.docker",), "Move the bases"),
        ),
    )
)
RESULTS = (
    json.dumps(
        {
            "verb": "push",
            "status": "success",
            "summary": "pushed",
            "properties": {"ship_image": _OWN},
            "texts": {"a.txt": "b"},
            "warnings": ["c"],
            "failure": None,
            "schema": 4,
        }
    ).encode(),
    json.dumps(
        {
            "verb": "push",
            "status": "retry",
            "summary": "x",
            "failure": {"kind": "A", "message": "b", "remedy": "c", "unpublished": True},
            "schema": 4,
        }
    ).encode(),
)
_WHEEL = {
    "file": "own-1.0-py3-none-any.whl",
    "digest": _DIGEST,
    "size": 3,
    "requires": ["six>=1"],
    "scripts": {"own": "own:main"},
    "listing": {"tops": ["a"], "digest": "b"},
}
_LAYER = {"diff_id": _DIGEST, "digest": _DIGEST, "size": 3, "binaries": None}
_RECORDS: tuple[object, ...] = (
    {"commit": "0" * 40, "base": _OWN, "tools": "", "wheels": [_WHEEL], "extras": {"a": ["b"]}},
    {"commit": "0" * 40, "name": "app", "digest": _DIGEST, "size": 1, "layers": [_LAYER]},
    {
        "commit": "0" * 40, "name": "app", "image_id": _DIGEST, "manifest_digest": _DIGEST,
        "media_type": "a", "base": _OWN, "layers": [_LAYER], "size": 3, "loaded_as": "",
    },
    {"kind": "container", "name": "a", "work": "b", "build": "c", "holder": "d", "made": 1.5},
    {"record": {"a": 1}, "blobs": [{"name": "a", "digest": _DIGEST, "size": 3}]},
)  # fmt: skip
RECORDS = tuple(json.dumps(record).encode() for record in _RECORDS)


def _frame(stream: int, data: bytes) -> bytes:
    return struct.pack(">BxxxL", stream, len(data)) + data


STREAMS = (
    _frame(1, b"tar") + _frame(2, b"a line\nanother\r\n") + _frame(1, b""),
    _frame(2, b"x" * 5000) + _frame(2, b"\xff\xfe\n") + _frame(0, b"in"),
)
STREAM_WORDS = (b"\x01\0\0\0", b"\x02\0\0\0", b"\0\0\0\x05", b"\n", b"\x03")
REQUIRES = (
    b"six",
    b'six>=1; python_version > "3"\nsix[y] ; extra == "x" and os_name != "nt"',
    b"other (>=1.0)\nsix (==1.0) ; implementation_name == 'cpython'",
)
MARKERS = {
    "os_name": "posix",
    "python_version": "3.11",
    "python_full_version": "3.11.2",
    "implementation_name": "cpython",
    "sys_platform": "linux",
    "platform_machine": "x86_64",
}
GIT = (
    b"fatal: could not read Username for 'https://user:"
    + PASSWORD.encode()
    + b"@example.com'\n",
    b"error: pathspec 'x' did not match\nfatal: bad object \x1b[31mHEAD\n",
    b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0a" * 32 + b"\nsize 12\n",
)
GIT_WORDS = (
    b"fatal: ",
    b"error: ",
    b"ext-0-a b\n",
    b"size ",
    b"oid sha256:",
    b"\n",
    b"'",
    b"-1",
)
