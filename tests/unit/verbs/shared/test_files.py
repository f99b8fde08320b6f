from __future__ import annotations

import gzip
import hashlib
import random
import tracemalloc
from pathlib import Path

import pytest

from buildbot_ship.verbs.shared.files import digest_of_file
from buildbot_ship.verbs.shared.layers import diff_id_of

NOISE = random.Random("noise").randbytes(1_200_000)  # noqa: S311  (it keeps no secret)


@pytest.mark.parametrize("content", [b"", b"x", NOISE, NOISE + bytes(3_000_000) + NOISE])
def test_the_digest_is_that_of_what_is_in_the_file(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "layer.tar.gz"
    path.write_bytes(gzip.compress(content))
    plain = f"sha256:{hashlib.sha256(content).hexdigest()}"
    assert diff_id_of(path) == plain
    assert digest_of_file(path) == f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


def test_a_layer_that_unpacks_to_much_takes_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "layer.tar.gz"
    path.write_bytes(gzip.compress(bytes(32_000_000)))
    tracemalloc.start()
    try:
        diff_id_of(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8_000_000
