"""The core of `tests/bench/run`: flows, from nothing to their figures and away again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from lab.bases import MARK
from lab.bench.buildkit import records
from lab.bench.figures import COLD, HARDENERS, HARDENINGS, NO_CHANGE, UV, VERBS_SMOKE
from lab.bench.hardening import one_hardening
from lab.bench.rounds import one_round
from lab.bench.uv import REPOSITORY
from lab.git_server import GitServer
from lab.runs import Run

import docker

LAYERS = 50_000_000


@pytest.fixture
def server(lab_run: Run) -> Iterator[GitServer]:
    lab_run.start_engine()
    server = GitServer.start(lab_run)
    yield server
    server.process.stop()


@pytest.mark.long
def test_a_cold_build_with_a_smoke_test_is_measured_and_leaves_no_image(
    lab_run: Run, client: docker.DockerClient, server: GitServer
) -> None:
    (figure,) = one_round(lab_run, [VERBS_SMOKE], [COLD], 0, server)
    assert (figure.flow, figure.situation) == (VERBS_SMOKE, COLD)
    assert figure.seconds > 1
    # What is sent is the application; the base is there, and is most of the image.
    assert 1_000_000 < figure.bytes_sent < figure.image_bytes - LAYERS
    assert figure.start_seconds is not None
    assert 0.1 < figure.start_seconds < figure.seconds
    # The tools image has the mark too: it was made from the base of this world.
    mark = {"label": f"{MARK}={lab_run.name}-{VERBS_SMOKE}-0"}
    assert client.images.list(all=True, filters=mark) == []


@pytest.mark.long
def test_uv_is_cold_in_each_round_and_leaves_nothing_in_buildkit(
    lab_run: Run, client: docker.DockerClient, server: GitServer
) -> None:
    before = records()
    for number in range(2):
        cold, again = one_round(lab_run, [UV], [COLD, NO_CHANGE], number, server)
        # In the second round too, a cold build downloads and compiles.
        assert cold.seconds > 10 * again.seconds
        assert cold.bytes_sent > 1_000_000 > again.bytes_sent
        assert cold.image_bytes == again.image_bytes > LAYERS
        assert records() == before
    mark = {"label": f"{MARK}={lab_run.name}-{UV}-0"}
    assert client.images.list(all=True, filters=mark) == []
    assert [image.labels[MARK] for image in client.images.list(REPOSITORY)] == [lab_run.name]


@pytest.mark.long
def test_hardening_is_measured_beside_uv(lab_run: Run, server: GitServer) -> None:
    figures = list(one_hardening(lab_run, HARDENERS, 0, server))
    measured = [(figure.situation, figure.flow) for figure in figures]
    assert measured == [(each, flow) for each in HARDENINGS for flow in HARDENERS]
    assert all(figure.seconds > 0.1 for figure in figures)
