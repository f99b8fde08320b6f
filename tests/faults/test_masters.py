"""One commit on two workers, and many builds in the queue: rows 17 and 20."""

from __future__ import annotations

import threading

import pytest
from lab.soak.load import load
from lab.soak.tally import Tally

from .scene import Scene

BUILDS = 20


@pytest.mark.short
@pytest.mark.row(17)
def test_one_commit_on_two_workers_is_published_once(scene: Scene) -> None:
    commit = scene.commit()
    second = list(scene.workers.values())[1]
    other_looked, published = threading.Event(), threading.Event()
    put = rf"PUT /v2/team/tiny/manifests/{commit}"

    def wait_for_other() -> None:
        # The other build finds no image, and then waits until this one has published its own.
        scene.proxy.fail(
            rf"HEAD /v2/team/tiny/manifests/{commit}", hook=other_looked.set, times=1
        )
        scene.proxy.fail(
            r"(HEAD|POST) /v2/team/tiny/blobs/", hook=lambda: bool(published.wait(60))
        )
        other_looked.wait(60)

    scene.proxy.fail(put, hook=wait_for_other, after=published.set)
    second.start()
    try:
        builds = [scene.begin(revision=commit) for _ in range(2)]
        outcomes = [scene.outcome(build) for build in builds]
    finally:
        second.stop()
    assert [outcome.tries for outcome in outcomes] == [["SUCCESS"], ["SUCCESS"]]
    properties = [outcome.builds[-1]["properties"] for outcome in outcomes]
    assert {each["workername"][0] for each in properties} == set(scene.workers)
    digests = {each["ship_pushed_tiny"][0]["digest"] for each in properties}
    assert list(digests) == scene.ever_published(commit)
    assert other_looked.is_set()
    assert len(scene.proxy.done(put)) == 1


@pytest.mark.short
@pytest.mark.row(20)
def test_queued_builds_end_once_each_and_the_memory_of_the_master_is_bounded(
    scene: Scene,
) -> None:
    """The short form of the soak `load`, which queues 200."""
    tally = Tally()
    load(scene, scene.shipped(), BUILDS, tally)
    assert tally.broken == []
    assert tally.attempts == BUILDS
