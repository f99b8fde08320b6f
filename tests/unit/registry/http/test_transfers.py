"""Blobs that come and go over bad connections."""

from __future__ import annotations

import pytest

from buildbot_ship.errors import DigestMismatch, LimitExceeded, RegistryUnavailable
from buildbot_ship.model.reference import digest_of
from tests.fakes.http import Request, Response
from tests.unit.registry.conftest import Setting

BLOB = bytes(range(256)) * 4000
DIGEST = digest_of(BLOB)


def test_a_download_that_is_reset_goes_on_where_it_was(setting: Setting) -> None:
    def respond(request: Request) -> Response:
        start = request.headers.get("Range")
        if start is None:
            return Response(body=BLOB, cut=700_000)
        first = int(start.removeprefix("bytes=").removesuffix("-"))
        return Response(206, BLOB[first:])

    setting.server.respond = respond
    assert setting.client().blob(setting.place, DIGEST) == BLOB
    assert "Range" not in setting.server.requests[0].headers
    assert setting.server.requests[-1].headers["Range"] != "bytes=0-"


def test_a_download_goes_on_where_ranges_are_not_known(setting: Setting) -> None:
    setting.server.script = [Response(body=BLOB, cut=700_000), Response(body=BLOB)]
    assert setting.client().blob(setting.place, DIGEST) == BLOB


def test_a_download_that_always_breaks_ends(setting: Setting) -> None:
    setting.server.respond = lambda _: Response(body=BLOB, cut=10)
    with pytest.raises(RegistryUnavailable, match="14 attempts"):
        list(setting.client().stream(setting.place, DIGEST))
    assert len(setting.server.requests) == 14


def test_the_last_chunk_of_a_wrong_blob_is_never_given(setting: Setting) -> None:
    wrong = BLOB + b"!"
    setting.server.script = [Response(body=wrong)]
    chunks: list[bytes] = []
    with pytest.raises(DigestMismatch) as caught:
        chunks.extend(setting.client().stream(setting.place, DIGEST))
    assert caught.value.got == digest_of(wrong)
    assert 0 < sum(map(len, chunks)) < len(wrong)


def test_a_small_blob_has_a_limit(setting: Setting) -> None:
    setting.server.script = [Response(body=bytes(17 * 1024**2))]
    with pytest.raises(LimitExceeded, match="16 MiB"):
        setting.client().blob(setting.place, DIGEST)


def test_an_upload_starts_over_after_a_fault(setting: Setting) -> None:
    place = Response(202, headers={"Location": "/v2/team/app/blobs/uploads/1?_state=x"})
    done = Response(201, headers={"Docker-Content-Digest": DIGEST})
    setting.server.script = [place, Response(500), Response(404), place, done]
    assert setting.client().upload(setting.place, DIGEST, BLOB) == len(BLOB)
    assert [line.split("?")[0] for line in setting.server.lines] == [
        "POST /v2/team/app/blobs/uploads/",
        "PUT /v2/team/app/blobs/uploads/1",
        f"HEAD /v2/team/app/blobs/{DIGEST}",
        "POST /v2/team/app/blobs/uploads/",
        "PUT /v2/team/app/blobs/uploads/1",
    ]
    assert setting.server.requests[-1].body == BLOB
    assert "_state=x&digest=sha256%3A" in setting.server.lines[-1]


def test_an_upload_whose_answer_was_lost_is_not_sent_again(setting: Setting) -> None:
    place = Response(202, headers={"Location": "/up"})
    setting.server.script = [place, Response(201, b"gone", cut=0), Response(200)]
    assert setting.client().upload(setting.place, DIGEST, BLOB) == len(BLOB)
    assert setting.server.lines[-1].startswith("HEAD ")


def test_a_registry_that_took_another_blob_is_found_out(setting: Setting) -> None:
    other = digest_of(b"other")
    done = Response(201, headers={"Docker-Content-Digest": other})
    setting.server.script = [Response(202, headers={"Location": "/up"}), done]
    with pytest.raises(DigestMismatch, match=other):
        setting.client().upload(setting.place, DIGEST, BLOB)
