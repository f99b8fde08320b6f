"""Which engine is used: DOCKER_HOST, a Docker context, or the socket."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from buildbot_ship.daemon.engine import Engine
from buildbot_ship.daemon.shared.engine_address import SOCKET, EngineAddress, find_address
from buildbot_ship.daemon.shared.platform import query_version
from buildbot_ship.errors import EngineUnavailable
from buildbot_ship.store.ledger import Ledger
from tests.fakes.engine_api import API, engine_29


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


def add_context(home: Path, name: str, url: str, *, current: bool = True) -> None:
    folder = home / ".docker" / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest()
    folder.mkdir(parents=True)
    endpoint = {"docker": {"Host": url, "SkipTLSVerify": False}}
    meta = {"Name": name, "Metadata": {}, "Endpoints": endpoint}
    (folder / "meta.json").write_text(json.dumps(meta))
    if current:
        config = home / ".docker" / "config.json"
        config.write_text(json.dumps({"currentContext": name}))


def test_without_anything_it_is_the_socket(home: Path) -> None:
    for environment in ({}, {"HOME": str(home)}, {"DOCKER_CONTEXT": "default"}):
        assert find_address(environment) == EngineAddress(SOCKET)


def test_docker_host_comes_before_a_context(home: Path) -> None:
    add_context(home, "colima", "unix:///colima.sock")
    environment = {"HOME": str(home), "DOCKER_HOST": "tcp://a:1", "DOCKER_CONTEXT": "colima"}
    assert find_address(environment) == EngineAddress("tcp://a:1")


def test_the_variable_comes_before_the_current_context(home: Path) -> None:
    add_context(home, "colima", "unix:///colima.sock")
    add_context(home, "rootless", "unix:///run/user/1000/docker.sock", current=False)
    environment = {"HOME": str(home)}
    assert find_address(environment) == EngineAddress("unix:///colima.sock", "colima")
    found = find_address({**environment, "DOCKER_CONTEXT": "rootless"})
    assert found == EngineAddress("unix:///run/user/1000/docker.sock", "rootless")
    moved = {"DOCKER_CONFIG": str(home / ".docker"), "HOME": "/nowhere"}
    assert find_address(moved).context == "colima"


@pytest.mark.parametrize("text", [None, "{}", "[1]", "no json", '{"Endpoints": {"docker": 1}}'])
def test_a_context_without_an_address_is_named(home: Path, text: str | None) -> None:
    add_context(home, "gone", "x")
    (meta,) = home.glob(".docker/contexts/meta/*/meta.json")
    meta.unlink()
    if text is not None:
        meta.write_text(text)
    with pytest.raises(EngineUnavailable, match="the Docker context gone: there is no address"):
        find_address({"HOME": str(home)})
    assert query_version({"HOME": str(home)}) is None


def test_a_verb_uses_the_engine_of_the_current_context(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SDK finds it itself, with the certificates that a context may have."""
    with engine_29(home) as api:
        add_context(home, "desktop-linux", api.address)
        environment = {"HOME": str(home)}
        monkeypatch.setenv("HOME", str(home))
        monkeypatch.delenv("DOCKER_CONFIG", raising=False)
        version = query_version(environment)
        assert version is not None
        assert version.api == API
        ledger = Ledger(home / "ledger", "tests", "context")
        engine = Engine(ledger, lambda: 0.0, environment, api=version.api)
        assert engine.platform() == "linux/amd64"
        assert engine.address == api.address
        ledger.close()
        assert api.seen == ["GET /version", "GET /info", f"GET /v{API}/version"]
