"""Logins and certificates, as a real registry checks them."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from buildbot_ship.errors import FileMissing, RegistryForbidden, RegistryRefused
from buildbot_ship.model.reference import Repository, digest_of
from buildbot_ship.model.request.settings import Credential, RegistryOptions
from buildbot_ship.registry.client import RegistryClient
from buildbot_ship.registry.copy import Copied, copy
from buildbot_ship.registry.interface import Registry
from tests.contract.registry import RegistryContract
from tests.engine.guarded import ME, Keys, TokenServer
from tests.fakes.images import small_image, store_image

BLOB = b"blob"
DIGEST = digest_of(BLOB)


class TestBehindAPassword(RegistryContract):
    """The contract, logged in."""

    @pytest.fixture
    def registry(self, guarded: str) -> Registry:
        return RegistryClient((Credential(guarded, *ME),), environment={})

    @pytest.fixture
    def place(self, guarded: str) -> Repository:
        return Repository(guarded, "team/app")


@pytest.mark.parametrize("password", [None, "wrong"])
def test_without_the_password_nothing_is_had_and_nothing_is_tried_twice(
    guarded: str, password: str | None
) -> None:
    credentials = (Credential(guarded, "me", password),) if password else ()
    pauses: list[float] = []
    client = RegistryClient(credentials, environment={}, sleep=pauses.append)
    with pytest.raises(RegistryForbidden, match="not authorised") as caught:
        client.upload(Repository(guarded, "team/app"), DIGEST, BLOB)
    assert pauses == []
    assert "docker login" in caught.value.remedy


def test_a_docker_login_on_the_worker_is_enough(guarded: str, tmp_path: Path) -> None:
    auth = base64.b64encode(":".join(ME).encode()).decode()
    (tmp_path / "config.json").write_text(json.dumps({"auths": {guarded: {"auth": auth}}}))
    client = RegistryClient(environment={"DOCKER_CONFIG": str(tmp_path)})
    assert client.upload(Repository(guarded, "team/app"), DIGEST, BLOB) == len(BLOB)


class TestBehindTokens(RegistryContract):
    """The contract, with tokens for all that it touches."""

    @pytest.fixture
    def registry(self, tokens: TokenServer) -> Registry:
        names = ("app", "app-other", "app-copy", "app-nothing")
        tokens.may = {f"team/{name}": {"pull", "push"} for name in names}
        return RegistryClient((Credential(tokens.address, *ME),), environment={})

    @pytest.fixture
    def place(self, tokens: TokenServer) -> Repository:
        return Repository(tokens.address, "team/app")


def test_a_mount_asks_to_read_the_source_and_to_write_the_destination(
    tokens: TokenServer,
) -> None:
    tokens.may = {"own/base": {"pull", "push"}, "team/app": {"pull", "push"}}
    client = RegistryClient((Credential(tokens.address, *ME),), environment={})
    base = Repository(tokens.address, "own/base")
    store_image(client, base.tagged("1"), small_image("base", b"layer"))
    tokens.may["own/base"] = {"pull"}
    place = Repository(tokens.address, "team/app")
    assert copy(client, base.tagged("1"), place.tagged("1")) == Copied(0, 2, 0)
    assert ["repository:team/app:pull,push", "repository:own/base:pull"] in tokens.asked


def test_a_token_that_allows_too_little_is_forbidden(tokens: TokenServer) -> None:
    tokens.may = {"team/app": {"pull"}}
    client = RegistryClient((Credential(tokens.address, *ME),), environment={})
    place = Repository(tokens.address, "team/app")
    assert not client.has(place, DIGEST)
    with pytest.raises(RegistryForbidden):
        client.upload(place, DIGEST, BLOB)


def test_a_login_that_the_token_server_refuses_is_forbidden(tokens: TokenServer) -> None:
    client = RegistryClient((Credential(tokens.address, "me", "wrong"),), environment={})
    with pytest.raises(RegistryForbidden, match="issue a token"):
        client.head(Repository(tokens.address, "team/app").tagged("1"))


def test_a_certificate_that_nobody_vouches_for_is_refused_at_once(secure: Keys) -> None:
    pauses: list[float] = []
    client = RegistryClient(environment={}, sleep=pauses.append)
    with pytest.raises(RegistryRefused, match="not trusted") as caught:
        client.has(Repository(secure[1], "team/app"), DIGEST)
    assert "registry_ca_bundle" in caught.value.remedy
    assert pauses == []


@pytest.mark.parametrize("how", ["option", "environment"])
def test_a_bundle_that_holds_the_authority_is_enough(
    secure: Keys, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority, address = secure
    bundle = str(authority.bundle) if how == "option" else None
    if how == "environment":
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.bundle))
    else:
        monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    client = RegistryClient((), RegistryOptions(bundle), environment={})
    place = Repository(address, "team/app")
    client.upload(place, DIGEST, BLOB)
    assert client.blob(place, DIGEST) == BLOB


def test_a_bundle_that_is_not_there_is_named(
    secure: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere.pem")
    with pytest.raises(FileMissing, match="REQUESTS_CA_BUNDLE"):
        RegistryClient(environment={}).has(Repository(secure[1], "team/app"), DIGEST)
