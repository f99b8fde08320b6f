from __future__ import annotations

import gzip
import zlib

import pytest

from buildbot_ship.model.image.gzip_stream import inflate

PLAIN = b"what is in it " * 1000
WHOLE = gzip.compress(PLAIN)
MEMBERS = gzip.compress(PLAIN[:500]) + gzip.compress(b"") + gzip.compress(PLAIN[500:])


@pytest.mark.parametrize("data", [WHOLE, MEMBERS])
@pytest.mark.parametrize("size", [1, 7, 1 << 20])
def test_what_was_packed_comes_out(data: bytes, size: int) -> None:
    chunks = (data[start : start + size] for start in range(0, len(data), size))
    assert b"".join(inflate(chunks)) == PLAIN


def test_it_comes_out_bit_by_bit() -> None:
    parts = [len(part) for part in inflate([gzip.compress(bytes(10_000_000))])]
    assert sum(parts) == 10_000_000
    assert max(parts) <= 1 << 16


def test_what_is_no_gzip_is_refused() -> None:
    with pytest.raises(zlib.error):
        list(inflate([b"no gzip at all"]))
    with pytest.raises(zlib.error):
        list(inflate([WHOLE, b"no more of it"]))
