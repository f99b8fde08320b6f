"""Workers and masters that are killed in the middle of a build: rows 13, 14, 15 and 40."""

from __future__ import annotations

import os
import re
import signal

import pytest
from lab.waiting import wait_until

from .scene import Scene


def manifests(scene: Scene, commit: str) -> int:
    """Return how often the image of a commit was published."""
    return len(scene.proxy.done(rf"PUT /v2/team/tiny/manifests/{commit}"))


@pytest.mark.row(13)
def test_a_build_of_a_killed_worker_runs_again_and_its_container_is_removed(
    scene: Scene,
) -> None:
    commit = scene.commit()
    build = scene.begin(revision=commit, no_cache=True)
    wait_until(lambda: bool(scene.containers()), 60, "a container of the build")
    # As when the container of a worker is killed: nobody cleans up.
    verbs = scene.verbs()
    for process in verbs:
        os.kill(process, signal.SIGSTOP)
    scene.worker.kill()
    for process in verbs:
        os.kill(process, signal.SIGKILL)
    wait_until(lambda: not scene.verbs(), 10, "the end of the verb")
    assert scene.containers()
    scene.worker.start()
    outcome = scene.outcome(build)
    assert outcome.tries == ["RETRY", "SUCCESS"], outcome.said
    assert re.match(r"[12] leftovers? removed", outcome.step("collect-garbage")["state_string"])
    assert scene.ever_published(commit) == [scene.published(commit)]


@pytest.mark.row(13)
def test_a_build_whose_worker_goes_before_the_first_step_runs_again(scene: Scene) -> None:
    """Buildbot 4.3 forgets such a build and its request."""
    process = scene.worker.process
    assert process is not None
    (scene.master.folder / "kill").write_text(str(process.identity.pid))
    build = scene.begin("prepared")
    wait_until(lambda: not process.alive(), 10, "the end of the worker")
    scene.worker.start()
    outcome = scene.outcome(build, 60)
    assert outcome.tries == ["RETRY", "SUCCESS"], outcome.said
    assert [step["name"] for step in outcome.steps[0]] == ["worker_preparation"]


@pytest.mark.row(13)
def test_a_request_whose_builds_lose_their_worker_each_time_ends(scene: Scene) -> None:
    request = scene.request_of(scene.begin(revision=scene.shipped()))
    for _ in range(3):
        verb = scene.stop_verb("find")
        scene.worker.kill()
        os.kill(verb, signal.SIGKILL)
        scene.worker.start()
    outcome = scene.ended(request)
    assert outcome.tries == ["RETRY", "RETRY", "RETRY", "FAILURE"]
    assert "3 builds of this request ended without a result" in outcome.said
    assert "look for the cause in the logs of the worker" in outcome.said


@pytest.mark.row(13)
def test_a_checkout_that_was_killed_is_used_again(scene: Scene) -> None:
    commit = scene.shipped()
    (git,) = (scene.run.folder / scene.worker.settings.worker_name).glob("ship/build/.git")
    for name in ("index.lock", "HEAD.lock"):
        (git / name).touch()
    outcome = scene.ship(commit)
    assert outcome.tries == ["SUCCESS"], outcome.said
    assert not [*git.glob("*.lock")]


@pytest.mark.row(13, 40)
def test_the_next_build_carries_on_after_a_killed_worker_had_claimed_the_tag(
    scene: Scene,
) -> None:
    commit = scene.commit()
    scene.proxy.fail(r"POST /v2/team/tiny/blobs/", hook=scene.worker.kill)
    build = scene.begin(revision=commit)
    process = scene.worker.process
    assert process is not None
    wait_until(lambda: not process.alive(), 60, "the end of the worker")
    # Its verb must not go on beside the next build.
    wait_until(lambda: not scene.verbs(), 10, "the end of the worker's verb")
    assert scene.published(commit) is None
    scene.worker.start()
    outcome = scene.outcome(build)
    assert outcome.tries == ["RETRY", "SUCCESS"], outcome.said
    assert scene.ever_published(commit) == [scene.published(commit)]
    assert manifests(scene, commit) == 1


@pytest.mark.row(14)
def test_a_build_of_a_killed_master_runs_once_more(scene: Scene) -> None:
    commit = scene.commit()
    scene.proxy.fail(r"POST /v2/team/tiny/blobs/", hook=scene.master.kill)
    request = scene.request_of(scene.begin(revision=commit))
    restart_killed_master(scene)
    outcome = scene.ended(request)
    assert outcome.tries == ["RETRY", "SUCCESS"], outcome.said
    assert scene.ever_published(commit) == [scene.published(commit)]
    assert manifests(scene, commit) == 1


@pytest.mark.short
@pytest.mark.row(15)
def test_what_a_killed_master_did_not_record_is_adopted(scene: Scene) -> None:
    commit = scene.commit()
    put = rf"PUT /v2/team/tiny/manifests/{commit}"
    scene.proxy.fail(put, after=scene.master.kill)
    request = scene.request_of(scene.begin(revision=commit))
    restart_killed_master(scene)
    digest = scene.published(commit)
    assert digest
    outcome = scene.ended(request)
    assert outcome.tries == ["RETRY", "SUCCESS"], outcome.said
    pushed, _source = outcome.builds[-1]["properties"]["ship_pushed_tiny"]
    assert pushed["digest"] == digest
    assert scene.ever_published(commit) == [digest]
    assert manifests(scene, commit) == 1


def restart_killed_master(scene: Scene) -> None:
    """Wait until a fault has killed the master, and start it."""
    process = scene.master.process
    assert process is not None
    wait_until(lambda: not process.alive(), 60, "the end of the master")
    scene.master.start()
