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
from buildbot_ship.model.base import DOCKER_MANIFEST
from buildbot_ship.model.reference import digest_of
from buildbot_ship.registry.fault import Patience, asked_wait
from buildbot_ship.registry.interface import Manifest
from tests.fakes.http import Asked, Said
from tests.fakes.images import small_image
from tests.unit.registry.conftest import Setting

BLOB = bytes(range(256)) * 4000
DIGEST = digest_of(BLOB)
IMAGE = small_image("app", b"layer").manifest
FOUND = Said(headers={"Docker-Content-Digest": DIGEST})


def errors(code: str, message: str, detail: object = None) -> bytes:
    item = {"code": code, "message": message, "detail": detail}
    return json.dumps({"errors": [item]}).encode()


def test_three_500s_are_waited_out_with_growing_pauses(setting: Setting) -> None:
    setting.server.script = [Said(500), Said(502), Said(503), FOUND]
    assert setting.client().head(setting.place.tagged("1")) == DIGEST
    assert setting.pauses == [0.5, 1.0, 2.0]
    assert setting.lines[0].endswith("it answered 500; trying again in 0.5 s")


def test_500s_without_end_become_unavailable_with_the_registrys_words(setting: Setting) -> None:
    setting.server.script = [Said(500, errors("UNKNOWN", "the cat is out"))] * 6
    # A HEAD has no body, so no words.
    with pytest.raises(RegistryUnavailable, match=r"500: the cat is out \(6 attempts\)"):
        setting.client().manifest(setting.place.tagged("1"))
    assert setting.pauses == [0.5, 1.0, 2.0, 4.0, 8.0]


@pytest.mark.parametrize(("asked", "waited"), [("7", 7.0), ("86400", 60.0), ("soon", 0.5)])
def test_a_429_is_waited_out_as_the_registry_asks_within_bounds(
    setting: Setting, asked: str, waited: float
) -> None:
    setting.server.script = [Said(429, headers={"Retry-After": asked}), FOUND]
    assert setting.client().head(setting.place.tagged("1")) == DIGEST
    assert setting.pauses == [waited]


def test_a_date_to_retry_after_is_counted_from_the_registrys_own_clock() -> None:
    date, until = "Fri, 31 Dec 1999 23:59:50 GMT", "Sat, 01 Jan 2000 00:00:05 GMT"
    assert asked_wait({"Date": date, "Retry-After": until}) == 15.0
    assert asked_wait({"Retry-After": until}) is None


def test_pauses_are_never_negative() -> None:
    assert Patience().pause(1, -3.0) == 0.0


def test_a_download_that_is_reset_goes_on_where_it_was(setting: Setting) -> None:
    def respond(asked: Asked) -> Said:
        start = asked.headers.get("Range")
        if start is None:
            return Said(body=BLOB, cut=700_000)
        first = int(start.removeprefix("bytes=").removesuffix("-"))
        return Said(206, BLOB[first:])

    setting.server.respond = respond
    assert setting.client().blob(setting.place, DIGEST) == BLOB
    assert len(setting.server.asked) == 2
    assert setting.server.asked[1].headers["Range"] != "bytes=0-"


def test_a_download_goes_on_where_ranges_are_not_known(setting: Setting) -> None:
    setting.server.script = [Said(body=BLOB, cut=700_000), Said(body=BLOB)]
    assert setting.client().blob(setting.place, DIGEST) == BLOB


def test_a_download_that_always_breaks_ends(setting: Setting) -> None:
    setting.server.respond = lambda _: Said(body=BLOB, cut=10)
    with pytest.raises(RegistryUnavailable, match="6 attempts"):
        list(setting.client().stream(setting.place, DIGEST))
    assert len(setting.server.asked) == 6


def test_the_last_chunk_of_a_wrong_blob_is_never_given(setting: Setting) -> None:
    wrong = BLOB + b"!"
    setting.server.script = [Said(body=wrong)]
    got = b""
    with pytest.raises(DigestMismatch) as caught:
        for chunk in setting.client().stream(setting.place, DIGEST):
            got += chunk
    assert caught.value.got == digest_of(wrong)
    assert len(got) < len(wrong)


def test_a_small_blob_has_a_limit(setting: Setting) -> None:
    setting.server.script = [Said(body=bytes(17 * 1024**2))]
    with pytest.raises(LimitExceeded, match="16 MiB"):
        setting.client().blob(setting.place, DIGEST)


def test_an_upload_starts_over_after_a_fault(setting: Setting) -> None:
    place = Said(202, headers={"Location": "/v2/team/app/blobs/uploads/1?_state=x"})
    done = Said(201, headers={"Docker-Content-Digest": DIGEST})
    setting.server.script = [place, Said(500), Said(404), place, done]
    assert setting.client().upload(setting.place, DIGEST, BLOB) == len(BLOB)
    assert [line.split("?")[0] for line in setting.server.lines] == [
        "POST /v2/team/app/blobs/uploads/",
        "PUT /v2/team/app/blobs/uploads/1",
        f"HEAD /v2/team/app/blobs/{DIGEST}",
        "POST /v2/team/app/blobs/uploads/",
        "PUT /v2/team/app/blobs/uploads/1",
    ]
    assert setting.server.asked[-1].body == BLOB
    assert "_state=x&digest=sha256%3A" in setting.server.lines[-1]


def test_an_upload_whose_answer_was_lost_is_not_sent_again(setting: Setting) -> None:
    place = Said(202, headers={"Location": "/up"})
    setting.server.script = [place, Said(201, b"gone", cut=0), Said(200)]
    assert setting.client().upload(setting.place, DIGEST, BLOB) == len(BLOB)
    assert setting.server.lines[-1].startswith("HEAD ")


def test_a_registry_that_took_another_blob_is_found_out(setting: Setting) -> None:
    other = digest_of(b"other")
    done = Said(201, headers={"Docker-Content-Digest": other})
    setting.server.script = [Said(202, headers={"Location": "/up"}), done]
    with pytest.raises(DigestMismatch, match=other):
        setting.client().upload(setting.place, DIGEST, BLOB)


def test_a_registry_that_took_another_manifest_is_found_out(setting: Setting) -> None:
    setting.server.script = [Said(201, headers={"Docker-Content-Digest": DIGEST})]
    with pytest.raises(DigestMismatch, match=DIGEST):
        setting.client().put(setting.place.tagged("1"), IMAGE)


def test_a_registry_that_says_no_digest_is_asked_for_it(setting: Setting) -> None:
    there = Said(headers={"Docker-Content-Digest": IMAGE.digest})
    setting.server.script = [Said(201), there, Said(201), Said(404)]
    assert setting.client().put(setting.place.tagged("1"), IMAGE) == IMAGE.digest
    with pytest.raises(DigestMismatch, match="nothing"):
        setting.client().put(setting.place.tagged("1"), IMAGE)


@pytest.mark.parametrize("by_digest", [False, True])
def test_a_manifest_that_is_not_what_was_announced_is_refused(
    setting: Setting, by_digest: bool
) -> None:
    announced = {} if by_digest else {"Docker-Content-Digest": DIGEST}
    headers = {"Content-Type": DOCKER_MANIFEST, **announced}
    setting.server.script = [Said(body=IMAGE.data, headers=headers)]
    reference = setting.place.at(DIGEST) if by_digest else setting.place.tagged("1")
    with pytest.raises(DigestMismatch) as caught:
        setting.client().manifest(reference)
    assert (caught.value.expected, caught.value.got) == (DIGEST, IMAGE.digest)


def test_a_manifest_may_name_its_kind_itself(setting: Setting) -> None:
    plain = Said(body=IMAGE.data, headers={"Content-Type": "application/json"})
    setting.server.script = [plain, Said(body=b"<html>"), Said(body=b"{}")]
    client = setting.client()
    assert client.manifest(setting.place.tagged("1")) == Manifest(DOCKER_MANIFEST, IMAGE.data)
    for _ in range(2):
        with pytest.raises(RegistryRefused, match="a kind that is not known"):
            client.manifest(setting.place.tagged("1"))


def test_a_manifest_has_a_limit(setting: Setting) -> None:
    setting.server.script = [Said(body=bytes(5 * 1024**2))]
    with pytest.raises(LimitExceeded, match="4 MiB"):
        setting.client().manifest(setting.place.tagged("1"))


@pytest.mark.parametrize("status", [401, 403])
def test_no_permission_is_said_at_once(setting: Setting, status: int) -> None:
    setting.server.script = [Said(status)]
    with pytest.raises(RegistryForbidden, match="not authorised"):
        setting.client().head(setting.place.tagged("1"))
    assert len(setting.server.asked) == 1
    assert setting.pauses == []


@pytest.mark.parametrize(
    "said",
    [
        Said(500, errors("UNKNOWN", "unknown error", {"Op": "mkdir", "Err": 28})),
        Said(500, b"write /data: no space left on device"),
        Said(507),
    ],
)
def test_a_full_disk_is_said_at_once(setting: Setting, said: Said) -> None:
    setting.server.script = [said]
    with pytest.raises(RegistryRefused, match="its disk is full") as caught:
        setting.client().upload(setting.place, DIGEST, BLOB)
    assert "free space" in caught.value.remedy
    assert setting.pauses == []


def test_a_refusal_quotes_the_registry_in_one_short_line(setting: Setting) -> None:
    words = "invalid\ntag \x1b[31m" + "x" * 500
    setting.server.script = [Said(400, errors("TAG_INVALID", words))]
    with pytest.raises(RegistryRefused, match="invalid tag ") as caught:
        setting.client().put(setting.place.tagged("1"), IMAGE)
    assert caught.value.why.isprintable()
    assert len(caught.value.why) == 300


def test_a_mount_that_became_an_upload_is_cancelled(setting: Setting) -> None:
    begun = Said(202, headers={"Location": f"http://{setting.server.address}/up?id=1"})
    setting.server.script = [begun, Said(204)]
    other = setting.place.__class__(setting.place.registry, "team/base")
    assert not setting.client().mount(setting.place, DIGEST, other)
    assert setting.server.lines == [
        f"POST /v2/team/app/blobs/uploads/?mount={DIGEST.replace(':', '%3A')}&from=team%2Fbase",
        "DELETE /up?id=1",
    ]


def test_a_redirect_to_a_store_is_followed(setting: Setting) -> None:
    where = f"http://{setting.server.address}/store?signature=s3cret"
    setting.server.script = [Said(307, headers={"Location": where}), Said(body=BLOB)]
    assert setting.client().blob(setting.place, DIGEST) == BLOB
    assert setting.server.lines[-1] == "GET /store?signature=s3cret"


def test_a_signed_url_shows_in_no_error(setting: Setting) -> None:
    # Port 1 is nobody's.
    where = "http://127.0.0.1:1/store?signature=s3cret"
    setting.server.respond = lambda _: Said(307, headers={"Location": where})
    with pytest.raises(RegistryUnavailable, match="connection refused") as caught:
        setting.client().blob(setting.place, DIGEST)
    assert "s3cret" not in f"{caught.value!r}{caught.value}{setting.lines}"


def test_a_name_that_does_not_resolve_is_said(setting: Setting) -> None:
    reference = setting.place.__class__("registry.invalid", "team/app").tagged("1")
    with pytest.raises(RegistryUnavailable, match="its name does not resolve"):
        setting.client().head(reference)
