"""The scene of the fault matrix, and the checks after each of its rows.

It has an engine of its own, so that these tests can kill it, and run beside others.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from lab.other_engine import OtherEngine
from lab.runs import Run
from lab.scene.scene import SECRET
from lab.scene.staging import hardened_scene
from lab.worker import owner

from tests.alone import leave_out_beside_others

from .scene import Scene
from .watch import Foreign, watched_processes

HERE = Path(__file__).parent


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Beside other groups, run a few rows of each kind: all of them take ten minutes."""
    leave_out_beside_others(config, items, _is_long)


def _is_long(item: pytest.Item) -> bool:
    return HERE in item.path.parents and item.get_closest_marker("short") is None


@pytest.fixture(scope="session")
def fault_scene(lab_run: Run) -> Iterator[Scene]:
    """Start the parts; commits have a small application with hardened requirements."""
    with ExitStack() as stack:
        engine = OtherEngine(lab_run, "overlay2")
        stack.callback(engine.kill)
        engine.start()
        processes = stack.enter_context(watched_processes(SECRET))
        scene = stack.enter_context(hardened_scene(Scene, lab_run, "faults", engine))
        name = owner(lab_run, scene.worker.settings)
        scene.processes = processes
        scene.foreign = stack.enter_context(
            Foreign.made(scene.client, scene.bases.slim.reference, name)
        )
        yield scene


@pytest.fixture
def scene(fault_scene: Scene) -> Iterator[Scene]:
    """The scene without a fault; after the test it must be tidy, and no secret be seen."""
    fault_scene.proxy.reset()
    yield fault_scene
    fault_scene.check_aftermath()
