from __future__ import annotations

from pathlib import Path

from lab.bench.history import live_through

from buildbot_ship.store.disk_cache import BLOCK, DiskCache


def test_commits_leave_what_the_collector_counts(tmp_path: Path) -> None:
    live_through(3, tmp_path / "state")
    store = DiskCache(tmp_path / "state" / "cache" / "trusted")
    assert store.find(f"wheel-{2:064x}") is not None
    assert store.trim(0, now=0.0) == 3 * 6 * BLOCK
