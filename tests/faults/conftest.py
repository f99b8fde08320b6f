"""The scene of the fault matrix, and the checks after each of its rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from lab.bases import Bases
from lab.runs import Run
from lab.scene.scene import SECRET
from lab.scene.staging import staged
from lab.worker import owner

from tests.repository import Repository

from .scene import Scene
from .watch import Foreign, watched_processes


@pytest.fixture(scope="session")
def fault_scene(
    lab_run: Run, engine: object, bases: Bases, hardened: Repository
) -> Iterator[Scene]:
    """Start the parts; the repository has the files of `hardened`."""
    with ExitStack() as stack:
        processes = stack.enter_context(watched_processes(SECRET))
        scene = stack.enter_context(staged(Scene, lab_run, bases, files_of(hardened)))
        name = owner(lab_run, scene.worker.settings)
        scene.processes = processes
        scene.foreign = stack.enter_context(
            Foreign.made(scene.client, bases.slim.reference, name)
        )
        yield scene


def files_of(repository: Repository) -> dict[str, bytes]:
    """Return the files of a repository's last commit."""
    names = repository.git("ls-files").splitlines()
    return {name: (repository.folder / name).read_bytes() for name in names}


@pytest.fixture
def scene(fault_scene: Scene, request: Any) -> Iterator[Scene]:
    """The scene without a fault; after the test it must be tidy, and no secret be seen."""
    fault_scene.proxy.reset()
    yield fault_scene
    fault_scene.check_aftermath()
