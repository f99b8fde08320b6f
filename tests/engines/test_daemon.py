"""The same of every engine: the contract, and that nothing stays behind."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import pytest

from buildbot_ship.daemon.engine import Engine
from buildbot_ship.daemon.interface import Build, Daemon, EngineImage, Service
from buildbot_ship.errors import JobFailed
from buildbot_ship.model.image.layer import Member, write_tar
from buildbot_ship.model.reference import Reference, Repository
from buildbot_ship.registry.client import RegistryClient
from buildbot_ship.store.ledger import Ledger
from tests.contract.daemon import DaemonContract, out, pulled
from tests.engines.conftest import Host
from tests.fakes.daemon import MemoryDaemon

if TYPE_CHECKING:
    from lab.bases import Bases
    from lab.registries import Registry

__all__ = ["out", "pulled"]


@pytest.fixture
def daemon(host: Host, tmp_path: Path) -> Iterator[Daemon]:
    ledger = Ledger(tmp_path / "ledger", "tests", "contract")
    yield Engine(ledger, time.time, {"DOCKER_HOST": host.address})
    entries = [f"{entry.kind} {entry.name}" for entry in ledger.entries()]
    ledger.close()
    assert [entry for entry in entries if not entry.startswith("tools ")] == []
    label = f"org.buildbot-ship.owner={ledger.owner}"
    assert host.client.containers.list(all=True, filters={"label": label}) == []
    assert host.client.images.list(all=True, filters={"label": label}) == []
    assert host.client.networks.list(filters={"label": label}) == []


@pytest.fixture
def base(bases: Bases) -> Reference:
    repository = Reference.parse(bases.slim.reference).repository
    return repository.at(bases.slim.digest)


@pytest.fixture
def place(own_registry: Registry) -> Repository:
    return Repository(own_registry.address, f"test-daemon/{uuid.uuid4().hex}")


class TestEngine(DaemonContract):
    """The contract, and what no engine in memory can do: RUN."""

    def test_a_build_takes_arguments(
        self, daemon: Daemon, base: Reference, pulled: EngineImage, tmp_path: Path
    ) -> None:
        context, out = tmp_path / "context.tar", tmp_path / "saved.tar"
        text = f'FROM {base}\nARG WORD\nRUN test "$WORD-$http_proxy" = yes-http://x\n'.encode()
        with context.open("wb") as file:
            member = Member("a.docker", 0o644, len(text), lambda: BytesIO(text))
            write_tar([member], file)
        build = Build(context, "a.docker", f"ship.local/build:{uuid.uuid4().hex}")
        with pytest.raises(JobFailed):
            daemon.build(build, out=out, log=print)
        arguments = {"WORD": "yes", "http_proxy": "http://x"}
        daemon.build(attrs.evolve(build, arguments=arguments), out=out, log=print)
        assert out.stat().st_size > 0
        assert daemon.image(build.name) is None

    def test_a_service_has_its_files_and_its_user_and_a_read_only_root(
        self, daemon: Daemon, pulled: EngineImage
    ) -> None:
        service = Service(
            *("one", "app", pulled.image_id, ("sleep", "60")),
            files={"/run/secrets/token": b"hunter2"},
            volumes=("/data",),
            user="1000:1000",
        )
        with daemon.serve([service]) as running:

            def run(code: str) -> tuple[int, str]:
                return running.execute(service, ["python3", "-c", code])

            assert run("print(open('/run/secrets/token').read())") == (0, "hunter2\n")
            assert "Read-only file system" in run("open('/tmp/file', 'w')")[1]
            assert run("open('/data/file', 'w')") == (0, "")
            assert run("import os; print(os.getuid(), os.getgid())") == (0, "1000 1000\n")

    def test_a_service_is_found_by_its_name_on_its_own_network_only(
        self, daemon: Daemon, pulled: EngineImage
    ) -> None:
        serve = "import http.server as h; h.test(h.SimpleHTTPRequestHandler, port=8080)"
        service = Service("one", "web", pulled.image_id, ("python3", "-c", serve))
        beside = Service("one", "beside", pulled.image_id, ("sleep", "60"))
        apart = Service("two", "apart", pulled.image_id, ("sleep", "60"))
        ask = "import urllib.request as r; r.urlopen('http://web:8080/', timeout=2)"
        with daemon.serve([service, beside, apart]) as running:
            wait_until(lambda: running.execute(beside, ["python3", "-c", ask])[0] == 0)
            assert running.execute(beside, ["python3", "-c", ask]) == (0, "")
            assert "urlopen error" in running.execute(apart, ["python3", "-c", ask])[1]


def wait_until(answers: Callable[[], bool]) -> None:
    """Wait until a service answers, at most half a minute."""
    deadline = time.monotonic() + 30
    while not answers() and time.monotonic() < deadline:
        time.sleep(0.1)


class TestMemoryDaemon(DaemonContract):
    """The same of the engine in memory that unit tests have, with either store."""

    @pytest.fixture(params=[False, True], ids=["classic", "containerd"])
    def daemon(self, request: pytest.FixtureRequest, tmp_path: Path) -> Daemon:
        # Where a path to /dev leads out of the folder that a container's would be.
        (tmp_path.parent / "dev").mkdir(exist_ok=True)
        registry = RegistryClient(sleep=lambda _: None)
        return MemoryDaemon(registry=registry, containerd=request.param)
