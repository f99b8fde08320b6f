"""Engines that are killed or full, and greedy containers: rows 1, 2, 10 and 30 to 32."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack
from io import BytesIO
from typing import Any

import pytest
from lab.other_engine import OtherEngine
from lab.runs import Run
from lab.waiting import wait_until

from buildbot_ship.model.reference import Repository
from buildbot_ship.registry.client import RegistryClient
from tests.small_disk import small_disk

from .scene import Scene
from .test_registry import TAG_PUT, large_change

GRACE = 8.0
"""Seconds between SIGTERM and SIGKILL: `sigtermTime` of each step."""


def restart(engine: OtherEngine) -> None:
    engine.kill()
    engine.start()


def with_setup(scene: Scene, head: str) -> str:
    """Push a commit whose setup.py begins with *head*, as if hardened; return its hash."""
    before = scene.files["setup.py"]
    after = f"{head}\n{before.decode()}".encode()
    old, new = (hashlib.sha256(data).hexdigest().encode() for data in (before, after))
    hardened = ("requirements.strict.txt", "requirements.build.txt")
    files = {name: scene.files[name].replace(old, new) for name in hardened}
    return scene.commit({**files, "setup.py": after})


def wait_for_container(scene: Scene, script: str = "wheels") -> str:
    """Return the name of our running container for a script, once there is one."""
    running: list[str] = []

    def runs() -> bool:
        found = scene.client.api.containers(filters={"name": f"ship-{script}-"})
        names = [each["Names"][0].lstrip("/") for each in found]
        running[:] = [name for name in names if name in scene.containers()]
        return bool(running)

    wait_until(runs, 60, f"a container for {script}")
    return running[0]


@pytest.mark.row(2)
def test_our_own_push_does_not_need_the_engine(scene: Scene) -> None:
    commit = scene.commit()
    fault = scene.proxy.fail(TAG_PUT, hook=lambda: restart(scene.engine))
    outcome = scene.ship(commit)
    assert fault.fired == 1
    assert outcome.tries == ["SUCCESS"]
    assert scene.published(commit)


@pytest.mark.row(1)
def test_an_engine_that_is_killed_during_a_build_and_comes_back_is_outlived(
    scene: Scene,
) -> None:
    until = time.time() + 20
    commit = with_setup(scene, f"import time; time.sleep(max(0, {until} - time.time()))")
    build = scene.begin(revision=commit)
    wait_for_container(scene)
    restart(scene.engine)
    outcome = scene.outcome(build)
    assert outcome.tries == ["RETRY", "SUCCESS"]
    (lost,) = (step for step in outcome.steps[0] if step["results"] == 5)
    assert "no Docker Engine answers at unix://" in lost["state_string"]
    assert "start the engine" in lost["state_string"]
    assert scene.published(commit)


@pytest.mark.row(2)
def test_an_engine_that_is_killed_during_its_push_is_outlived(scene: Scene) -> None:
    """Only copies of bases through the engine are pushed by it."""
    place = Repository(scene.registry.address, "team/killed")
    client = RegistryClient((), environment={})
    fault = scene.proxy.fail(
        "PUT /v2/team/killed/manifests/", hook=lambda: restart(scene.engine)
    )
    outcome = scene.outcome(scene.begin("retag-engine", copy="killed"))
    assert fault.fired == 1
    assert outcome.tries == ["RETRY", "SUCCESS"]
    (new,) = client.list_tags(place)
    scene.client.images.pull(scene.bases.slim.reference)
    wanted = scene.client.images.get(scene.bases.slim.reference).id
    manifest = client.manifest(place.tagged(new))
    assert manifest is not None
    assert wanted.encode() in manifest.data


@pytest.fixture
def small_engine(lab_run: Run) -> Iterator[OtherEngine]:
    """An engine whose data root holds 100 MB, less than a base."""
    run = Run.begin("small", lab_run.say, lab_run.cache)
    other = OtherEngine(run, "overlay2")
    with ExitStack() as stack:
        stack.callback(run.end)
        stack.enter_context(small_disk(other.folder, 100))
        stack.callback(other.kill)
        other.start()
        yield other


@pytest.mark.row(10)
def test_an_engine_with_a_full_disk_fails_and_gives_the_space_back(
    scene: Scene, small_engine: OtherEngine
) -> None:
    def used() -> int:
        return shutil.disk_usage(small_engine.folder).used

    before = used()
    outcome = scene.ship(with_setup(scene, "# a change"), engine=small_engine.address)
    assert outcome.tries == ["FAILURE"]
    assert "no space left on device" in outcome.said
    assert "free space on the engine's disk" in outcome.said
    wait_until(
        lambda: used() < before + 5_000_000, 10, "the space", explain=lambda: f"{used()}"
    )


@pytest.mark.short
@pytest.mark.row(30)
def test_a_container_that_runs_out_of_memory_fails_with_its_limit(scene: Scene) -> None:
    commit = with_setup(scene, "hoard = b'x' * (1 << 30)")
    outcome = scene.ship(commit, memory=128 << 20)
    assert outcome.tries == ["FAILURE"]
    assert "exceeded the limit of 134217728 bytes of memory" in outcome.said
    assert "raise the option memory" in outcome.said
    assert scene.published(commit) is None


DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"


@pytest.mark.row(31)
def test_a_container_that_ignores_sigterm_is_killed_at_its_time_limit(scene: Scene) -> None:
    commit = with_setup(scene, DEAF)
    outcome = scene.ship(commit, seconds=3)
    assert outcome.tries == ["FAILURE"]
    assert "exceeded the limit of 3 seconds" in outcome.said
    assert "raise the option seconds" in outcome.said
    assert scene.published(commit) is None


@pytest.mark.row(31)
def test_a_verb_that_ignores_sigterm_is_killed_when_the_grace_is_over(scene: Scene) -> None:
    build = scene.begin(revision=with_setup(scene, DEAF))
    wait_for_container(scene)
    # A stopped process handles no signal but SIGKILL.
    scene.stop_verb("wheels")
    begun = time.time()
    scene.rest.stop(build)
    outcome = scene.outcome(build)
    assert outcome.tries == ["CANCELLED"]
    # The step, without the clean-up after it; its end is in whole seconds.
    assert GRACE - 2 < outcome.step("wheels")["complete_at"] - begun < GRACE + 4
    assert scene.verbs("wheels") == []


@pytest.fixture
def shell_less(scene: Scene) -> Iterator[str]:
    """The reference of a runtime base without any shell."""
    registry = scene.bases.slim.reference.partition("/")[0]
    name = f"{registry}/library/shell-less:1"
    shells = "/bin/sh /bin/bash /bin/dash /usr/bin/sh /usr/bin/bash /usr/bin/dash"
    text = f"FROM {scene.bases.slim.reference}\nRUN rm -f {shells}\n"
    scene.client.images.build(fileobj=BytesIO(text.encode()), tag=name, rm=True)
    try:
        scene.client.images.push(name)
        yield name
    finally:
        scene.client.images.remove(name, force=True)


@pytest.mark.row(32)
def test_an_image_without_a_shell_ships_and_runs(scene: Scene, shell_less: str) -> None:
    dockerfile = f'FROM {shell_less}\nCOPY tiny.pex /\nENTRYPOINT ["/tiny.pex"]\n'
    commit = scene.commit({"tiny.docker": dockerfile, **large_change()})
    outcome = scene.ship(commit)
    assert outcome.tries == ["SUCCESS"]
    image = f"{scene.registry.address}/team/tiny:{commit}"
    scene.client.images.pull(image)
    try:
        run: Any = scene.client.containers.run
        assert run(image, ["hello"], remove=True).startswith(b"tiny ['hello']")
        with pytest.raises(Exception, match="no such file"):
            run(image, ["-c", "true"], entrypoint="/bin/sh", remove=True)
    finally:
        scene.client.images.remove(image, force=True)
