"""The scene of the fault matrix, and the checks after each of its rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from lab.bases import Bases
from lab.buildmaster import Master
from lab.git_server import GitServer
from lab.registries import serve
from lab.runs import Run
from lab.settings import host_ca_bundle, host_index_url
from lab.worker import ProcessWorker, owner

import docker
from tests.repository import Repository

from .proxy import proxying
from .scene import CONFIG, SECRET, USER, FaultSettings, Scene
from .watch import Foreign, watched_processes


@pytest.fixture(scope="session")
def fault_scene(
    lab_run: Run, engine: object, bases: Bases, hardened: Repository
) -> Iterator[Scene]:
    """Start the parts; the repository has the files of `hardened`."""
    bundle = host_ca_bundle()
    git = GitServer.start(lab_run)
    registry = serve(lab_run, "faults")
    client = docker.from_env()
    with ExitStack() as stack:
        stack.callback(client.close)
        proxy = stack.enter_context(proxying(registry.address, f"{USER}:{SECRET}"))
        settings = FaultSettings.on_free_ports(
            git_url=git.url("faults"),
            registry=f"{proxy.address}/team",
            upstream=bases.prefix,
            worker_password="only-for-tests",
            worker_name="faults-worker",
            ca_bundle=str(bundle) if bundle else None,
            index_url=host_index_url(),
        )
        assert isinstance(settings, FaultSettings)
        secrets = {"registry-password": SECRET}
        master = Master(lab_run, settings, "faults-master", CONFIG, secrets)
        worker = ProcessWorker(lab_run, settings)
        foreign = stack.enter_context(
            Foreign.made(client, bases.slim.reference, owner(lab_run, settings))
        )
        processes = stack.enter_context(watched_processes(SECRET))
        developer = git.repository("faults")
        scene = Scene(
            lab_run, settings, master, {settings.worker_name: worker}, registry, proxy,
            developer, client, foreign, processes, files_of(hardened),
        )  # fmt: skip
        scene.commit()
        master.create()
        master.start()
        stack.callback(master.stop)
        worker.start()
        stack.callback(worker.stop)
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
