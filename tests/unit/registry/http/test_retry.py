"""Faults of the outside world: rows 3 to 9 and 12 of the fault matrix, in small."""

from __future__ import annotations

import json

import pytest

from buildbot_ship.errors import (
    DigestMismatch,
    LimitExceeded,
    RegistryForbidden,
    RegistryRefused,
    RegistryUnavailable,
)
from buildbot_ship.model.image.manifest import DOCKER_MANIFEST
from buildbot_ship.model.reference import Repository, digest_of
from buildbot_ship.registry.http.retry import RetryPolicy, read_retry_after
from buildbot_ship.registry.interface import Manifest
from tests.fakes.http import Response
from tests.fakes.images import small_image
from tests.unit.registry.conftest import Setting

BLOB = bytes(range(256)) * 4000
DIGEST = digest_of(BLOB)
IMAGE = small_image("app", b"layer").manifest
FOUND = Response(headers={"Docker-Content-Digest": DIGEST})


def errors(code: str, message: str, detail: object = None) -> bytes:
    item = {"code": code, "message": message, "detail": detail}
    return json.dumps({"errors": [item]}).encode()


def test_three_500s_are_waited_out_with_growing_pauses(setting: Setting) -> None:
    setting.server.script = [Response(500), Response(502), Response(503), FOUND]
    assert setting.client().head(setting.place.tagged("1")) == DIGEST
    assert setting.pauses == [0.5, 1.0, 2.0]
    assert setting.lines[0].endswith("it answered with HTTP status 500; retry in 0.5 s")


def test_500s_without_end_become_unavailable_with_the_registrys_words(setting: Setting) -> None:
    setting.server.script = [Response(500, errors("UNKNOWN", "the cat is out"))] * 6
    with pytest.raises(RegistryUnavailable, match=r"500: the cat is out \(6 attempts\)"):
        setting.client().manifest(setting.place.tagged("1"))
    assert setting.pauses == [0.5, 1.0, 2.0, 4.0, 8.0]


@pytest.mark.parametrize(("asked", "waited"), [("7", 7.0), ("86400", 60.0), ("soon", 0.5)])
def test_a_429_is_waited_out_as_the_registry_asks_within_bounds(
    setting: Setting, asked: str, waited: float
) -> None:
    setting.server.script = [Response(429, headers={"Retry-After": asked}), FOUND]
    assert setting.client().head(setting.place.tagged("1")) == DIGEST
    assert setting.pauses == [waited]


def test_a_date_to_retry_after_is_counted_from_the_registrys_own_clock() -> None:
    date, until = "Fri, 31 Dec 1999 23:59:50 GMT", "Sat, 01 Jan 2000 00:00:05 GMT"
    assert read_retry_after({"Date": date, "Retry-After": until}) == 15.0
    assert read_retry_after({"Retry-After": until}) is None


def test_pauses_are_never_negative() -> None:
    assert RetryPolicy().pause(1, -3.0) == 0.0


def test_a_registry_that_took_another_manifest_is_found_out(setting: Setting) -> None:
    setting.server.script = [Response(201, headers={"Docker-Content-Digest": DIGEST})]
    with pytest.raises(DigestMismatch, match=DIGEST):
        setting.client().put(setting.place.tagged("1"), IMAGE)


def test_a_registry_that_says_no_digest_is_asked_for_it(setting: Setting) -> None:
    there = Response(headers={"Docker-Content-Digest": IMAGE.digest})
    setting.server.script = [Response(201), there, Response(201), Response(404)]
    assert setting.client().put(setting.place.tagged("1"), IMAGE) == IMAGE.digest
    with pytest.raises(DigestMismatch, match="nothing"):
        setting.client().put(setting.place.tagged("1"), IMAGE)


@pytest.mark.parametrize("by_digest", [False, True])
def test_a_manifest_that_is_not_what_was_announced_is_refused(
    setting: Setting, by_digest: bool
) -> None:
    announced = {} if by_digest else {"Docker-Content-Digest": DIGEST}
    headers = {"Content-Type": DOCKER_MANIFEST, **announced}
    setting.server.script = [Response(body=IMAGE.data, headers=headers)]
    reference = setting.place.at(DIGEST) if by_digest else setting.place.tagged("1")
    with pytest.raises(DigestMismatch) as caught:
        setting.client().manifest(reference)
    assert (caught.value.expected, caught.value.got) == (DIGEST, IMAGE.digest)


def test_a_manifest_may_name_its_kind_itself(setting: Setting) -> None:
    plain = Response(body=IMAGE.data, headers={"Content-Type": "application/json"})
    setting.server.script = [plain, Response(body=b"<html>"), Response(body=b"{}")]
    client = setting.client()
    assert client.manifest(setting.place.tagged("1")) == Manifest(DOCKER_MANIFEST, IMAGE.data)
    for _ in range(2):
        with pytest.raises(RegistryRefused, match="unknown media type"):
            client.manifest(setting.place.tagged("1"))


def test_a_manifest_has_a_limit(setting: Setting) -> None:
    setting.server.script = [Response(body=bytes(5 * 1024**2))]
    with pytest.raises(LimitExceeded, match="4 MiB"):
        setting.client().manifest(setting.place.tagged("1"))


@pytest.mark.parametrize("status", [401, 403])
def test_no_permission_is_said_at_once(setting: Setting, status: int) -> None:
    setting.server.script = [Response(status)]
    with pytest.raises(RegistryForbidden, match="not authorised"):
        setting.client().head(setting.place.tagged("1"))
    assert len(setting.server.requests) == 1
    assert setting.pauses == []


@pytest.mark.parametrize(
    "said",
    [
        Response(500, errors("UNKNOWN", "unknown error", {"Op": "mkdir", "Err": 28})),
        Response(500, b"write /data: no space left on device"),
        Response(507),
    ],
)
def test_a_full_disk_is_said_at_once(setting: Setting, said: Response) -> None:
    setting.server.script = [said]
    with pytest.raises(RegistryRefused, match="its disk is full") as caught:
        setting.client().upload(setting.place, DIGEST, BLOB)
    assert "free space" in caught.value.remedy
    assert setting.pauses == []


def test_a_refusal_quotes_the_registry_in_one_short_line(setting: Setting) -> None:
    words = "invalid\ntag \x1b[31m" + "x" * 500
    setting.server.script = [Response(400, errors("TAG_INVALID", words))]
    with pytest.raises(RegistryRefused, match="invalid tag ") as caught:
        setting.client().put(setting.place.tagged("1"), IMAGE)
    assert caught.value.why.isprintable()
    assert len(caught.value.why) == 300


def test_a_mount_that_became_an_upload_is_cancelled(setting: Setting) -> None:
    begun = Response(202, headers={"Location": f"http://{setting.server.address}/up?id=1"})
    setting.server.script = [begun, Response(204)]
    other = Repository(setting.place.registry, "team/base")
    assert not setting.client().mount(setting.place, DIGEST, other)
    assert setting.server.lines == [
        f"POST /v2/team/app/blobs/uploads/?mount={DIGEST.replace(':', '%3A')}&from=team%2Fbase",
        "DELETE /up?id=1",
    ]


def test_a_redirect_to_a_store_is_followed(setting: Setting) -> None:
    where = f"http://{setting.server.address}/store?signature=s3cret"
    setting.server.script = [Response(307, headers={"Location": where}), Response(body=BLOB)]
    assert setting.client().blob(setting.place, DIGEST) == BLOB
    assert setting.server.lines[-1] == "GET /store?signature=s3cret"


def test_a_signed_url_shows_in_no_error(setting: Setting) -> None:
    # Port 1 is nobody's.
    where = "http://127.0.0.1:1/store?signature=s3cret"
    setting.server.respond = lambda _: Response(307, headers={"Location": where})
    with pytest.raises(RegistryUnavailable, match="connection refused") as caught:
        setting.client().blob(setting.place, DIGEST)
    assert "s3cret" not in f"{caught.value!r}{caught.value}{setting.lines}"


def test_a_name_that_does_not_resolve_is_said(setting: Setting) -> None:
    reference = Repository("registry.invalid", "team/app").tagged("1")
    with pytest.raises(RegistryUnavailable, match="its host name does not resolve"):
        setting.client().head(reference)


@pytest.mark.parametrize(
    "answer", [Response(401), Response(403), Response(404), Response(500), Response(cut=0)]
)
def test_a_mount_is_no_failure_when_its_upload_cannot_be_cancelled(
    setting: Setting, answer: Response
) -> None:
    setting.server.script = [Response(202, headers={"Location": "/up"}), answer]
    base = Repository(setting.place.registry, "team/base")
    assert not setting.client().mount(setting.place, DIGEST, base)
    assert setting.pauses == []
