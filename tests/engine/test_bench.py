"""The core of `tests/bench/run`: one flow, cold, from nothing to its figure and away again."""

from __future__ import annotations

import pytest
from lab.bases import MARK
from lab.bench.figures import COLD, VERBS_SMOKE
from lab.bench.rounds import one_round
from lab.git_server import GitServer
from lab.runs import Run

import docker

LAYERS = 50_000_000


@pytest.mark.long
def test_a_cold_build_with_a_smoke_test_is_measured_and_leaves_no_image(
    lab_run: Run, client: docker.DockerClient
) -> None:
    lab_run.start_engine()
    server = GitServer.start(lab_run)
    try:
        (figure,) = one_round(lab_run, [VERBS_SMOKE], [COLD], 0, server)
    finally:
        server.process.stop()
    assert (figure.flow, figure.situation) == (VERBS_SMOKE, COLD)
    assert figure.seconds > 1
    # What is sent is the application; the base is there, and is most of the image.
    assert 1_000_000 < figure.bytes_sent < figure.image_bytes - LAYERS
    assert figure.start_seconds is not None
    assert 0.1 < figure.start_seconds < figure.seconds
    # The tools image has the mark too: it was made from the base of this world.
    mark = {"label": f"{MARK}={lab_run.name}-{VERBS_SMOKE}-0"}
    assert client.images.list(all=True, filters=mark) == []
