from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from lab import runs
from lab.processes import Process
from lab.runs import Run, all_runs, sweep

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


@pytest.fixture(autouse=True)
def no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "engine_answers", lambda: False)


@pytest.fixture
def dead(tmp_path: Path) -> Run:
    run = Run.begin("demo", print, tmp_path)
    child = subprocess.Popen(["true"])
    child.wait()
    (run.folder / "owner.json").write_text(json.dumps([child.pid, 1]))
    return run


def test_a_run_is_alive_as_long_as_its_owner(tmp_path: Path) -> None:
    run = Run.begin("tests", print, tmp_path)
    assert run.alive
    sweep(print, tmp_path)
    assert [each.folder for each in all_runs(print, tmp_path)] == [run.folder]


def test_what_an_interrupted_run_started_is_stopped(tmp_path: Path, dead: Run) -> None:
    left = Process.start("left", SLEEP, dead.folder)
    sweep(print, tmp_path)
    assert not left.alive()
    assert all_runs(print, tmp_path) == []


def test_a_kept_run_survives_its_owner(tmp_path: Path, dead: Run) -> None:
    dead.keep()
    sweep(print, tmp_path)
    assert dead.folder.exists()


def test_a_torn_owner_is_an_interrupted_run(tmp_path: Path, dead: Run) -> None:
    (dead.folder / "owner.json").write_text("[")
    assert not dead.alive


def test_the_engine_stays_while_another_run_uses_it(tmp_path: Path, dead: Run) -> None:
    engine = Process.start("dockerd", SLEEP, tmp_path / "engine")
    other = Run.begin("tests", print, tmp_path)
    dead.end()
    assert engine.alive()
    other.end()
    assert not engine.alive()


def test_a_run_whose_engine_is_down_waits_for_the_next_one(
    tmp_path: Path, dead: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    (dead.folder / "master").mkdir()
    dead.note_registry(5000)
    monkeypatch.setattr(dead.engine, "start", lambda: None)
    dead.start_engine()
    sweep(print, tmp_path)
    assert {each.name for each in dead.folder.iterdir()} == {
        "owner.json",
        "engine",
        "registries",
    }
    cleaned: list[str] = []
    monkeypatch.setattr(Run, "_clean_engine", lambda run: cleaned.append(run.name))
    monkeypatch.setattr(runs, "engine_answers", lambda: True)
    sweep(print, tmp_path)
    assert cleaned == [dead.name]
    assert all_runs(print, tmp_path) == []


def test_the_containers_of_a_run_carry_its_name(tmp_path: Path) -> None:
    run = Run.begin("demo", print, tmp_path)
    assert run.labels == {"org.buildbot-ship.lab": run.name}
    assert run.name.startswith(f"demo-{os.getpid()}-")
