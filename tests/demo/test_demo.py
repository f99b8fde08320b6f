"""docker/demo as a user starts it, from a commit to a page."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from lab.buildmaster import CHECKOUT
from lab.engine import Engine
from lab.runs import LABEL, Run, all_runs

import docker

DEMO = str(CHECKOUT / "docker" / "demo")
MINUTES = 15 * 60
KIND = "demo-"
ROW = re.compile(
    r"^(remotemath|fancycalculator) +([0-9a-f]{40}) +(sha256:[0-9a-f]{64}) +[\d.]+ MB +\d+$",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Left:
    """What demos have on this machine: folders in the cache, containers in the engine."""

    folders: set[Path]
    containers: set[str]

    @classmethod
    def now(cls, run: Run) -> Left:
        found = docker.from_env().containers.list(all=True, filters={"label": LABEL})
        return cls(
            {
                each.folder
                for each in all_runs(run.say, run.cache)
                if each.name.startswith(KIND)
            },
            {str(each.name) for each in found if each.labels[LABEL].startswith(KIND)},
        )

    def nothing_but(self, others: Left) -> bool:
        return self.folders <= others.folders and self.containers <= others.containers


@pytest.fixture
def others(lab_run: Run, engine: Engine) -> Left:
    """What was there before; the engine is shared with this session, maybe with others."""
    return Left.now(lab_run)


def test_the_demo_ends_with_a_page_and_a_table_and_leaves_nothing(
    lab_run: Run, others: Left
) -> None:
    done = subprocess.run([DEMO], capture_output=True, text=True, timeout=MINUTES, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "sealed remotemath-token without a private key" in done.stdout
    assert "-v mounts the key of prod" in done.stdout
    assert "says Result:12" in done.stdout
    assert "remotemath answers 401 to a request without the token" in done.stdout
    rows = ROW.findall(done.stdout)
    assert [name for name, _tag, _digest in rows] == ["remotemath", "fancycalculator"]
    assert len({tag for _name, tag, _digest in rows}) == 1
    assert re.search(r"^web UI: http://127\.0\.0\.1:\d+/$", done.stdout, re.MULTILINE)
    assert Left.now(lab_run).nothing_but(others)


@pytest.mark.long
def test_a_terminated_demo_cleans_up_after_itself(lab_run: Run, others: Left) -> None:
    status = interrupt(signal.SIGTERM, "worker: ship-worker is connected")
    assert status == 128 + signal.SIGTERM
    assert Left.now(lab_run).nothing_but(others)


@pytest.mark.long
def test_what_a_killed_demo_left_is_removed_by_the_next(lab_run: Run, others: Left) -> None:
    interrupt(signal.SIGKILL, "worker: ship-worker is connected")
    (left,) = Left.now(lab_run).folders - others.folders
    owner, _started = json.loads((left / "owner.json").read_text(encoding="utf-8"))
    assert not Path(f"/proc/{owner}/cmdline").exists()
    interrupt(signal.SIGTERM, "engine: ")
    assert Left.now(lab_run).nothing_but(others)


def interrupt(number: signal.Signals, line: str) -> int:
    with subprocess.Popen([DEMO], stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        for said in demo.stdout:
            if line in said:
                demo.send_signal(number)
                break
        demo.stdout.read()
        return demo.wait(timeout=120)
