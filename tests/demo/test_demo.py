"""docker/demo as a user starts it, from a commit to a page."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from pathlib import Path

import pytest
from lab.buildmaster import CHECKOUT
from lab.engine import Engine
from lab.runs import LABEL, Run, all_runs

import docker

DEMO = str(CHECKOUT / "docker" / "demo")
MINUTES = 15 * 60
ROW = re.compile(
    r"^(remotemath|fancycalculator) +([0-9a-f]{40}) +(sha256:[0-9a-f]{64}) +[\d.]+ MB +\d+$",
    re.MULTILINE,
)


@pytest.fixture
def others(lab_run: Run, engine: Engine) -> set[Path]:
    """The runs that were there before; the engine is shared with this session."""
    return folders(lab_run)


def folders(run: Run) -> set[Path]:
    return {each.folder for each in all_runs(run.say, run.cache)}


def demo_containers() -> list[str]:
    found = docker.from_env().containers.list(all=True, filters={"label": LABEL})
    return [str(each.name) for each in found if each.labels[LABEL].startswith("demo-")]


def test_the_demo_ends_with_a_page_and_a_table_and_leaves_nothing(
    lab_run: Run, others: set[Path]
) -> None:
    done = subprocess.run([DEMO], capture_output=True, text=True, timeout=MINUTES, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "says Result:12" in done.stdout
    rows = ROW.findall(done.stdout)
    assert [name for name, _tag, _digest in rows] == ["remotemath", "fancycalculator"]
    assert len({tag for _name, tag, _digest in rows}) == 1
    assert re.search(r"^web UI: http://127\.0\.0\.1:\d+/$", done.stdout, re.MULTILINE)
    assert folders(lab_run) <= others
    assert demo_containers() == []


def test_a_terminated_demo_cleans_up_after_itself(lab_run: Run, others: set[Path]) -> None:
    status = interrupt(signal.SIGTERM, "worker: ship-worker is connected")
    assert status == 128 + signal.SIGTERM
    assert folders(lab_run) <= others
    assert demo_containers() == []


def test_what_a_killed_demo_left_is_removed_by_the_next(
    lab_run: Run, others: set[Path]
) -> None:
    interrupt(signal.SIGKILL, "worker: ship-worker is connected")
    (left,) = folders(lab_run) - others
    owner, _started = json.loads((left / "owner.json").read_text(encoding="utf-8"))
    assert not Path(f"/proc/{owner}/cmdline").exists()
    interrupt(signal.SIGTERM, "engine: ")
    assert folders(lab_run) <= others
    assert demo_containers() == []


def interrupt(number: signal.Signals, line: str) -> int:
    with subprocess.Popen([DEMO], stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        for said in demo.stdout:
            if line in said:
                demo.send_signal(number)
                break
        demo.stdout.read()
        return demo.wait(timeout=120)
