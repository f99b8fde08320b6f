"""What the log shows while a verb works."""

from __future__ import annotations

from itertools import count

import pytest

from buildbot_ship.verbs.shared.phases import ByteProgress, phase


def test_a_phase_has_a_heading_and_its_seconds() -> None:
    lines: list[str] = []
    clock = iter([10.0, 13.25])
    with phase("download", lines.append, clock.__next__):
        lines.append("file 1 of 1: six")
    assert lines == ["== download", "file 1 of 1: six", "== download: 3.2 s"]


def test_a_phase_that_fails_says_so() -> None:
    lines: list[str] = []
    clock = iter([0.0, 1.0])
    with pytest.raises(ValueError, match="no"), phase("resolve", lines.append, clock.__next__):
        raise ValueError("no")
    assert lines == ["== resolve", "== resolve: failed after 1.0 s"]


def test_bytes_are_shown_every_two_seconds() -> None:
    lines: list[str] = []
    seconds = count(0, 0.5)
    progress = ByteProgress("layer 3 of 8", lines.append, lambda: next(seconds))
    for sent in range(0, 10_000_000, 1_000_000):
        progress(sent, 40_000_000)
    assert lines == [
        "layer 3 of 8, 3.0 MB of 40.0 MB",
        "layer 3 of 8, 7.0 MB of 40.0 MB",
    ]
