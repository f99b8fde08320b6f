"""The real client and what is announced for Engine 29, which a fake engine plays."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from buildbot_ship.daemon.engine import Engine
from buildbot_ship.daemon.interface import Build, Job
from buildbot_ship.daemon.shared.platform import Version, query_version
from buildbot_ship.errors import BaseNotFound, EngineError, EngineFull, EngineUnfit, JobFailed
from buildbot_ship.model.reference import Reference
from buildbot_ship.model.request.settings import Limits
from buildbot_ship.store.ledger import Ledger
from tests.fakes.engine_api import API, VERSION, EngineApi, engine_29

NAME = "ship.local/app:1"
ID = f"sha256:{'a' * 64}"
DETAIL = {"errorDetail": {"message": "something broke"}}


@pytest.fixture
def api(tmp_path: Path) -> Iterator[EngineApi]:
    with engine_29(tmp_path) as api:
        yield api


@pytest.fixture
def engine(api: EngineApi, tmp_path: Path) -> Iterator[Engine]:
    ledger = Ledger(tmp_path / "ledger", "tests", "engine-29")
    version = query_version({"DOCKER_HOST": api.address})
    assert version == Version("linux/amd64", API)
    yield Engine(ledger, lambda: 0.0, {"DOCKER_HOST": api.address}, api=version.api)
    ledger.close()


def manifests(unpacked: int, *, available: bool = True) -> list[dict[str, Any]]:
    image = {"ImageData": {"Size": {"Unpacked": unpacked}}, "Kind": "image"}
    attestation = {"Kind": "attestation", "Available": True, "AttestationData": {"For": ID}}
    return [{**image, "Available": available}, attestation]


def load(engine: Engine, tmp_path: Path) -> None:
    archive = tmp_path / "image.tar"
    archive.write_bytes(b"an archive")
    engine.load(archive, {NAME: (ID,)})


def test_every_request_has_a_version_of_the_api_that_the_engine_accepts(
    api: EngineApi, engine: Engine
) -> None:
    api.answers["GET /images/.*/json"] = lambda: (200, {"Id": ID, "Config": {}})
    assert engine.image(NAME) is not None
    assert api.seen[-1] == f"GET /v{API}/images/{NAME}/json"


def test_a_rootless_engine_that_ignores_limits_is_refused(api: EngineApi) -> None:
    """As Engine 20.10 without root on control groups version 1 answers: it gives no warning."""
    ignores = {"CgroupDriver": "none", "SecurityOptions": ["name=rootless"]}
    api.answers["GET /info"] = lambda: (200, ignores)
    with pytest.raises(EngineUnfit, match="it is rootless and has no control groups") as caught:
        query_version({"DOCKER_HOST": api.address})
    assert "docs/engines.md" in caught.value.remedy
    api.answers["GET /info"] = lambda: (200, {**ignores, "CgroupDriver": "systemd"})
    assert query_version({"DOCKER_HOST": api.address}) is not None


def test_podman_is_refused(api: EngineApi) -> None:
    """As Podman 4.3 answers."""
    components = [{"Name": "Podman Engine", "Version": "4.3.1"}, {"Name": "Conmon"}]
    api.answers["GET /version"] = lambda: (200, {**VERSION, "Components": components})
    with pytest.raises(EngineUnfit, match="it is Podman, which does not load an image without"):
        query_version({"DOCKER_HOST": api.address})


@pytest.mark.parametrize("what", ["pull", "push", "load", "build"])
def test_an_error_that_is_only_in_its_detail_is_found(
    api: EngineApi, engine: Engine, tmp_path: Path, what: str
) -> None:
    stream = ({"status": "Begun", "stream": "Step 1/1 : FROM x\n"}, DETAIL)
    api.answers["POST /(images|build)"] = lambda: (200, stream)
    api.answers["GET /images/json"] = lambda: (200, [])
    reference = Reference.parse("127.0.0.1:1/team/app:1")
    if what == "build":
        context = tmp_path / "context.tar"
        context.write_bytes(b"")
        build = Build(context, "a.docker", NAME, places={"Step 1": "a.docker:1"})
        with pytest.raises(JobFailed, match="a.docker:1: something broke"):
            engine.build(build, out=tmp_path / "out", log=print)
        return
    calls: dict[str, Callable[[], object]] = {
        "pull": lambda: engine.pull(reference),
        "push": lambda: engine.push(reference),
        "load": lambda: load(engine, tmp_path),
    }
    with pytest.raises((EngineError, BaseNotFound), match="something broke"):
        calls[what]()


def test_a_disk_that_fills_while_a_base_is_pulled_is_named(
    api: EngineApi, engine: Engine
) -> None:
    why = "write /var/lib/docker/tmp/GetImageBlob1: no space left on device"
    stream = ({"status": "Downloading"}, {"errorDetail": {"message": why}})
    api.answers["POST /images/create"] = lambda: (200, stream)
    with pytest.raises(EngineFull, match="no space left"):
        engine.pull(Reference.parse("127.0.0.1:1/team/app:1"))


def test_a_load_that_did_not_unpack_is_noticed(
    api: EngineApi, engine: Engine, tmp_path: Path
) -> None:
    inspected: dict[str, Any] = {"Id": ID, "Manifests": manifests(0)}
    api.answers["POST /images/load"] = lambda: (200, ({"stream": f"Loaded image: {NAME}"},))
    api.answers["GET /images/.*/json"] = lambda: (200, inspected)
    with pytest.raises(EngineError, match="did not unpack its layers"):
        load(engine, tmp_path)
    assert api.seen[-1] == f"GET /v{API}/images/{NAME}/json?manifests=1"
    assert b"an archive" in api.bodies
    # The classic store lists no manifests, and another platform's is not here.
    for listed in (manifests(4096), manifests(0, available=False), None):
        inspected["Manifests"] = listed
        load(engine, tmp_path)


def test_a_container_has_our_limit_on_open_files_and_not_the_low_one_of_the_engine(
    api: EngineApi, engine: Engine, tmp_path: Path
) -> None:
    api.answers["POST /containers/create"] = lambda: (500, {"message": "enough"})
    job = Job("compress", NAME, {}, limits=Limits(open_files=4321))
    with pytest.raises(EngineError, match="enough"):
        engine.run(job, out=tmp_path, log=print)
    (body,) = [body for body in api.bodies if b"Ulimits" in body]
    ulimits = {each["Name"]: each for each in json.loads(body)["HostConfig"]["Ulimits"]}
    assert ulimits["nofile"] == {"Name": "nofile", "Soft": 4321, "Hard": 4321}
