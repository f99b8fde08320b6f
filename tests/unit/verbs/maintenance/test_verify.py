from __future__ import annotations

import gzip
import io
import json
import tarfile
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import attrs
import pytest

from buildbot_ship.errors import DigestMismatch, JobFailed, NotReproducible, OutputMissing
from buildbot_ship.model.artefact import Image, Layer, Pex, Wheel, Wheelhouse
from buildbot_ship.model.decision.garbage import CONTAINER, IMAGE, Entry
from buildbot_ship.model.job_environment import VARIED, JobEnvironment
from buildbot_ship.model.reference import digest_of
from buildbot_ship.model.request import (
    ImageRequest,
    PexRequest,
    Request,
    VerifyRequest,
    WheelsRequest,
)
from buildbot_ship.model.result import SUCCESS, Result
from buildbot_ship.source.interface import History, TreeEntry, TreeFile
from buildbot_ship.store.work_folder import Work
from buildbot_ship.verbs.maintenance.verify import verify
from buildbot_ship.verbs.shared.job_runner import JobRunner
from tests.fakes.daemon import MemoryDaemon
from tests.fakes.job_runner import make_job_runner

COMMIT = "0123456789" * 4
REQUEST = VerifyRequest(
    WheelsRequest(),
    (PexRequest("app.pex", ("app",)),),
    (ImageRequest("app"),),
)
FILES = {"app/__init__.py": b"", "app/data.py": b"A = 1\nB = 2\n", "app.dist-info/RECORD": b"x"}


def zipped(files: dict[str, bytes], date: int = 1980, head: bytes = b"") -> bytes:
    out = io.BytesIO()
    out.write(head)
    with zipfile.ZipFile(out, "a") as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, (date, 1, 1, 0, 0, 0)), data)
    return out.getvalue()


def layer(data: bytes = b"pex", mode: int = 0o755) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        folder = tarfile.TarInfo("srv")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        info = tarfile.TarInfo("srv/app.pex")
        info.size, info.mode = len(data), mode
        archive.addfile(info, io.BytesIO(data))
    return gzip.compress(out.getvalue(), mtime=0)


@attrs.define
class Commit:
    """A tree in memory that holds one Dockerfile."""

    dockerfile: bytes = b"FROM example.com/base:1\n"
    commit: str = COMMIT
    committed: datetime = datetime(2026, 11, 23, tzinfo=UTC)

    def history(self, folder: str) -> History:
        raise AssertionError("no package here has a version from git")

    def read(self, path: str) -> TreeFile | None:
        return TreeFile(self.dockerfile) if path == "app.docker" else None

    def files(self, folder: str) -> Iterator[tuple[str, TreeFile]]:
        yield from ()

    def entries(self) -> Iterator[tuple[str, TreeEntry]]:
        yield from ()


@attrs.define
class Build:
    """What one build makes, and the verbs that make it."""

    wheels: dict[str, bytes] = attrs.field(factory=lambda: {"app-1.whl": zipped(FILES)})
    pex: bytes = zipped(FILES, head=b"#!/usr/bin/env python3.11\n")
    layers: tuple[bytes, ...] = attrs.field(factory=lambda: (layer(),))
    config: dict[str, Any] = attrs.field(factory=lambda: {"config": {"Labels": {"a": "b"}}})
    loads: str = "ship.local/app:1"
    tree: bytes = b""

    def perform(self, request: Request, work: Work) -> None:
        {"wheels": self._wheels, "pex": self._pex, "image": self._image}[request.verb](work)

    def _wheels(self, work: Work) -> None:
        for name, data in self.wheels.items():
            write(work.wheelhouse / name, data)
        wheels = [Wheel(name, digest_of(data), len(data)) for name, data in self.wheels.items()]
        work.save(Wheelhouse(COMMIT, "base", "tools", tuple(wheels)))

    def _pex(self, work: Work) -> None:
        write(work.pex("app.pex"), self.pex)
        six = Layer("sha256:x", digest_of(self.tree), 1, "six 1.16", of_pex=True)
        trees = [six] if self.tree else []
        for layer in trees:
            write(work.layer(layer.digest), self.tree)
        record = Pex(COMMIT, "app.pex", digest_of(self.pex), len(self.pex), tuple(trees))
        work.save(record)

    def _image(self, work: Work) -> None:
        config = json.dumps(self.config).encode()
        manifest = json.dumps({"config": digest_of(config)}).encode()
        folder = work.image("app")
        write(folder / "config.json", config)
        write(folder / "manifest.json", manifest)
        for data in self.layers:
            write(work.layer(digest_of(data)), data)
        work.save(
            Image(
                commit=COMMIT,
                name="app",
                image_id=digest_of(config),
                manifest_digest=digest_of(manifest),
                media_type="application/json",
                base="base",
                layers=tuple(Layer("sha256:x", digest_of(d), len(d)) for d in self.layers),
                size=1,
                loaded_as=self.loads,
            )
        )


def write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


@attrs.define
class World:
    """A first build, a second one, and the verb; the ledger of both."""

    work: Work
    first: Build = attrs.field(factory=Build)
    second: Build = attrs.field(factory=Build)
    tree: Commit = attrs.field(factory=Commit)
    daemon: MemoryDaemon = attrs.field(factory=MemoryDaemon)
    noted: list[Entry] = attrs.field(factory=list)
    shops: list[JobRunner] = attrs.field(factory=list)
    said: str = ""
    fails: str = ""
    build: str = "b"

    def entries(self) -> Iterator[Entry]:
        yield from list(self.noted)

    def load(self, name: str, kind: str = IMAGE, build: str = "b") -> None:
        self.noted.append(Entry(kind, name, "w", build, "h", 0))
        self.daemon.add(name, b'{"rootfs": {"diff_ids": []}}')

    def build_first(self) -> None:
        for part in parts():
            self.first.perform(part, self.work)
        self.load("ship.local/app:first")

    def perform(self, request: Request, runner: JobRunner) -> Result:
        self.shops.append(runner)
        assert not (runner.work.root / "records" / f"{request.verb}.json").exists()
        self.second.perform(request, runner.work)
        if request.verb == "image":
            self.load("ship.local/app:second")
            self.load("ship.local/app:others", build="other")
            self.load("ship-wheels-1", kind=CONTAINER)
        if self.fails == request.verb:
            raise JobFailed("wheels", "it cannot be built")
        return Result(request.verb, SUCCESS, "made")

    def verify(self, request: VerifyRequest = REQUEST) -> Result:
        return verify(
            request,
            tree=self.tree,
            runner=make_job_runner(self.daemon, self.work, lambda _: None),
            perform=self.perform,
            ledger=self,
            explain=lambda first, second: self.said and f"{first} {second}",
        )

    def differs(self) -> NotReproducible:
        self.build_first()
        with pytest.raises(NotReproducible) as caught:
            self.verify()
        return caught.value


def parts() -> list[Request]:
    return [REQUEST.wheels, *REQUEST.pexes, *REQUEST.images]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(Work(tmp_path))


def test_the_same_bytes_are_counted_and_their_digests_kept(world: World) -> None:
    world.build_first()
    result = world.verify()
    assert result.summary == "1 wheel, 1 pex, 1 image identical"
    listing = result.texts["digests.txt"]
    assert [line.split("  ")[1] for line in listing.splitlines()] == [
        "app-1.whl",
        "pex app.pex",
        "layer 0 of image app",
        "config.json of image app",
        "manifest.json of image app",
    ]
    record = world.work.find(Image, COMMIT, "app")
    assert result.properties["ship_reproducible"] == {
        "all": digest_of(listing.encode()),
        "pexes": {"app.pex": digest_of(world.first.pex)},
        "images": {"app": record.manifest_digest},
    }


def test_an_image_that_the_engine_builds_is_left_out(world: World) -> None:
    world.tree.dockerfile += b"RUN date > /now\n"
    world.build_first()
    world.second.layers = (layer(b"another time"),)
    result = world.verify()
    assert result.summary == (
        "1 wheel, 1 pex identical; app skipped, not reproducible: RUN in app.docker:2"
    )
    assert result.properties["ship_reproducible"]["images"] == {}


def test_wheels_alone_can_be_compared(world: World) -> None:
    world.build_first()
    assert world.verify(VerifyRequest(WheelsRequest())).summary == "1 wheel identical"


def test_the_second_build_has_a_work_folder_of_its_own_and_other_conditions(
    world: World,
) -> None:
    world.build_first()
    world.verify()
    assert all(runner.job_environment == VARIED for runner in world.shops)
    (root,) = {runner.work.root for runner in world.shops}
    assert world.work.root in root.parents
    assert not root.exists()


def test_only_what_the_second_build_loaded_is_taken_away(world: World) -> None:
    world.build_first()
    world.verify()
    assert "ship.local/app:second" not in world.daemon.images
    kept = {"ship.local/app:first", "ship.local/app:others", "ship-wheels-1"}
    assert kept <= set(world.daemon.images)


def test_a_second_build_that_fails_leaves_nothing(world: World) -> None:
    world.build_first()
    world.fails = "image"
    with pytest.raises(JobFailed):
        world.verify()
    assert "ship.local/app:second" not in world.daemon.images
    assert [path.name for path in world.work.root.glob("scratch-*")] == []


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({**FILES, "app/data.py": b"A = 1\nB = 3\n"}, "app/data.py line 2 is 'B = 2', then"),
        ({**FILES, "app/new.py": b""}, "app/new.py is only in the second build"),
        (
            dict(reversed(FILES.items())),
            "app/__init__.py has the position of app.dist-info/RECORD",
        ),
    ],
)
def test_a_wheel_is_named_down_to_the_line(
    world: World, files: dict[str, bytes], said: str
) -> None:
    world.second.wheels = {"app-1.whl": zipped(files)}
    error = world.differs()
    assert str(error).startswith(f"app-1.whl is not reproducible: {said}")
    assert error.status == 42


def test_times_and_modes_of_members_count(world: World) -> None:
    world.second.wheels = {"app-1.whl": zipped(FILES, date=1981)}
    assert "app/__init__.py has time (1980, 1, 1, 0, 0, 0), then (1981" in str(world.differs())


def test_a_wheel_that_is_there_once_only_is_named(world: World) -> None:
    world.second.wheels = {"app-2.whl": zipped(FILES)}
    assert str(world.differs()) == (
        "the commit is not reproducible: app-1.whl is only in the first build"
    )


def test_what_stands_before_the_members_counts(world: World) -> None:
    world.second.pex = zipped(FILES, head=b"#!/usr/bin/env python3.12\n")
    error = world.differs()
    assert (error.artefact, error.member) == ("pex app.pex", "the file itself")
    assert "differs from byte 24 (" in error.what


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (layer(b"new"), "srv/app.pex line 1 is 'pex', then 'new'"),
        (layer(mode=0o700), "srv/app.pex has mode 0 755, then 0 700"),
    ],
)
def test_a_layer_is_named_down_to_its_file(world: World, changed: bytes, said: str) -> None:
    world.second.layers = (changed,)
    assert str(world.differs()).endswith(said)


def test_a_config_is_named_down_to_its_key(world: World) -> None:
    world.second.config = {"config": {"Labels": {"a": "c"}}}
    error = world.differs()
    assert (error.artefact, error.member) == ("config.json of image app", "config.Labels.a")
    assert error.what == "is 'b', then 'c'"
    assert [line.split(": ")[0] for line in error.details.splitlines()] == [
        "config.json of image app",
        "manifest.json of image app",
    ]


def test_the_inputs_of_others_are_compared_first(world: World) -> None:
    files = {**FILES, "app/data.py": b"other"}
    world.second.wheels = {"app-1.whl": zipped(files)}
    world.second.pex, world.second.layers = zipped(files), (layer(b"other"),)
    world.said = "diffoscope"
    error = world.differs()
    assert error.artefact == "app-1.whl"
    assert len(error.details.splitlines()) == 4
    last = error.details.splitlines()[-1].split()
    assert last[0] == str(world.work.wheelhouse / "app-1.whl")
    assert last[1].endswith("again/wheelhouse/app-1.whl")


def test_without_a_first_build_there_is_nothing_to_verify(world: World) -> None:
    with pytest.raises(OutputMissing):
        world.verify()
    assert world.shops == []


def test_a_first_build_that_was_tampered_with_is_not_called_unreproducible(
    world: World,
) -> None:
    world.build_first()
    world.work.pex("app.pex").write_bytes(b"x")
    with pytest.raises(DigestMismatch, match=r"pex app\.pex"):
        world.verify()
    world.work.pex("app.pex").unlink()
    with pytest.raises(OutputMissing, match=r"pex app\.pex"):
        world.verify()


def test_the_usual_conditions_run_the_script_itself() -> None:
    command = JobEnvironment().command("wheels")
    assert command == ["/ship/job/wheels.py", "/ship/job", "/ship/out"]


def test_other_conditions_go_through_the_variation() -> None:
    command = VARIED.command("wheels")
    assert command[0] == f"{VARIED.folder}/variation.py"
    assert command[1:3] == ["77", "401"]
    assert command[3:] == [
        f"{VARIED.folder}/wheels.py",
        VARIED.folder,
        VARIED.out,
    ]
    assert VARIED.online().command("fetch")[2] == "0"


def test_the_layers_of_a_pex_are_compared_as_well(world: World) -> None:
    world.first.tree = layer()
    world.second.tree = layer(mode=0o600)
    error = world.differs()
    assert (error.artefact, error.member) == ("six 1.16 in app.pex", "srv/app.pex")
    world.second.tree = world.first.tree
    result = world.verify()
    assert "six 1.16 in app.pex" in result.texts["digests.txt"]
    whole = world.work.find(Pex, COMMIT, "app.pex").whole
    assert result.properties["ship_reproducible"]["pexes"] == {"app.pex": whole}
    assert whole != digest_of(world.first.pex)
