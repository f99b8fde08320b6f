from __future__ import annotations

import gzip

import pytest

from buildbot_ship.errors import ImageNotFound, InvalidManifest, LimitExceeded
from buildbot_ship.model.reference import Repository, digest_of
from buildbot_ship.registry import layer_files as layers
from buildbot_ship.registry.layer_files import newest_file
from tests.fakes.images import layer
from tests.fakes.registry import MemoryRegistry

PLACE = Repository("registry.test", "team/base")
PATH = "var/lib/dpkg/status"


def find(*contents: bytes) -> bytes | None:
    registry = MemoryRegistry()
    for content in contents:
        registry.upload(PLACE, digest_of(content), content)
    return newest_file(registry, PLACE, [digest_of(content) for content in contents], PATH)


@pytest.mark.parametrize("name", [PATH, f"./{PATH}"])
def test_the_upper_layer_has_the_last_word(name: str) -> None:
    assert find(layer({name: b"old"}), layer({name: b"new"}), layer({"x": b"y"})) == b"new"


def test_layers_may_be_plain_tars() -> None:
    assert find(gzip.decompress(layer({PATH: b"plain"}))) == b"plain"


def test_a_file_that_no_layer_has_is_none() -> None:
    assert find(layer({"x": b"y"}), layer({})) is None


@pytest.mark.parametrize(
    "content",
    [
        b"no tar at all",
        b"\x1f\x8bbroken",
        layer({PATH: b"x" * 9999})[:60],
        b"\x28\xb5\x2f\xfd of zstd",
    ],
)
def test_what_is_no_tar_is_named(content: bytes) -> None:
    with pytest.raises(InvalidManifest, match=digest_of(content)[:19]):
        find(content)


def test_a_layer_that_is_gone_is_named() -> None:
    with pytest.raises(ImageNotFound):
        newest_file(MemoryRegistry(), PLACE, [digest_of(b"x")], PATH)


def test_a_file_beyond_the_limit_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layers, "_FILE_LIMIT", 3)
    with pytest.raises(LimitExceeded, match="64 MiB"):
        find(layer({PATH: b"more"}))
