from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import lab
import pytest
from lab.errors import LabError
from lab.processes import Identity, Process, recorded
from lab.waiting import wait_until

LAB = str(Path(lab.__file__).parents[1])

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


def test_a_child_that_outlives_its_parent_is_killed_with_it(tmp_path: Path) -> None:
    """`git daemon` is a program that waits for another one."""
    script = "trap '' TERM; sleep 60 & echo $! > child; trap 'exit 0' TERM; wait"
    parent = Process.start("parent", ["sh", "-c", script], tmp_path, cwd=tmp_path)
    record = tmp_path / "child"
    wait_until(lambda: record.exists() and record.read_text() != "", 10.0, "the child")
    child = Identity.of(int(record.read_text()))
    parent.stop()
    assert child is not None
    wait_until(lambda: not child.alive(), 5.0, "the end of the child")


def test_a_zombie_is_not_alive(tmp_path: Path) -> None:
    child = Process.start("child", SLEEP, tmp_path)
    os.kill(child.identity.pid, signal.SIGKILL)
    deadline = time.monotonic() + 5
    while child.alive() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not child.alive()


# A starter that kills itself with SIGKILL as soon as its child exists, or a moment later.
KILLED_STARTER = """
import os, signal, subprocess, sys, time
from pathlib import Path
from lab.processes import Process

class Popen(subprocess.Popen):
    def __init__(self, *args, **more):
        super().__init__(*args, **more)
        time.sleep(float(sys.argv[2]))
        os.kill(os.getpid(), signal.SIGKILL)

subprocess.Popen = Popen
Process.start("leak", ["sleep", sys.argv[3]], Path(sys.argv[1]))
"""


def commands() -> list[str]:
    """Return the command lines of all processes."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            found.append(path.read_text(errors="replace").replace("\0", " "))
    return found


@pytest.mark.parametrize("delay", [0, 0.0005, 0.001, 0.002, 0.005, 0.1])
def test_a_process_is_found_again_whenever_its_starter_is_killed(
    tmp_path: Path, delay: float
) -> None:
    seconds = f"60.{time.time_ns()}"
    argv = [sys.executable, "-c", KILLED_STARTER, str(tmp_path), str(delay), seconds]
    for _ in range(5):
        ended = subprocess.run(argv, check=False, env=os.environ | {"PYTHONPATH": LAB})
        assert ended.returncode == -signal.SIGKILL
        # What the next run does, at once: a process that it does not find must never run.
        for process in recorded(tmp_path):
            process.kill()
        wait_until(lambda: not any("sh -c" in c and seconds in c for c in commands()), 5, "sh")
        assert not [command for command in commands() if seconds in command]


TERMINATED_STARTER = """
import os, pathlib, signal, sys, threading, time
from lab.processes import Process, recorded
folder, delay, seconds = pathlib.Path(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
def terminate():
    time.sleep(delay)
    os.kill(os.getpid(), signal.SIGTERM)
threading.Thread(target=terminate, daemon=True).start()
try:
    while True:
        Process.start("sleeping", ["sleep", seconds], folder).kill()
finally:
    for process in recorded(folder):
        process.kill()
"""


@pytest.mark.parametrize("delay", [0.001, 0.003, 0.01, 0.03])
def test_a_starter_that_is_terminated_finds_what_it_has_started(
    tmp_path: Path, delay: float
) -> None:
    seconds = f"60.{time.time_ns()}"
    argv = [sys.executable, "-c", TERMINATED_STARTER, str(tmp_path), str(delay), seconds]
    for _ in range(5):
        ended = subprocess.run(argv, check=False, env=os.environ | {"PYTHONPATH": LAB})
        assert ended.returncode == 143
        assert not [c for c in commands() if c.startswith("sleep") and seconds in c]


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


def test_the_record_is_that_of_the_program_with_its_arguments_and_surroundings(
    tmp_path: Path,
) -> None:
    script = (
        "import os, sys; print(sys.argv[1:], os.environ['X'], os.getcwd(), sys.stdin.read())"
    )
    folder = tmp_path / "a folder"
    argv = [sys.executable, "-c", script, "a b", "$HOME;'"]
    started = Process.start("shown", argv, folder, env={"X": "1"}, cwd=tmp_path)
    wait_until(lambda: not started.alive(), 10, "shown")
    assert started.identity.started > 1
    assert started.log.read_text() == f"['a b', \"$HOME;'\"] 1 {tmp_path} \n"


def test_a_program_that_does_not_exist_ends_early_with_its_name(tmp_path: Path) -> None:
    missing = Process.start("missing", ["/no/such/program"], tmp_path)
    with pytest.raises(LabError, match="(?s)missing ended.*/no/such/program"):
        missing.wait_until(lambda: False, 10.0)
    assert recorded(tmp_path) == []
