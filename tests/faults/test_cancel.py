"""Builds that are cancelled as the web UI cancels them, in each step: row 16."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from lab.rest import result_name
from lab.waiting import wait_until

from buildbot_ship.store.ledger import Ledger

from .scene import Scene
from .watch import BUILD, OWNER

SECONDS = 10.0


def cancel(scene: Scene, build: int, step: str, held: int | None = None) -> None:
    """Cancel a build in a step; check that it ends in time and that nothing of it runs on.

    *held* is a process of the step that was stopped with SIGSTOP.
    """
    began = time.monotonic()
    scene.rest.stop(build)
    if held is not None:
        os.kill(held, signal.SIGCONT)
    outcome = scene.outcome(build)
    seconds = time.monotonic() - began
    assert outcome.tries == ["CANCELLED"], outcome.said
    assert result_name(outcome.step(step)["results"]) == "CANCELLED"
    assert seconds < SECONDS
    assert scene.containers() == []
    assert scene.verbs() == []


@contextmanager
def holding(scene: Scene, request: str) -> Iterator[threading.Event]:
    """Hold the next such request to the registry; yield what says that it came."""
    came, over = threading.Event(), threading.Event()

    def hold() -> None:
        came.set()
        over.wait(60)

    scene.proxy.fail(request, hook=hold)
    try:
        yield came
    finally:
        over.set()


def leave_container(scene: Scene) -> str:
    """Leave a container as a killed build does; return its name."""
    state = scene.run.folder / f"{scene.worker.settings.worker_name}.state"
    ledger = Ledger(state / "ledger", "elsewhere", "killed")
    name = f"ship-left-{time.time_ns()}"
    ledger.note("container", name, time.time())
    image = scene.foreign.image
    scene.client.containers.create(
        image, name=name, labels={OWNER: ledger.owner, BUILD: "killed"}
    )
    ledger.close()
    return name


@pytest.mark.row(16)
def test_a_build_is_cancelled_while_git_waits_for_its_server(scene: Scene) -> None:
    server = scene.git.process.identity.pid
    # The daemon is a child of the command `git`.
    os.killpg(server, signal.SIGSTOP)
    try:
        build = scene.begin(revision=scene.commit())
        scene.wait_for_step(build, "checkout")
        cancel(scene, build, "checkout")
    finally:
        os.killpg(server, signal.SIGCONT)


@pytest.mark.row(16)
def test_a_build_is_cancelled_while_it_looks_for_the_publication(scene: Scene) -> None:
    commit = scene.shipped()
    with holding(scene, r"HEAD /v2/team/tiny/manifests/") as came:
        build = scene.begin(revision=commit)
        assert came.wait(60)
        cancel(scene, build, "find")


@pytest.mark.short
@pytest.mark.row(16)
@pytest.mark.parametrize("step", ["wheels", "pex-tiny-pex"])
def test_a_build_is_cancelled_while_its_container_works(scene: Scene, step: str) -> None:
    build = scene.begin(revision=scene.commit(), no_cache=True)
    scene.wait_for_step(build, step)
    wait_until(lambda: bool(scene.containers()), 60, f"a container of {step}")
    cancel(scene, build, step)


@pytest.mark.row(16)
def test_a_build_is_cancelled_while_it_assembles_its_image(scene: Scene) -> None:
    build = scene.begin(revision=scene.commit())
    cancel(scene, build, "image-tiny", scene.stop_verb("image"))


@pytest.mark.short
@pytest.mark.row(16)
def test_a_build_is_cancelled_while_it_pushes_and_its_tag_stays_free(scene: Scene) -> None:
    commit = scene.commit()
    with holding(scene, r"POST /v2/team/tiny/blobs/") as came:
        build = scene.begin(revision=commit)
        assert came.wait(60)
        cancel(scene, build, "push-tiny")
    assert scene.published(commit) is None


@pytest.mark.row(16)
def test_a_build_is_cancelled_while_it_collects_garbage(scene: Scene) -> None:
    name = leave_container(scene)
    build = scene.begin(revision=scene.commit())
    held = scene.stop_verb("gc")
    # The last collection of the build removes it.
    scene.rest.stop(build)
    os.kill(held, signal.SIGCONT)
    outcome = scene.outcome(build)
    assert outcome.tries == ["CANCELLED"], outcome.said
    assert result_name(outcome.step("collect-garbage")["results"]) == "CANCELLED"
    assert name not in scene.containers()


@pytest.mark.row(16)
def test_a_build_is_cancelled_in_its_last_collection(scene: Scene) -> None:
    build = scene.begin(revision=scene.commit({"requirements.loose.txt": "celery\n"}))
    scene.wait_for_step(build, "clean-up")
    cancel(scene, build, "clean-up", scene.stop_verb("gc"))


@pytest.mark.row(16)
def test_the_nightly_builds_are_cancelled_too(scene: Scene) -> None:
    build = scene.begin("harden", revision=scene.commit())
    wait_until(lambda: bool(scene.containers()), 60, "a container of harden")
    cancel(scene, build, "harden")
    with holding(scene, r"GET /v2/team/python311-slim/") as came:
        build = scene.begin("retag")
        assert came.wait(60)
        cancel(scene, build, "retag")
