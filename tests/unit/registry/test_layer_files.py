from __future__ import annotations

import gzip

import pytest

from buildbot_ship.errors import ImageNotFound, InvalidManifest, LimitExceeded
from buildbot_ship.model.reference import Repository, digest_of
from buildbot_ship.registry import layer_files as layers
from buildbot_ship.registry.layer_files import newest_files
from tests.fakes.images import layer
from tests.fakes.registry import MemoryRegistry

PLACE = Repository("registry.test", "team/base")
PATH = "var/lib/dpkg/status"


def find(*contents: bytes) -> bytes | None:
    registry = MemoryRegistry()
    for content in contents:
        registry.upload(PLACE, digest_of(content), content)
    digests = [digest_of(content) for content in contents]
    return newest_files(registry, PLACE, digests, PATH.__eq__).get(PATH)


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
        newest_files(MemoryRegistry(), PLACE, [digest_of(b"x")], PATH.__eq__)


def test_a_file_beyond_the_limit_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layers, "_LIMIT", 3)
    with pytest.raises(LimitExceeded, match="64 MiB"):
        find(layer({PATH: b"more"}))


def find_all(*contents: bytes, enough: bool = False) -> dict[str, bytes]:
    registry = MemoryRegistry()
    for content in contents:
        registry.upload(PLACE, digest_of(content), content)
    digests = [digest_of(content) for content in contents]
    return newest_files(
        registry, PLACE, digests, lambda path: path.startswith("d/"), lambda _: enough
    )


def test_files_of_several_layers_are_merged() -> None:
    lower = layer({"d/a": b"old", "d/b": b"b", "x": b""})
    assert find_all(lower, layer({"./d/a": b"new", "d/c": b"c"})) == {
        "d/a": b"new",
        "d/b": b"b",
        "d/c": b"c",
    }


@pytest.mark.parametrize(
    ("whiteout", "left"),
    [
        ("d/.wh.a", {"d/b", "d/e/f"}),
        ("d/.wh.e", {"d/a", "d/b"}),
        ("d/e/.wh..wh..opq", {"d/a", "d/b"}),
        (".wh.d", set()),
    ],
)
def test_what_an_upper_layer_removed_is_gone(whiteout: str, left: set[str]) -> None:
    lower = layer({"d/a": b"", "d/b": b"", "d/e/f": b""})
    assert find_all(lower, layer({whiteout: b""})).keys() == left
    again = layer({"d/a": b"again"})
    assert find_all(lower, layer({whiteout: b""}), again)["d/a"] == b"again"
    assert find_all(again, layer({whiteout: b"", "d/n": b""})).keys() >= {"d/n"}


def test_layers_below_enough_are_not_read() -> None:
    assert find_all(b"no tar", layer({"d/a": b"a"}), enough=True) == {"d/a": b"a"}


def test_the_limit_is_for_all_files_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layers, "_LIMIT", 5)
    assert len(find_all(layer({"d/a": b"123"}), layer({"d/b": b"45"}))) == 2
    with pytest.raises(LimitExceeded, match="64 MiB"):
        find_all(layer({"d/a": b"123"}), layer({"d/b": b"456"}))
