"""Answers that lie, never end or lead away: rows 11, 37 and 38 of the matrix."""

from __future__ import annotations

import json

import pytest
from lab.scene.proxy import proxying

from buildbot_ship.model.reference import Repository
from buildbot_ship.registry.client import RegistryClient

from .scene import Scene
from .test_registry import BLOB_PUT, QUICK, TAG_PUT, large_change

TAG_READ = r"(HEAD|GET) /v2/team/tiny/manifests/"
DENIED = json.dumps({"errors": [{"code": "DENIED", "message": "the cat is on it"}]}).encode()


@pytest.mark.row(11)
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(DENIED, id="an error", marks=pytest.mark.short),
        pytest.param(b"", id="no digest"),
    ],
)
def test_a_push_that_is_answered_200_without_a_digest_fails(scene: Scene, body: bytes) -> None:
    """This is our own push, which does not go through the engine."""
    commit = scene.commit()
    scene.proxy.fail(TAG_PUT, status=200, body=body)
    outcome = scene.ship(commit)
    assert outcome.tries == ["FAILURE"]
    assert f":{commit} has digest nothing, expected sha256:" in outcome.said
    assert "nothing was published" in outcome.said
    assert scene.published(commit) is None


@pytest.mark.row(11)
def test_an_error_in_the_push_stream_of_the_engine_fails(scene: Scene) -> None:
    """The engine answers HTTP 200, and then tells in the stream what the registry said."""
    scene.proxy.fail(r"PUT /v2/team/denied/manifests/", status=400, body=DENIED)
    outcome = scene.outcome(scene.begin("retag-engine", copy="denied"))
    assert outcome.tries == ["FAILURE"]
    assert "the Docker Engine could not push" in outcome.said
    assert "the cat is on it" in outcome.said
    place = Repository(scene.registry.address, "team/denied")
    assert RegistryClient((), environment={}).list_tags(place) == ()


@pytest.mark.row(37)
def test_an_answer_of_a_byte_a_second_is_retried(scene: Scene) -> None:
    commit = scene.commit()
    fault = scene.proxy.fail(
        TAG_PUT,
        times=3,
        status=201,
        headers={"Content-Length": "1000"},
        endless=b"x",
        endless_pause=1.0,
    )
    outcome = scene.ship(commit, **QUICK)
    assert outcome.tries == ["RETRY", "SUCCESS"]
    assert fault.fired == 3
    (push,) = (step for step in outcome.steps[0] if step["name"] == "push-tiny")
    assert "bytes in 2 seconds (3 attempts)" in push["state_string"]
    assert push["complete_at"] - push["started_at"] < 30
    assert scene.published(commit)


@pytest.mark.row(37)
def test_an_answer_without_end_fails(scene: Scene) -> None:
    commit = scene.commit()
    endless = {"headers": {"Content-Length": str(1 << 40)}, "endless": bytes(1 << 16)}
    scene.proxy.fail(TAG_PUT, status=201, **endless)
    outcome = scene.ship(commit)
    assert outcome.tries == ["FAILURE"]
    assert "has digest nothing, expected sha256:" in outcome.said
    assert scene.published(commit) is None


@pytest.mark.row(38)
@pytest.mark.parametrize(
    ("location", "why"),
    [
        ("{here}", "in a circle"),
        ("file:///etc/passwd", "only http and https addresses are followed"),
        ("http://store.example.com/x", "plain http works only on loopback"),
    ],
    ids=["circle", "file", "plain"],
)
def test_a_redirect_that_leads_astray_fails_at_once(
    scene: Scene, location: str, why: str
) -> None:
    commit = scene.commit()
    here = f"/v2/team/tiny/manifests/{commit}"
    target = location.format(here=here)
    scene.proxy.fail(TAG_READ, times=99, status=307, headers={"Location": target})
    outcome = scene.ship(commit)
    assert outcome.tries == ["FAILURE"]
    assert f"it redirects from http://{scene.proxy.address}/v2/team/tiny/" in outcome.said
    assert why in outcome.said
    assert "correct this address in the configuration of the registry" in outcome.said
    # One of them asks without a login, and the second one with it.
    assert len(scene.proxy.lines(TAG_READ)) <= 2
    assert scene.published(commit) is None


@pytest.mark.row(38)
def test_no_credential_follows_a_redirect_or_an_upload_elsewhere(scene: Scene) -> None:
    commit = scene.commit(large_change())
    with proxying(scene.registry.address, "") as other:
        elsewhere = f"http://localhost:{other.port}/v2/team/tiny/manifests/{commit}"
        scene.proxy.fail(TAG_READ, status=307, headers={"Location": elsewhere})
        began = f"http://localhost:{other.port}/upload?signed=1"
        scene.proxy.fail(r"POST /v2/team/tiny/blobs/uploads/", headers={"Location": began})
        other.fail("PUT /upload", times=9, status=403)
        outcome = scene.ship(commit)
    assert outcome.tries == ["FAILURE"]
    assert "not authorised" in outcome.said
    assert [seen.method for seen in other.seen] == ["HEAD", "PUT"]
    assert {seen.authorization for seen in other.seen} == {""}
    assert scene.proxy.lines(BLOB_PUT) == []
    assert scene.published(commit) is None
