from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

import pytest
from lab.errors import LabError
from lab.processes import Identity, Process, recorded

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


def test_a_started_process_is_found_again_and_stopped(tmp_path: Path) -> None:
    started = Process.start("sleeper", SLEEP, tmp_path)
    found = Process.recall(tmp_path, "sleeper")
    assert found == started
    assert recorded(tmp_path) == [started]
    started.stop()
    assert not started.alive()
    assert recorded(tmp_path) == []


def test_a_pid_used_again_is_not_taken_for_ours(tmp_path: Path) -> None:
    (tmp_path / "other.pid.json").write_text(json.dumps([os.getpid(), 1]))
    assert Process.recall(tmp_path, "other") is None
    assert Identity(os.getpid(), 1).alive() is False


def test_a_torn_record_is_no_process(tmp_path: Path) -> None:
    (tmp_path / "torn.pid.json").write_text("[12")
    assert Process.recall(tmp_path, "torn") is None


def test_a_process_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    program = "import signal, time; signal.signal(15, signal.SIG_IGN); print(1, flush=True)"
    stubborn = Process.start(
        "stubborn", [sys.executable, "-c", f"{program}; time.sleep(60)"], tmp_path
    )
    stubborn.wait_until(lambda: stubborn.log.read_text() != "", 10.0)
    begun = time.monotonic()
    stubborn.stop(timeout=0.3)
    assert not stubborn.alive()
    assert time.monotonic() - begun < 5


def test_a_zombie_is_not_alive(tmp_path: Path) -> None:
    child = Process.start("child", SLEEP, tmp_path)
    os.kill(child.identity.pid, signal.SIGKILL)
    deadline = time.monotonic() + 5
    while child.alive() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not child.alive()


def test_an_early_end_is_reported_with_the_log(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", "raise SystemExit('no port left')"]
    failing = Process.start("failing", argv, tmp_path)
    with pytest.raises(LabError, match="(?s)failing ended while it was starting.*no port left"):
        failing.wait_until(lambda: False, 10.0)


def test_silence_is_bounded(tmp_path: Path) -> None:
    silent = Process.start("silent", SLEEP, tmp_path)
    with pytest.raises(LabError, match="silent was not ready after"):
        silent.wait_until(lambda: False, 0.1)
    silent.kill()
