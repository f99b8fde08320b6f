"""Start the parts of the scene, and stop them at the end."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar

import docker
from lab.bases import Bases, publish_bases
from lab.buildmaster import Master
from lab.errors import LabError
from lab.git_server import GitServer
from lab.other_engine import OtherEngine
from lab.registries import serve
from lab.runs import Run
from lab.scene.proxy import proxying
from lab.scene.scene import SECRET, USER, FaultSettings, Scene
from lab.settings import HARDEN, host_ca_bundle, host_index_url
from lab.story import hardened_files
from lab.tiny import tiny_files
from lab.worker import ProcessWorker

CONFIG = Path(__file__).with_name("master.cfg")
S = TypeVar("S", bound=Scene)


@contextmanager
def staged(
    kind: type[S],
    run: Run,
    bases: Bases,
    files: Mapping[str, bytes],
    engine: OtherEngine,
    *,
    name: str = "faults",
    database: str = FaultSettings.database,
    git: GitServer | None = None,
) -> Iterator[S]:
    """Start a scene of this *kind* on an *engine*; *files* are those of each commit.

    *name* keeps the folders of two scenes in one run apart, which share one *git* server.
    """
    git = git or GitServer.start(run)
    registry = serve(run, name)
    with ExitStack() as stack:
        client = docker.DockerClient(engine.address, timeout=300)
        stack.callback(client.close)
        proxy = stack.enter_context(proxying(registry.address, f"{USER}:{SECRET}"))
        settings = _settings(name, git.url(name), proxy.address, bases.prefix)
        settings = dataclasses.replace(settings, database=database, engine=engine.address)
        workers = {
            worker: ProcessWorker(run, dataclasses.replace(settings, worker_name=worker))
            for worker in settings.workers
        }
        secrets = {"registry-password": SECRET}
        master = Master(run, settings, f"{name}-master", CONFIG, secrets, database)
        developer = git.repository(name)
        scene = kind(
            run,
            settings,
            master,
            workers,
            engine,
            registry,
            proxy,
            git,
            developer,
            client,
            bases,
            dict(files),
        )
        scene.commit()
        master.create()
        # The last one started is the first one stopped, whatever was killed meanwhile.
        stack.callback(scene.stop)
        master.start()
        scene.worker.start()
        yield scene


@contextmanager
def soak_scene(run: Run, name: str) -> Iterator[Scene]:
    """Start an engine of its own, and a scene whose commits can be shipped."""
    # Others may use the machine's engine, and a soak kills its own.
    engine = OtherEngine(run, "overlay2", name)
    try:
        engine.start()
        with hardened_scene(Scene, run, name, engine) as scene:
            yield scene
    finally:
        engine.kill()


@contextmanager
def hardened_scene(kind: type[S], run: Run, name: str, engine: OtherEngine) -> Iterator[S]:
    """Start a scene of this *kind* on an *engine* that runs, whose commits can be shipped."""
    bases = publish_bases(run.cache, serve(run, f"{name}-upstream").address)
    files = {path: text.encode() for path, text in tiny_files(bases).items()}
    with staged(kind, run, bases, files, engine, name=name) as scene:
        build = scene.begin(HARDEN)
        outcome = scene.outcome(build)
        if outcome.tries != ["SUCCESS"]:
            raise LabError(f"the requirements could not be hardened: {outcome.said}")
        hardened = hardened_files(scene.master, build)
        scene.files |= {name: text.encode() for name, text in hardened.items()}
        yield scene


def _settings(name: str, git_url: str, registry: str, upstream: str) -> FaultSettings:
    bundle = host_ca_bundle()
    settings = FaultSettings.on_free_ports(
        git_url=git_url,
        registry=f"{registry}/team",
        upstream=upstream,
        worker_password="only-for-tests",  # noqa: S106  # on loopback
        worker_name=f"{name}-worker",
        ca_bundle=str(bundle) if bundle else None,
        index_url=host_index_url(),
    )
    workers = (settings.worker_name, f"{name}-worker-2")
    return FaultSettings(**{**vars(settings), "workers": workers})
