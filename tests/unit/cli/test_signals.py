"""A process that is asked to stop, wherever it happens to be."""

from __future__ import annotations

import importlib
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from buildbot_ship.cli.signals import (
    STOP_SIGNALS,
    Cancelled,
    handle_stop_signals,
    stop_without_reader,
)


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


VERB = """
import sys, time
from buildbot_ship.cli.call import print_line
from buildbot_ship.cli.signals import Cancelled, handle_stop_signals, stop_without_reader
handle_stop_signals()
stop_without_reader()
try:
    print_line("begun")
    time.sleep(60)
except Cancelled:
    print_line("what nobody reads fails nothing")
    open(sys.argv[1], "w").write("cleaned up")
"""


def test_a_process_whose_reader_was_killed_cleans_up_and_ends(tmp_path: Path) -> None:
    done = tmp_path / "done"
    argv = [sys.executable, "-c", VERB, str(done)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        process.stdout.close()
        assert process.wait(timeout=20) == 0
    assert done.read_text() == "cleaned up"


def test_a_process_that_writes_to_a_file_has_no_reader_to_lose(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as log:
        before = threading.active_count()
        stop_without_reader(log.fileno())
        assert threading.active_count() == before
