from __future__ import annotations

import json
from typing import Any

import pytest

from buildbot_ship.errors import InvalidReference, InvalidRequest, SchemaMismatch
from buildbot_ship.model import request as r
from buildbot_ship.model.request import settings
from buildbot_ship.model.request.wire import (
    envelope_from_json,
    envelope_to_json,
    result_from_json,
    result_to_json,
)
from buildbot_ship.model.result import Failure, Result

PEX = r.PexRequest("twist.pex", ("twisted", "remotemath"), module="twisted")
WHEELS = r.WheelsRequest("v1", packages=(".",))
IMAGE = r.ImageRequest("app", labels={"a": "b"})
PUSH = r.PushRequest("app", "r.example.com/team/app", publication=f"published-{'0a' * 32}")
SYSTEM = r.SystemTest(
    (
        r.SmokeContainer("app", arguments=("--port=1",), secrets={"/run/secrets/key": "x"}),
        r.SmokeContainer("db", "r.example.com/team/db:1", volumes=("/data",), user="1:1"),
    ),
    (
        r.SmokeCheck("http://app:8080/", text="12"),
        r.SmokeCheck(command=("true",), container="db"),
    ),
    deadline=5,
)
REQUESTS: list[r.Request] = [
    r.RetagRequest((r.BaseCopy("python:3.11", "r.example.com/team/python311"),)),
    r.DeriveRequest((r.DerivedBase("pq.docker", "r.example.com/team/pq"),), source="x"),
    r.PinRequest(("app.docker",)),
    r.ProposeRequest("bases", ("*.docker",), "Newer bases", push_options=("a=b",)),
    r.HardenRequest(upgrade="twisted, klein", cooldown=7.0, cooldown_except=("six",)),
    r.CheckRequest("v1", packages=(".",)),
    r.CheckSecretsRequest("sealed", "v1", "/run/key"),
    r.SecretsRequest("seal", ("token",), replace=True),
    r.LockRequest(output="lock/pylock.toml"),
    r.FindRequest(WHEELS, (PEX,), (IMAGE,), (PUSH,), tests=(SYSTEM,)),
    r.SmokeRequest((SYSTEM,)),
    WHEELS,
    PEX,
    IMAGE,
    PUSH,
    r.PromoteRequest("r.example.com/team/app", "0a" * 20, "staging", f"sha256:{'a' * 64}"),
    r.GarbageRequest(finish=True),
    r.BuildRequest(WHEELS, (PEX,), (IMAGE,), (PUSH,)),
    r.VerifyRequest(WHEELS, (PEX,), (IMAGE,)),
]


SECRETS = {"netrc": "hunter3"}
WITH_SECRETS: list[r.Request] = [
    r.DeriveRequest(
        (r.DerivedBase("pq.docker", "r.example.com/team/pq"),), build_secrets=SECRETS
    ),
    r.ImageRequest("app", build_secrets=SECRETS),
    r.BuildRequest(WHEELS, (PEX,), (r.ImageRequest("app", build_secrets=SECRETS),)),
    r.VerifyRequest(WHEELS, (), (r.ImageRequest("app", build_secrets=SECRETS),)),
]


def envelope(request: r.Request = PEX) -> r.Envelope:
    secret = settings.Credential("r.example.com", "robot", "hunter2")
    return r.Envelope(request, "b-1", "../ship", credentials=(secret,))


def wire(request: r.Request = PEX) -> Any:
    return json.loads(json.dumps(envelope_to_json(envelope(request))))


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda request: request.verb)
def test_every_request_survives_the_wire(request_: r.Request) -> None:
    assert envelope_from_json(wire(request_)) == envelope(request_)


def test_every_verb_has_a_request_under_test() -> None:
    assert {request.verb for request in REQUESTS} == set(r.REQUESTS)


def test_a_password_shows_in_no_repr() -> None:
    assert "hunter2" not in repr(envelope())


@pytest.mark.parametrize("request_", WITH_SECRETS, ids=lambda request: request.verb)
def test_the_secrets_of_a_build_are_masked_and_in_no_repr(request_: r.Request) -> None:
    sent = envelope(request_)
    assert "hunter3" in set(sent.secrets())
    assert "hunter3" not in repr(sent)
    assert envelope_from_json(wire(request_)) == sent


@pytest.mark.parametrize("request_", WITH_SECRETS[1:], ids=lambda request: request.verb)
def test_an_untrusted_build_gets_no_secrets(request_: r.Request) -> None:
    with pytest.raises(InvalidRequest, match="build_secrets: an untrusted build gets no"):
        r.Envelope(request_, "b-1", "../ship", cache=settings.CacheOptions(trusted=False))


@pytest.mark.parametrize(
    ("secrets", "why"),
    [
        ({"a,b": "hunter3"}, "'a,b' is not the id of a secret"),
        ({"-a": "hunter3"}, "'-a' is not the id of a secret"),
        ({"a": ""}, "the secret a has 0 characters"),
        ({"a": "hunter3" * 10000}, "the secret a has 70000 characters"),
    ],
)
def test_a_wrong_secret_of_a_build_is_not_repeated(secrets: dict[str, str], why: str) -> None:
    with pytest.raises(InvalidRequest, match=why) as caught:
        r.ImageRequest("app", build_secrets=secrets)
    assert "hunter3" not in str(caught.value)


@pytest.mark.parametrize(("schema", "older"), [(99, "worker"), (0, "master")])
def test_a_version_skew_says_which_side_to_upgrade(schema: int, older: str) -> None:
    data = wire() | {"schema": schema}
    with pytest.raises(SchemaMismatch) as caught:
        envelope_from_json(data)
    assert caught.value.remedy.endswith(f"on the {older}")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"unknown": 1}, "unknown"),
        ({"name": 7}, "name"),
        ({"verb": "rm"}, "verb"),
        ({"name": "../x"}, "name"),
        ({"requirements": []}, "requirements"),
        ({"requirements": ["twisted==1"]}, "requirements"),
        ({"module": "os; rm"}, "module"),
        ({"script": "x"}, "module and script"),
        ({"revision": "--upload-pack=x"}, "revision"),
        ({"revision": "a..b"}, "revision"),
        ({"revision": "main\n"}, "revision"),
    ],
)
def test_a_wrong_request_names_the_field(change: dict[str, Any], named: str) -> None:
    data = wire()
    data["request"] |= change
    with pytest.raises(InvalidRequest, match=named):
        envelope_from_json(data)


@pytest.mark.parametrize("path", ["/etc/passwd", "../x", "a/../b", "-x", "", "a\nb", "a\\b"])
def test_a_path_stays_in_the_repository(path: str) -> None:
    with pytest.raises(InvalidRequest):
        r.WheelsRequest(strict=path)


@pytest.mark.parametrize("name", ["App", "a b", "a;b", "ä", "-a", "a\n", "a$(b)"])
def test_an_image_name_is_plain(name: str) -> None:
    with pytest.raises(InvalidRequest):
        r.ImageRequest(name)


def test_a_base_needs_a_tag_and_an_own_repository() -> None:
    with pytest.raises(InvalidRequest, match="latest is not assumed"):
        r.BaseCopy("python", "r.example.com/team/python")
    with pytest.raises(InvalidReference):
        r.BaseCopy("python:3.11", "r.example.com/team/python:3.11")


def test_an_image_is_described_by_a_dockerfile_of_its_name() -> None:
    assert r.ImageRequest("app").dockerfile == "app.docker"


def test_a_result_survives_the_wire() -> None:
    failure = Failure("TagTaken", "taken", "push elsewhere", "more")
    properties: dict[str, object] = {"a": {"b": 1}}
    result = Result("push", "failure", "taken", properties, {"t": "x"}, ("w",), failure)
    assert result_from_json(json.loads(json.dumps(result_to_json(result)))) == result
    with pytest.raises(InvalidRequest, match="summary"):
        result_from_json({"verb": "push", "status": "failure"})


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda request: request.verb)
def test_a_worker_refuses_what_an_untrusted_build_would_publish(request_: r.Request) -> None:
    data = envelope_to_json(r.Envelope(request_, "b", "../w"))
    data["cache"]["trusted"] = False
    if request_.verb in ("push", "promote", "retag", "derive", "propose", "build"):
        with pytest.raises(InvalidRequest, match="an untrusted build publishes nothing"):
            envelope_from_json(data)
    else:
        assert envelope_from_json(data).request == request_


def test_an_untrusted_build_may_build_without_pushing() -> None:
    cache = settings.CacheOptions(trusted=False)
    assert r.Envelope(r.BuildRequest(WHEELS, (PEX,), (IMAGE,)), "b", "../w", cache=cache)


@pytest.mark.parametrize(
    ("work", "trusted", "folder"),
    [
        ("../ship", True, "../ship"),
        ("../ship/", True, "../ship"),
        ("../ship", False, "../ship-untrusted"),
        ("/srv/ship/", False, "/srv/ship-untrusted"),
    ],
)
def test_an_untrusted_build_has_another_work_folder(
    work: str, trusted: bool, folder: str
) -> None:
    assert settings.work_folder(work, trusted) == folder
