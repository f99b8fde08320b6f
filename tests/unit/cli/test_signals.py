"""A process that is asked to stop, wherever it happens to be."""

from __future__ import annotations

import importlib
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from buildbot_ship.cli.signals import STOP_SIGNALS, Cancelled, handle_stop_signals


@pytest.fixture(autouse=True)
def _listening() -> Iterator[None]:
    hook = sys.unraisablehook
    before = {number: signal.getsignal(number) for number in STOP_SIGNALS}
    handle_stop_signals()
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    sys.unraisablehook = hook
    for number, handler in before.items():
        signal.signal(number, handler)


def test_the_first_signal_is_raised_and_no_other() -> None:
    with pytest.raises(Cancelled, match=str(int(signal.SIGTERM))):
        signal.raise_signal(signal.SIGTERM)
    signal.raise_signal(signal.SIGINT)
    signal.raise_signal(signal.SIGTERM)


def test_a_module_is_imported_to_its_end_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asks = "import signal\nsignal.raise_signal(signal.SIGTERM)\nwhole = True\n"
    (tmp_path / "asks_to_stop.py").write_text(asks)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(Cancelled):  # noqa: PT012  # wherever it comes in these two lines
        importlib.import_module("asks_to_stop")
        time.sleep(10)
    assert sys.modules.pop("asks_to_stop").whole


class Finalized:
    """Something that is asked to stop while it is taken away."""

    def __del__(self) -> None:
        signal.raise_signal(signal.SIGTERM)


def test_a_finalizer_does_not_swallow_it() -> None:
    with pytest.raises(Cancelled):  # noqa: PT012  # wherever it comes in these two lines
        del_here = Finalized()
        del del_here
        time.sleep(10)


def test_another_fault_of_a_finalizer_is_told_as_ever(
    capfd: pytest.CaptureFixture[str],
) -> None:
    class Faulty:
        def __del__(self) -> None:
            raise ValueError("told")

    Faulty()
    assert "ValueError: told" in capfd.readouterr().err


PARENT = """
import os, subprocess, sys, time
child = [sys.executable, "-c", sys.argv[1]]
subprocess.Popen(child)
sys.stdin.read()
"""
CHILD = """
import time
from buildbot_ship.cli import signals
signals.handle_stop_signals()
signals.PARENT_SECONDS = 0.02
try:
    with signals.stopped_with_parent():
        print("runs", flush=True)
        time.sleep(20)
    print("went on", flush=True)
except signals.Cancelled:
    print("cancelled", flush=True)
"""


def test_a_process_stops_when_its_parent_is_killed() -> None:
    argv = [sys.executable, "-c", PARENT, CHILD]
    pipe = subprocess.PIPE
    with subprocess.Popen(argv, stdin=pipe, stdout=pipe, text=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "runs\n"
        parent.kill()
        assert parent.stdout.read() == "cancelled\n"


def test_a_parent_that_ends_after_the_work_stops_nothing() -> None:
    quick = CHILD.replace("time.sleep(20)", "pass") + "time.sleep(0.3); print('end')"
    argv = [sys.executable, "-c", PARENT, quick]
    pipe = subprocess.PIPE
    with subprocess.Popen(argv, stdin=pipe, stdout=pipe, text=True) as parent:
        assert parent.stdout is not None
        assert [parent.stdout.readline() for _ in range(2)] == ["runs\n", "went on\n"]
        parent.kill()
        assert parent.stdout.read() == "end\n"
