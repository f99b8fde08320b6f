from __future__ import annotations

import gzip
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from itertools import chain, repeat

import pytest

from buildbot_ship.errors import ExtraMissing, LimitExceeded
from buildbot_ship.model.image.layer_stream import (
    DamagedLayer,
    Unpacked,
    inflate,
    unpack_layer,
)

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PLAIN = b"what is in it " * 1000
WHOLE = gzip.compress(PLAIN)
SKIPPABLE = b"\x5a\x2a\x4d\x18\x03\x00\x00\x00abc"
Pack = Callable[[bytes], bytes]


def in_three(pack: Pack) -> bytes:
    return pack(PLAIN[:500]) + pack(b"") + pack(PLAIN[500:])


FORMS = {
    "plain": PLAIN,
    "gzip": WHOLE,
    "gzip members": in_three(gzip.compress),
    "zstd": zstd.compress(PLAIN),
    "zstd frames": in_three(zstd.compress),
    "zstd, skippable first": SKIPPABLE + zstd.compress(PLAIN),
    "zstd, skippable between and last": zstd.compress(PLAIN[:9])
    + SKIPPABLE
    + zstd.compress(PLAIN[9:])
    + SKIPPABLE,
}


def chunks(data: bytes, size: int) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("size", [1, 7, 1 << 20])
def test_what_was_packed_comes_out(form: str, size: int) -> None:
    assert b"".join(unpack_layer(chunks(FORMS[form], size))) == PLAIN


@pytest.mark.parametrize("name", ["gzip", "gzip members"])
def test_gzip_alone_is_inflated(name: str) -> None:
    assert b"".join(inflate(chunks(FORMS[name], 7))) == PLAIN


@pytest.mark.parametrize("pack", [gzip.compress, zstd.compress])
def test_it_comes_out_bit_by_bit(pack: Pack) -> None:
    parts = [len(part) for part in unpack_layer([pack(bytes(10_000_000))])]
    assert sum(parts) == 10_000_000
    assert max(parts) <= 1 << 16


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstd.compress])
def test_more_than_the_limit_is_not_unpacked(pack: Pack) -> None:
    data = pack(bytes(1_000_000))
    assert sum(map(len, unpack_layer(chunks(data, 4096), 1_000_000))) == 1_000_000
    with pytest.raises(LimitExceeded, match="unpacked size of a layer"):
        Unpacked(chunks(data, 4096), 999_999).drain()


@pytest.mark.parametrize(
    "endless",
    [
        b"x" * 1000,
        gzip.compress(bytes(1_000_000)),
        zstd.compress(bytes(1_000_000)),
        zstd.compress(bytes(1_000_000)) + SKIPPABLE,
    ],
)
def test_an_endless_stream_ends_at_the_limit(endless: bytes) -> None:
    stream = Unpacked(repeat(endless), 50_000_000)
    with pytest.raises(LimitExceeded):
        stream.drain()


def test_the_limit_holds_within_one_chunk() -> None:
    """32 KB of zstd unpack to a gigabyte: not all of it is made."""
    bomb = zstd.compress(bytes(1 << 30))
    assert len(bomb) < 40_000
    sizes: list[int] = []
    with pytest.raises(LimitExceeded):
        sizes.extend(len(part) for part in unpack_layer([bomb], 1 << 20))
    assert 0 < max(sizes) <= 1 << 16


@pytest.mark.parametrize("tiny", [gzip.compress(b""), zstd.compress(b""), SKIPPABLE])
def test_the_time_of_many_tiny_members_is_linear(tiny: bytes) -> None:
    first = zstd.compress(b"") if tiny == SKIPPABLE else b""

    def seconds(count: int) -> float:
        data, begun = first + tiny * count, time.process_time()
        assert b"".join(unpack_layer([data])) == b""
        return time.process_time() - begun

    short = min(seconds(5_000) for _ in range(3))
    # In one chunk of a megabyte, copying the rest for each member takes 20 times as long.
    assert seconds(80_000) < short * 16 * 3 + 0.1


@pytest.mark.parametrize("form", [form for form in FORMS if form != "plain"])
def test_a_truncated_layer_is_refused(form: str) -> None:
    with pytest.raises(DamagedLayer, match="truncated"):
        list(unpack_layer([FORMS[form][:-2]]))


@pytest.mark.parametrize(
    "data",
    [
        WHOLE + b"no more of it",
        b"\x1f\x8bbroken gzip",
        zstd.compress(PLAIN) + b"no more of it",
        b"\x28\xb5\x2f\xfd of zstd",
        # A window of 2 GiB.
        b"\x28\xb5\x2f\xfd\x00\xa8" + bytes(20),
    ],
)
def test_damaged_data_is_refused(data: bytes) -> None:
    with pytest.raises(DamagedLayer):
        list(unpack_layer([data]))


def test_what_is_no_gzip_is_not_inflated() -> None:
    with pytest.raises(zlib.error):
        list(inflate([b"no gzip at all"]))
    with pytest.raises(zlib.error):
        list(inflate([WHOLE, b"no more of it"]))
    assert b"".join(inflate([])) == b""


def test_an_error_of_the_source_stays_the_same() -> None:
    def source() -> Iterator[bytes]:
        yield FORMS["zstd"][:100]
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError, match="gone"):
        list(unpack_layer(source()))


def test_all_chunks_are_taken() -> None:
    taken = []

    def end() -> Iterator[bytes]:
        taken.append(True)
        yield b""

    Unpacked(chain([FORMS["zstd"]], end())).drain()
    assert taken == [True]


def test_a_python_without_zstd_names_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("compression", "compression.zstd", "backports", "backports.zstd"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ExtraMissing, match=r"backports\.zstd") as caught:
        list(unpack_layer([FORMS["zstd"]]))
    assert ".[worker]" in caught.value.remedy
    assert b"".join(unpack_layer([WHOLE])) == PLAIN
