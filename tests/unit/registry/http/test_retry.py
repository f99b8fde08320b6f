"""Faults of the outside world: rows 3 to 9 and 12 of the fault matrix, in small."""

from __future__ import annotations

import json

import pytest

from buildbot_ship.errors import (
    DigestMismatch,
    InvalidRequest,
    LimitExceeded,
    RegistryForbidden,
    RegistryRefused,
    RegistryUnavailable,
    ShipError,
)
from buildbot_ship.model.image.manifest import DOCKER_MANIFEST
from buildbot_ship.model.reference import Repository, digest_of
from buildbot_ship.registry.http.retry import (
    Retries,
    RetryableFault,
    RetryPolicy,
    policy_from,
    read_retry_after,
)
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
    setting.server.respond = lambda _: Response(500, errors("UNKNOWN", "the cat is out"))
    with pytest.raises(RegistryUnavailable, match=r"500: the cat is out \(14 attempts\)"):
        setting.client().manifest(setting.place.tagged("1"))
    assert setting.pauses == [0.5, 1.0, 2.0, 4.0, 8.0, *[16.0] * 8]


@pytest.mark.parametrize(
    ("asked", "waited"),
    [("7", 7.0), ("86400", 60.0), ("9" * 400, 60.0), ("soon", 0.5), ("²", 0.5), ("-5", 0.5)],
)
def test_a_429_is_waited_out_as_the_registry_asks_within_bounds(
    setting: Setting, asked: str, waited: float
) -> None:
    setting.server.script = [Response(429, headers={"Retry-After": asked}), FOUND]
    assert setting.client().head(setting.place.tagged("1")) == DIGEST
    # The pause varies, and is never shorter than the registry asks.
    assert setting.pauses == [pytest.approx(waited, rel=0.06)]
    assert setting.pauses[0] >= waited


def test_a_date_to_retry_after_is_counted_from_the_registrys_own_clock() -> None:
    date, until = "Fri, 31 Dec 1999 23:59:50 GMT", "Sat, 01 Jan 2000 00:00:05 GMT"
    assert read_retry_after({"Date": date, "Retry-After": until}) == 15.0
    assert read_retry_after({"Retry-After": until}) is None


@pytest.mark.parametrize(
    ("date", "until"),
    [
        ("Fri, 31 Dec 1999 23:59:50 GMT", "Fri, 31 Dec 99999999999999999999 23:59:59 GMT"),
        ("Fri, 31 Dec 1999 23:59:50 GMT", "Fri, 31 Dec 2000 23:59:50 -0000"),
        ("Fri, 31 Dec 1999 23:59:50 +9999999999", "Fri, 31 Dec 1999 23:59:50 GMT"),
    ],
)
def test_a_date_that_is_no_date_is_ignored(date: str, until: str) -> None:
    assert read_retry_after({"Date": date, "Retry-After": until}) is None


def test_pauses_are_never_negative() -> None:
    assert RetryPolicy().pause(1, -3.0) == 0.0


@pytest.mark.parametrize("chance", [0.0, 0.5, 1.0])
def test_the_default_patience_covers_two_minutes_whatever_the_chance(chance: float) -> None:
    """Each attempt fails at once, or takes as long as an answer may take."""
    for takes in (0.0, 10.0, 60.0):
        now, attempts = 0.0, []

        def wait(seconds: float) -> None:
            nonlocal now
            now += seconds

        def fail(_: int) -> None:
            attempts.append(now)  # noqa: B023
            wait(takes)  # noqa: B023
            raise RetryableFault("down")

        policy = RetryPolicy(chance=lambda: chance)
        retries = Retries("r", policy, wait, lambda _: None, lambda: now)  # noqa: B023
        with pytest.raises(RegistryUnavailable):
            retries.run(fail)
        assert 120 < attempts[-1] < 150 + 60
        assert now < 150 + 2 * 60
        assert len(attempts) < 25


def test_a_long_attempt_does_not_use_up_the_attempts() -> None:
    now = 0.0

    def fail(_: int) -> None:
        nonlocal now
        now += 3600
        raise RetryableFault("the connection broke")

    retries = Retries("r", RetryPolicy(), lambda _: None, lambda _: None, lambda: now)
    with pytest.raises(RegistryUnavailable, match="3 attempts"):
        retries.run(fail)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        *(
            (status, RegistryRefused)
            for status in (300, 304, 400, 402, 405, 406, 409, 410, 413)
        ),
        *((status, RegistryRefused) for status in (415, 416, 422, 451, 501, 505, 507)),
        (401, RegistryForbidden),
        (403, RegistryForbidden),
    ],
)
def test_a_status_that_stays_is_an_error_at_once(
    setting: Setting, status: int, expected: type[ShipError]
) -> None:
    setting.server.respond = lambda _: Response(status, b"" if status == 304 else b"no")
    with pytest.raises(expected):
        setting.client().manifest(setting.place.tagged("1"))
    with pytest.raises(expected):
        setting.client().upload(setting.place, DIGEST, BLOB)
    assert len(setting.server.requests) == 2
    assert setting.pauses == []


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 599])
def test_a_status_that_may_pass_is_retried(setting: Setting, status: int) -> None:
    setting.server.script = [Response(status), FOUND]
    assert setting.client().head(setting.place.tagged("1")) == DIGEST
    assert len(setting.pauses) == 1


def test_a_client_with_short_patience_shares_the_login_and_gives_up_soon(
    setting: Setting,
) -> None:
    setting.server.respond = lambda _: Response(503)
    with pytest.raises(RegistryUnavailable):
        setting.client().with_short_patience().head(setting.place.tagged("1"))
    assert sum(setting.pauses) <= 15


def test_the_name_of_no_host_is_an_error_at_once(setting: Setting) -> None:
    reference = Repository("a" * 64 + ".example.com", "team/app").tagged("1")
    with pytest.raises(RegistryRefused, match="no http or https URL"):
        setting.client().head(reference)
    assert setting.pauses == []


def test_a_registry_that_took_another_manifest_is_found_out(setting: Setting) -> None:
    setting.server.script = [Response(201, headers={"Docker-Content-Digest": DIGEST})]
    with pytest.raises(DigestMismatch, match=DIGEST):
        setting.client().put(setting.place.tagged("1"), IMAGE)


def test_a_manifest_whose_blob_is_unknown_for_a_moment_is_stored(setting: Setting) -> None:
    unknown = Response(400, errors("BLOB_UNKNOWN", "blob unknown to registry"))
    there = Response(201, headers={"Docker-Content-Digest": IMAGE.digest})
    setting.server.script = [unknown, there]
    assert setting.client().put(setting.place.tagged("1"), IMAGE) == IMAGE.digest
    setting.server.script = [unknown, unknown]
    with pytest.raises(RegistryRefused, match="blob unknown to registry"):
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
    words = "invalid\ntag \x1b[31m " + "x" * 500
    setting.server.script = [Response(400, errors("TAG_INVALID", words))]
    with pytest.raises(RegistryRefused, match="invalid tag ") as caught:
        setting.client().put(setting.place.tagged("1"), IMAGE)
    assert caught.value.why.isprintable()
    assert caught.value.why.endswith("x...")
    assert len(caught.value.why) == 303


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


def test_the_environment_of_a_worker_sets_patience_and_timeouts() -> None:
    assert policy_from({}) == RetryPolicy()
    assert policy_from({"BUILDBOT_SHIP_REGISTRY_PATIENCE": " "}).patience == 150.0
    set_by_both = policy_from(
        {"BUILDBOT_SHIP_REGISTRY_PATIENCE": "4", "BUILDBOT_SHIP_REGISTRY_TIMEOUT": "2.5"}
    )
    assert (set_by_both.patience, set_by_both.timeouts) == (4.0, (2.5, 2.5))
    # The rate of a blob stays the same.
    assert set_by_both.pace.window_bytes / set_by_both.pace.window == 10 * 1024


@pytest.mark.parametrize("text", ["0", "0.9", "3601", "-5", "nan", "inf", "1e9", "2 s", "soon"])
@pytest.mark.parametrize("name", ["PATIENCE", "TIMEOUT"])
def test_a_variable_without_a_number_of_seconds_is_named(name: str, text: str) -> None:
    variable = f"BUILDBOT_SHIP_REGISTRY_{name}"
    with pytest.raises(InvalidRequest, match=f"variable {variable}: '{text}' is no number"):
        policy_from({variable: text})
