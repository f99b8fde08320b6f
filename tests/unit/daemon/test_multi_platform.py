from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator

import pytest

from buildbot_ship.daemon.images.multi_platform import find_platform_image, read_index
from buildbot_ship.daemon.interface import EngineImage
from buildbot_ship.errors import BaseNotFound, EngineError
from buildbot_ship.model.reference import Reference, digest_of

OURS, OTHER = digest_of(b"ours"), digest_of(b"other")
INDEX = json.dumps(
    {
        "manifests": [
            {"digest": OTHER, "platform": {"os": "linux", "architecture": "arm64"}},
            {"digest": OURS, "platform": {"os": "linux", "architecture": "amd64"}},
        ]
    }
).encode()
HERE = Reference.parse("own.example.com/team/python:1")
NAMES = (f"own.example.com/team/python@{OTHER}", f"example.com/python@{digest_of(INDEX)}")


def image(*digests: str) -> EngineImage:
    return EngineImage(digest_of(INDEX), digests, {}, ())


def export(data: bytes = INDEX) -> Iterator[bytes]:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for blob in (b"a layer" * 10_000, data):
            member = tarfile.TarInfo(f"blobs/{digest_of(blob).replace(':', '/')}")
            member.size = len(blob)
            archive.addfile(member, io.BytesIO(blob))
    whole = out.getvalue()
    return (whole[at : at + 1000] for at in range(0, len(whole), 1000))


def test_the_part_is_named_where_it_was_pulled_from() -> None:
    part = find_platform_image(image(*NAMES), HERE, "linux/amd64", export())
    assert str(part) == f"example.com/python@{OURS}"


def test_another_platform_is_not_found() -> None:
    with pytest.raises(BaseNotFound, match=r"only for linux/amd64, linux/arm64"):
        find_platform_image(image(*NAMES), HERE, "linux/s390x", export())


@pytest.mark.parametrize("known", [None, image(), image(NAMES[0])])
def test_an_image_from_nowhere_has_no_part(known: EngineImage | None) -> None:
    with pytest.raises(EngineError, match="does not say where it was pulled from"):
        find_platform_image(known, HERE, "linux/amd64", export())


def test_an_export_without_the_index_is_refused() -> None:
    with pytest.raises(EngineError, match="does not contain the index"):
        read_index(export(b"another"), digest_of(INDEX))


def test_a_torn_export_is_refused() -> None:
    with pytest.raises(EngineError, match="not a complete tar"):
        read_index(iter([b"\1" * 600]), digest_of(INDEX))
