from __future__ import annotations

from typing import Any

import pytest

from buildbot_ship.daemon.images.progress import read_progress, stream_error
from buildbot_ship.errors import EngineError

DIGEST = f"sha256:{'a' * 64}"
SAID = {"status": f"1: digest: {DIGEST} size: 445"}


def test_the_classic_store_tells_the_digest_as_a_field() -> None:
    told = {"progressDetail": {}, "aux": {"Digest": DIGEST}}
    lines: list[dict[str, Any]] = [{"status": "Pushed"}, SAID, told]
    assert read_progress(lines, "push") == DIGEST


def test_the_containerd_store_tells_the_digest_in_a_line() -> None:
    note = {"aux": {"manifestPushedInsteadOfIndex": True}}
    assert read_progress([{"status": "Pushing"}, SAID, note], "push") == DIGEST


def test_a_stream_without_a_digest_tells_none() -> None:
    assert read_progress([{"status": f"Status: Downloaded, Digest: {DIGEST}"}], "pull") is None


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (
            {"error": "denied", "errorDetail": {"message": "denied: no login"}},
            "denied: no login",
        ),
        ({"errorDetail": {"code": 1, "message": "denied"}}, "denied"),
        ({"error": "denied"}, "denied"),
        ({"error": "denied", "errorDetail": None}, "denied"),
        ({"errorDetail": {}}, "it gives no reason"),
        ({"errorDetail": "odd"}, "it gives no reason"),
        ({"status": "Pulling"}, ""),
    ],
)
def test_an_error_is_found_in_either_field(line: dict[str, Any], why: str) -> None:
    assert stream_error(line) == why


def test_an_error_in_the_stream_is_raised() -> None:
    with pytest.raises(EngineError, match="denied"):
        read_progress([SAID, {"error": "denied", "errorDetail": {}}], "push")
