"""Registries that fail, in front of a real one: rows 3 to 9, 12 and 43 of the matrix."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from buildbot_ship.model.reference import Repository
from buildbot_ship.registry.client import RegistryClient
from tests.engine.private_registry import private_registry
from tests.small_disk import small_disk

from .scene import Scene

BLOB_PUT = r"PUT /v2/team/tiny/blobs/"
TAG_PUT = r"PUT /v2/team/tiny/manifests/"
QUICK: dict[str, Any] = {"patience": "2", "answer_seconds": "2"}


def large_change() -> dict[str, bytes]:
    """Return a change of the application whose layer has some 300 KB that no registry has."""
    text = f"NOISE = {os.urandom(300_000).hex()!r}\n"
    return {"tiny/noise.py": text.encode()}


def blobs_are_whole(scene: Scene, commit: str) -> bool:
    """Return whether the registry has each blob of a tag, and its bytes have its digest."""
    place = Repository(scene.registry.address, "team/tiny")
    client = RegistryClient((), environment={})
    manifest = client.manifest(place.tagged(commit))
    assert manifest is not None
    document = json.loads(manifest.data)
    blobs = [document["config"], *document["layers"]]
    return all(_digest(client, place, blob["digest"]) == blob["digest"] for blob in blobs)


def _digest(client: RegistryClient, place: Repository, digest: str) -> str:
    checksum = hashlib.sha256()
    for chunk in client.stream(place, digest):
        checksum.update(chunk)
    return f"sha256:{checksum.hexdigest()}"


@pytest.mark.short
@pytest.mark.row(3)
def test_three_answers_of_500_are_outlived(scene: Scene) -> None:
    commit = scene.commit()
    fault = scene.proxy.fail(r"PUT /v2/team/tiny/", times=3, status=500)
    outcome = scene.ship(commit)
    assert outcome.tries == ["SUCCESS"]
    assert fault.fired == 3
    assert scene.published(commit)


@pytest.mark.row(4)
def test_the_wait_that_a_429_asks_for_is_honoured(scene: Scene) -> None:
    commit = scene.commit()
    scene.proxy.fail(TAG_PUT, status=429, headers={"Retry-After": "3"})
    outcome = scene.ship(commit)
    assert outcome.tries == ["SUCCESS"]
    refused, taken = (seen.at for seen in scene.proxy.seen if str(seen).startswith(TAG_PUT))
    assert 3.0 <= taken - refused < 8.0
    assert scene.published(commit)


@pytest.mark.short
@pytest.mark.row(5)
def test_a_connection_that_breaks_in_the_middle_of_a_blob_is_outlived(scene: Scene) -> None:
    commit = scene.commit(large_change())
    fault = scene.proxy.fail(BLOB_PUT, cut_upload=1 << 16)
    outcome = scene.ship(commit)
    assert outcome.tries == ["SUCCESS"]
    assert fault.fired == 1
    assert blobs_are_whole(scene, commit)


@pytest.mark.row(6)
def test_a_registry_that_is_killed_during_an_upload_and_comes_back_is_outlived(
    scene: Scene,
) -> None:
    def restart() -> None:
        scene.registry.kill()
        scene.registry.start()

    commit = scene.commit(large_change())
    fault = scene.proxy.fail(BLOB_PUT, hook=restart, hook_after=1 << 16)
    outcome = scene.ship(commit)
    assert outcome.tries == ["SUCCESS"]
    assert fault.hook is None
    assert blobs_are_whole(scene, commit)


@pytest.mark.row(7)
def test_a_registry_that_stays_down_fails_the_third_try(scene: Scene) -> None:
    commit = scene.commit(large_change())
    scene.proxy.fail(BLOB_PUT, hook=scene.registry.kill)
    try:
        outcome = scene.ship(commit, **QUICK)
    finally:
        scene.registry.start()
    assert outcome.tries == ["RETRY", "RETRY", "FAILURE"]
    assert f"registry {scene.proxy.address} cannot be reached" in outcome.said
    assert "check that it runs" in outcome.said
    assert "(tried 3 times)" in outcome.said
    assert scene.published(commit) is None


@pytest.mark.row(8)
@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_login_fails_at_once(scene: Scene, status: int) -> None:
    commit = scene.commit(large_change())
    scene.proxy.fail(r"POST /v2/team/tiny/", times=9, status=status)
    outcome = scene.ship(commit)
    assert outcome.tries == ["FAILURE"]
    assert "not authorised - set the option credentials" in outcome.said
    assert len(scene.proxy.lines(r"POST /v2/team/tiny/")) == 1
    assert scene.published(commit) is None


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A folder that holds 4 MiB."""
    with small_disk(tmp_path / "disk", 4) as folder:
        yield folder


@pytest.mark.row(9)
def test_a_registry_with_a_full_disk_fails_at_once_and_says_so(
    scene: Scene, disk: Path, tmp_path: Path
) -> None:
    commit = scene.commit()
    with ExitStack() as stack:
        full = stack.enter_context(private_registry(tmp_path, storage=disk))
        stack.callback(setattr, scene.proxy, "target", scene.proxy.target)
        scene.proxy.target = full
        outcome = scene.ship(commit)
        tags = RegistryClient((), environment={}).list_tags(Repository(full, "team/tiny"))
    assert outcome.tries == ["FAILURE"]
    assert "its disk is full - free space on the registry's disk" in outcome.said
    assert tags == ()


@pytest.mark.short
@pytest.mark.row(12)
@pytest.mark.parametrize("request_line", [BLOB_PUT, TAG_PUT])
def test_another_digest_than_was_sent_fails_at_once(scene: Scene, request_line: str) -> None:
    commit = scene.commit(large_change())
    other = f"sha256:{'0' * 64}"
    scene.proxy.fail(request_line, headers={"Docker-Content-Digest": other})
    outcome = scene.ship(commit)
    assert outcome.tries == ["FAILURE"]
    assert f"has digest {other}, expected sha256:" in outcome.said
    assert "find out who changed it" in outcome.said
    assert len(scene.proxy.lines(request_line)) == 1
    # The registry stored the right bytes, and only said otherwise.
    assert (scene.published(commit) is None) == (request_line == BLOB_PUT)


@pytest.mark.row(43)
def test_a_token_that_expires_during_an_upload_is_renewed(scene: Scene) -> None:
    scene.proxy.bearer = True
    commit = scene.commit(large_change())
    fault = scene.proxy.fail(BLOB_PUT, expire=True)
    outcome = scene.ship(commit)
    assert outcome.tries == ["SUCCESS"]
    assert fault.fired == 1
    first, second = [seen for seen in scene.proxy.seen if str(seen).startswith(BLOB_PUT)][:2]
    assert first.path == second.path
    assert first.authorization != second.authorization
    assert blobs_are_whole(scene, commit)
