"""What comes back as a job's result, be it hostile."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildbot_ship.daemon.containers.returned import (
    MAX_RESULT,
    MAX_WHY,
    explain_full_disk,
    read_result,
)
from buildbot_ship.errors import HostileArchive, IndexUnavailable, JobFailed, LimitExceeded


def left(folder: Path, data: bytes) -> Path:
    (folder / "result.json").write_bytes(data)
    return folder


def test_a_result_is_read_and_gone(tmp_path: Path) -> None:
    out = left(tmp_path, b'{"ok": true, "wheels": []}')
    assert read_result(out, "wheels", complete=True) == {"wheels": []}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b"null", b'"ok"', b"\xff\xfe{", b"[" * 1_000_000],
    ids=["empty", "half", "list", "null", "text", "utf-16", "nested"],
)
def test_what_is_no_result_is_a_failed_job(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(JobFailed, match=r"inside/wheels\.py wrote no valid result"):
        read_result(left(tmp_path, data), "wheels", complete=True)


def test_no_result_at_all_is_a_failed_job(tmp_path: Path) -> None:
    with pytest.raises(JobFailed, match="wrote no valid result"):
        read_result(tmp_path, "wheels", complete=True)


def test_half_of_what_came_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HostileArchive, match="not a complete tar"):
        read_result(left(tmp_path, b'{"ok": true}'), "wheels", complete=False)


def test_a_result_without_end_is_not_read(tmp_path: Path) -> None:
    path = left(tmp_path, b"") / "result.json"
    with path.open("wb") as file:
        file.truncate(MAX_RESULT + 1)
    with pytest.raises(LimitExceeded, match="the result of inside/wheels"):
        read_result(tmp_path, "wheels", complete=True)


def test_a_reason_without_end_is_cut(tmp_path: Path) -> None:
    data = b'{"ok": false, "why": "%s", "output": "%sz"}' % (b"x" * 9999, b"y" * 99999)
    out = left(tmp_path, data)
    with pytest.raises(JobFailed) as caught:
        read_result(out, "wheels", complete=True)
    assert caught.value.why == "x" * MAX_WHY + "..."
    assert caught.value.output.endswith("yz")
    assert len(caught.value.output) < 99999


def test_only_a_job_with_the_network_can_ask_for_a_retry(tmp_path: Path) -> None:
    data = b'{"ok": false, "why": "no index", "hint": "look", "transient": true}'
    with pytest.raises(IndexUnavailable, match="no index") as caught:
        read_result(left(tmp_path, data), "fetch", complete=True, network=True)
    assert (caught.value.transient, caught.value.remedy) == (True, "look")
    with pytest.raises(JobFailed, match="no index"):
        read_result(left(tmp_path, data), "wheels", complete=True)
    data = data.replace(b"true", b'"no"')
    with pytest.raises(JobFailed, match="no index"):
        read_result(left(tmp_path, data), "fetch", complete=True, network=True)


@pytest.mark.parametrize(
    ("why", "output", "said"),
    [
        (
            "the build failed",
            "OSError: [Errno 28] No space left on device: '/x'",
            "the build failed: no space left on device",
        ),
        ("[Errno 28] No space left on device", "", "[Errno 28] No space left on device"),
        ("the build failed", "no spaces left", "the build failed"),
    ],
)
def test_a_full_disk_is_said_with_its_remedy(why: str, output: str, said: str) -> None:
    explained = explain_full_disk(JobFailed("wheels", why, output=output))
    assert str(explained) == said
    assert ("free space on the engine's disk" in explained.remedy) == (
        "no space " in said.lower()
    )
