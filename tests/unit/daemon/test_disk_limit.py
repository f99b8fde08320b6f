"""The limit on the bytes that a container writes to disk."""

from __future__ import annotations

import threading

import pytest

from buildbot_ship.daemon.shared import disk_limit as disk


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "INTERVAL", 0.01)


def test_who_goes_past_the_limit_is_stopped_once() -> None:
    sizes = iter([1, 10, 11, 12])
    stopped = threading.Event()
    with disk.disk_limit(10, lambda: next(sizes), stopped.set) as over:
        assert stopped.wait(10)
        assert over.is_set()
    assert next(sizes) == 12


def test_who_stays_within_is_not() -> None:
    looked = threading.Semaphore(0)

    def measure() -> int:
        looked.release()
        return 10

    with disk.disk_limit(10, measure, lambda: pytest.fail("it was stopped")) as over:
        assert all(looked.acquire(timeout=10) for _ in range(3))
    assert not over.is_set()


def test_nobody_looks_after_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "INTERVAL", 60)
    with disk.disk_limit(10, lambda: pytest.fail("somebody looked"), lambda: None):
        pass
    for thread in threading.enumerate():
        if thread.name == "disk":
            thread.join(10)
            assert not thread.is_alive()
