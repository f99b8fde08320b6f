"""Blobs that come and go over bad connections."""

from __future__ import annotations

import pytest

from buildbot_ship.errors import (
    DigestMismatch,
    LimitExceeded,
    RegistryRefused,
    RegistryUnavailable,
)
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


LARGE = bytes(range(256)) * (20 * 4096)
LARGE_DIGEST = digest_of(LARGE)


class Parts:
    """A registry that takes parts; *faults* answer the first requests that are no POST."""

    def __init__(self, setting: Setting, *faults: Response, least: str = "") -> None:
        self.server, self.faults, self.least = setting.server, list(faults), least
        self.stored = b""
        setting.server.respond = self.respond

    def respond(self, request: Request) -> Response:
        where = {"Location": f"/up/{len(self.stored)}"}
        if request.method == "POST":
            self.stored = b""
            return Response(202, headers={**where, "OCI-Chunk-Min-Length": self.least})
        if request.method == "HEAD":
            return Response(404)
        if self.faults:
            return self.faults.pop(0)
        self.stored += request.body
        kept = {"Range": f"0-{len(self.stored) - 1}", "Location": f"/up/{len(self.stored)}"}
        return Response(201 if request.method == "PUT" else 202, headers=kept)

    @property
    def lines(self) -> list[str]:
        return [line.partition("?")[0] for line in self.server.lines]


def test_a_registry_that_forgot_the_parts_gets_them_again(setting: Setting) -> None:
    half = Response(202, headers={"Range": "0-16777215", "Location": "/up/half"})
    parts = Parts(setting, Response(413), half, Response(404), Response(404))
    assert setting.client().upload(setting.place, LARGE_DIGEST, LARGE) == len(LARGE)
    assert parts.lines == [
        "POST /v2/team/app/blobs/uploads/",
        "PUT /up/0",
        "PATCH /up/0",
        "PATCH /up/half",
        f"HEAD /v2/team/app/blobs/{LARGE_DIGEST}",
        "GET /up/half",
        "POST /v2/team/app/blobs/uploads/",
        "PATCH /up/0",
        "PATCH /up/16777216",
        "PUT /up/20971520",
    ]
    assert parts.stored == LARGE
    ranges = [request.headers.get("Content-Range") for request in setting.server.requests]
    assert ranges[-3:] == ["0-16777215", "16777216-20971519", None]


def test_a_part_of_which_less_was_kept_goes_on_there(setting: Setting) -> None:
    parts = Parts(setting, Response(413))
    few = Response(202, headers={"Range": "0-99", "Location": "/up/100"})
    parts.faults.append(few)
    setting.client().upload(setting.place, LARGE_DIGEST, LARGE)
    assert setting.server.requests[3].headers["Content-Range"].startswith("100-")
    assert setting.server.requests[3].body[:100] == LARGE[100:200]


@pytest.mark.parametrize("kept", ["0-0", "0-99999999"])
def test_a_registry_that_keeps_nothing_or_too_much_ends_the_upload(
    setting: Setting, kept: str
) -> None:
    wrong = Response(202, headers={"Range": kept})
    Parts(setting, Response(413), *[wrong] * 60)
    with pytest.raises(RegistryUnavailable, match=r"it kept \d+ bytes of the upload"):
        setting.client().upload(setting.place, LARGE_DIGEST, LARGE)


def test_a_registry_may_want_larger_parts_than_its_proxy_takes(setting: Setting) -> None:
    Parts(setting, *[Response(413)] * 9, least="9000000")
    with pytest.raises(RegistryRefused, match="16777216 bytes in one request are too much"):
        setting.client().upload(setting.place, LARGE_DIGEST, LARGE)
    assert len(setting.server.requests) == 3


def test_content_with_another_digest_is_found_out_in_parts_too(setting: Setting) -> None:
    part = Response(202, headers={"Range": "0-16777215"})
    rest = Response(202, headers={"Range": "0-20971519"})
    Parts(setting, Response(413), part, rest, Response(400))
    with pytest.raises(DigestMismatch) as caught:
        setting.client().upload(setting.place, DIGEST, LARGE)
    assert caught.value.got == LARGE_DIGEST


def test_a_lost_upload_is_named_with_its_address(setting: Setting) -> None:
    setting.server.respond = lambda request: (
        Response(202, headers={"Location": "/other/1?s3cret"})
        if request.method == "POST"
        else Response(404)
    )
    with pytest.raises(RegistryUnavailable, match=r"lost the upload at http://\S+/other/1 "):
        setting.client().upload(setting.place, DIGEST, BLOB)


def test_another_host_that_took_bytes_before_may_lose_an_upload(setting: Setting) -> None:
    address = f"http://localhost:{setting.server.address.partition(':')[2]}/up"
    place = Response(202, headers={"Location": address})
    setting.server.script = [place, Response(201), place, Response(404), Response(404), place]
    setting.server.script += [Response(201)]
    client = setting.client()
    client.upload(setting.place, DIGEST, BLOB)
    assert client.upload(setting.place, digest_of(b"more"), b"more") == 4
    assert [line.partition(" ")[0] for line in setting.server.lines] == [
        *("POST", "PUT"),
        *("POST", "PUT", "HEAD", "POST", "PUT"),
    ]


def test_another_host_that_never_took_a_byte_is_the_wrong_one(setting: Setting) -> None:
    address = f"http://localhost:{setting.server.address.partition(':')[2]}/up"
    setting.server.script = [Response(202, headers={"Location": address}), Response(404)]
    with pytest.raises(RegistryRefused, match=r"its upload address is http://localhost:\d+/up"):
        setting.client().upload(setting.place, DIGEST, BLOB)


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
