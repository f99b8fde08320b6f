from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest

from buildbot_ship.daemon.interface import Build, EngineImage
from buildbot_ship.errors import (
    BaseNotFound,
    EngineError,
    FileMissing,
    InvalidFile,
    JobFailed,
    TagTaken,
)
from buildbot_ship.model.image.manifest import DOCKER_MANIFEST
from buildbot_ship.model.reference import Reference, digest_of
from buildbot_ship.model.request import DerivedBase, DeriveRequest, PinRequest
from buildbot_ship.model.request.settings import Index
from buildbot_ship.model.result import Result
from buildbot_ship.registry.interface import Manifest
from buildbot_ship.source.checkout import Checkout
from buildbot_ship.source.interface import History, TreeEntry, TreeFile
from buildbot_ship.store.change_notes import ChangeNotes
from buildbot_ship.store.work_folder import Work
from buildbot_ship.verbs.bases.derive import derive
from buildbot_ship.verbs.bases.owned_bases import OwnedBases
from buildbot_ship.verbs.bases.pin import pin
from buildbot_ship.verbs.shared.base_image import fetch_base
from buildbot_ship.verbs.shared.cache import Cache
from tests.fakes.builder import EnginesBuilder, base_layer, layer_of
from tests.fakes.daemon import MemoryDaemon
from tests.fakes.job_runner import make_job_runner
from tests.fakes.registry import MemoryRegistry

UP = Reference.parse("hub.test/python:3.11-slim")
OWN = Reference.parse("own.test/team/pq:1").repository
MOMENT = datetime(2026, 11, 23, 5, 5, 0, 1, tzinfo=UTC)
TAG, NEXT = "2026-11-23T05-05-00-000001", "2026-11-24T05-05-00-000001"
DAY = timedelta(days=1)
FILE = "pq.docker"
ONE, NONE = (f"{count} of 1 base derived: {FILE}" for count in (1, 0))
CLASSIC = "the classic builder"
TEXT = f"FROM {UP}\nCOPY conf /etc/conf\nRUN install\n"
REQUEST = DeriveRequest((DerivedBase(FILE, str(OWN)),))


@attrs.define
class Commit:
    """A tree in memory; a file is known by its digest."""

    texts: dict[str, str]
    links: dict[str, str] = attrs.field(factory=dict)
    commit: str = "0123456789" * 4
    committed: datetime = MOMENT

    def history(self, folder: str) -> History:
        raise AssertionError("no package here has a version from git")

    def read(self, path: str) -> TreeFile | None:
        return TreeFile(self.texts[path].encode()) if path in self.texts else None

    def files(self, folder: str) -> Iterator[tuple[str, TreeFile]]:
        raise AssertionError("the files of a folder are not asked for")

    def entries(self) -> Iterator[tuple[str, TreeEntry]]:
        for path, text in self.texts.items():
            data = text.encode()
            yield path, TreeEntry(len(data), identity=digest_of(data))
        for path, target in self.links.items():
            yield path, TreeEntry(len(target), target=target)


@attrs.define
class Engine(MemoryDaemon):
    """An engine that notes what it was lent, and may refuse to give it back."""

    lent: list[str] = attrs.field(factory=list)
    holds: bool = False

    def pull(self, reference: Reference, *, temporary: bool = False) -> EngineImage:
        if temporary:
            self.lent.append(str(reference))
        return super().pull(reference, temporary=temporary)

    def remove_image(self, reference: str) -> bool:
        if self.holds:
            raise EngineError(f"remove {reference}", "a container uses it")
        return super().remove_image(reference)


@attrs.define
class World:
    """A base upstream, a repository, an engine, and the verb."""

    work: Work
    registry: MemoryRegistry = attrs.field(factory=MemoryRegistry)
    tree: Commit = attrs.field(factory=lambda: Commit({FILE: TEXT, "conf/a": "A", "b": "B"}))
    builder: EnginesBuilder = attrs.field(factory=EnginesBuilder)
    lines: list[str] = attrs.field(factory=list)
    engine: Engine = attrs.field(init=False)
    moment: datetime = MOMENT

    def __attrs_post_init__(self) -> None:
        self.engine = Engine(self.registry)
        self.move_upstream()

    def move_upstream(self, mark: str = "first") -> str:
        """Put another image under the base's name; return its digest."""
        layer = base_layer()
        document = {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Env": [f"MARK={mark}"], "Labels": {"up": "yes"}},
            "rootfs": {"type": "layers", "diff_ids": [digest_of(layer)]},
        }
        manifest = {
            "schemaVersion": 2,
            "config": self.upload(json.dumps(document).encode()),
            "layers": [self.upload(gzip.compress(layer, mtime=0))],
        }
        data = json.dumps(manifest).encode()
        return self.registry.put(UP, Manifest(DOCKER_MANIFEST, data))

    def upload(self, data: bytes) -> dict[str, Any]:
        self.registry.upload(UP.repository, digest_of(data), data)
        return {"mediaType": "application/x", "digest": digest_of(data), "size": len(data)}

    def run(self, request: DeriveRequest = REQUEST, **options: Any) -> Result:
        force = options.pop("force", False)
        self.engine.builder = self.builder
        return derive(
            request,
            tree=self.tree,
            runner=make_job_runner(
                self.engine, self.work, self.lines.append, self.registry, **options
            ),
            clock=lambda: self.moment,
            new_name=lambda: "name",
            force=force,
        )

    def tomorrow(self, days: int = 1) -> None:
        self.moment += days * DAY

    @property
    def tags(self) -> list[str]:
        return sorted(self.registry.list_tags(OWN))


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(Work(tmp_path / "work"))


def test_a_new_base_is_built_and_owned(world: World) -> None:
    result = world.run()
    base = fetch_base(OWN.tagged(TAG), "linux/amd64", world.registry)
    assert result.summary == f"{ONE} under {TAG} by {CLASSIC}, since it is new"
    assert result.properties["ship_bases"] == {
        FILE: {
            "reference": f"{OWN}:{TAG}",
            "digest": base.reference.digest,
            "through": "engine",
            "builder": "classic",
        }
    }
    assert base.diff_ids == [digest_of(base_layer()), *map(digest_of, world.builder.above)]
    assert base.config["created"] == "2026-11-23T05:05:00Z"
    assert result.texts["bases.txt"].startswith(f"{UP}\n  -> {OWN}:{TAG}\n")


def test_its_labels_say_what_it_came_of_and_nothing_of_the_build(world: World) -> None:
    world.run(attrs.evolve(REQUEST, source="https://git.example.com/app.git"))
    base = fetch_base(OWN.tagged(TAG), "linux/amd64", world.registry)
    labels = base.config["config"]["Labels"]
    assert labels.pop("org.buildbot-ship.derived").startswith("derived-")
    assert labels.pop("org.buildbot-ship.content").startswith("sha256:")
    prefix = "org.opencontainers.image"
    assert labels == {
        "own": "x",
        "up": "yes",
        f"{prefix}.source": "https://git.example.com/app.git",
        f"{prefix}.revision": world.tree.commit,
        f"{prefix}.created": "2026-11-23T05:05:00Z",
        f"{prefix}.base.name": str(UP),
        f"{prefix}.base.digest": world.registry.head(UP),
    }


def test_the_engine_builds_on_what_was_looked_at_and_keeps_nothing(world: World) -> None:
    world.run()
    pinned = f"hub.test/python@{world.registry.head(UP)}"
    assert world.builder.files[FILE].decode() == TEXT.replace(str(UP), pinned)
    assert world.builder.context == {
        "conf": 0o755,
        "conf/a": 0o644,
        FILE: 0o644,
    }
    assert world.engine.lent == [pinned]
    assert pinned not in world.engine.images
    (build,) = world.engine.builds
    assert (build.name, build.arguments) == ("ship.local/derive:name", {})
    assert build.places["Step 3"] == build.places["3"] == f"{FILE}:3: RUN"
    assert (build.base, build.needs) == (pinned, ())
    assert [path.name for path in world.work.root.iterdir()] == []


def test_a_base_that_the_engine_had_stays(world: World) -> None:
    pinned = UP.repository.at(str(world.registry.head(UP)))
    world.engine.pull(pinned)
    world.run()
    assert world.engine.lent == []
    assert str(pinned) in world.engine.images


def test_a_base_that_the_engine_will_not_give_back_is_the_collectors(world: World) -> None:
    world.engine.holds = True
    world.run()
    assert any(line.startswith("left for garbage collection: ") for line in world.lines)
    assert world.tags == [TAG]


def test_a_build_reaches_the_network_through_the_proxy(world: World) -> None:
    world.run(index=Index(proxy="http://proxy.example.com:3128"))
    (build,) = world.engine.builds
    assert build.arguments["http_proxy"] == build.arguments["HTTPS_PROXY"]
    assert build.arguments["http_proxy"] == "http://proxy.example.com:3128"


MOUNTING = f"FROM {UP}\nRUN --mount=type=secret,id=netrc,required=true install\n"


def test_a_line_gets_its_secret_and_a_new_value_is_no_reason(world: World) -> None:
    world.tree.texts[FILE] = f"{MOUNTING}RUN --mount=type=secret,id=more true\n"
    world.engine.offers = "buildkit"
    request = attrs.evolve(REQUEST, build_secrets={"netrc": "hunter2", "x": "hunter3"})
    world.run(request)
    (build,) = world.engine.builds
    assert build.secrets == {"netrc": "hunter2"}
    assert f"{FILE}:3: the secret more is not given" in world.lines
    assert "hunter" not in f"{request} {build} {world.lines}"
    base = fetch_base(OWN.tagged(TAG), "linux/amd64", world.registry)
    assert "hunter" not in str(base.config)
    world.tomorrow()
    again = world.run(attrs.evolve(REQUEST, build_secrets={"netrc": "hunter4"}))
    assert again.properties["ship_bases"][FILE]["reference"] == f"{OWN}:{TAG}"
    assert len(world.engine.builds) == 1


def test_a_required_secret_that_is_not_given_is_refused_before_a_build(world: World) -> None:
    world.tree.texts[FILE] = MOUNTING
    with pytest.raises(InvalidFile, match=f"{FILE}:2: RUN: the secret 'netrc' is required"):
        world.run()
    assert world.engine.builds == []


def test_a_night_without_news_asks_nothing_of_the_engine(world: World) -> None:
    first = world.run().properties
    world.tree.texts["b"] = "not copied"
    world.tree.commit = "f" * 40
    world.tomorrow()
    world.registry.calls.clear()
    result = world.run()
    assert result.summary == f"{NONE} is up to date"
    del first["ship_bases"][FILE]["builder"]
    assert (result.properties, result.texts) == (first, {})
    assert len(world.engine.builds) == 1
    assert world.registry.calls == []


@pytest.mark.parametrize("path", [FILE, "conf/a", "conf/new"])
def test_a_changed_file_is_a_reason(world: World, path: str) -> None:
    world.run()
    world.tree.texts[path] = f"{world.tree.texts.get(path, '')}# other\n"
    world.tomorrow()
    result = world.run()
    assert result.summary.endswith(f" under {NEXT} by {CLASSIC}, since its inputs changed")
    assert world.tags == [TAG, NEXT]
    assert result.texts["bases.txt"].startswith(f"{OWN}:{TAG}\n  -> {OWN}:{NEXT}\n")


def test_upstream_that_moved_is_a_reason_though_the_content_is_the_same(world: World) -> None:
    world.run()
    digest = world.move_upstream("second")
    world.tomorrow()
    result = world.run()
    assert result.summary.endswith(f", since {UP} is another image")
    base = fetch_base(OWN.tagged(NEXT), "linux/amd64", world.registry)
    labels = base.config["config"]["Labels"]
    assert labels["org.opencontainers.image.base.digest"] == digest


def test_one_that_is_old_is_built_anew(world: World) -> None:
    world.run()
    world.tomorrow(6)
    assert world.run().summary == f"{NONE} is up to date"
    world.tomorrow(2)
    world.builder.above = (layer_of(b"newer"),)
    result = world.run()
    assert result.summary.endswith(", since it is older than 7 days")
    assert len(world.tags) == 2


@pytest.mark.parametrize("again", [False, True])
def test_the_same_content_is_no_news(world: World, again: bool) -> None:
    first = world.run().properties
    world.tomorrow(1 if again else 8)
    result = world.run(force=again)
    assert len(world.engine.builds) == 2
    assert result.summary == f"{NONE} was built again by {CLASSIC}, no change"
    assert (result.properties, world.tags) == (first, [TAG])


@pytest.mark.parametrize(
    ("path", "news"),
    [
        ("var/log/apt/history.log", False),
        ("./var/cache/apt/pkgcache.bin", False),
        ("usr/lib/python3/x.pyc", False),
        ("var/lib/dpkg/status-old", False),
        ("var/lib/dpkg/status", True),
        ("srv/log/x", True),
    ],
)
def test_logs_and_caches_are_no_news(world: World, path: str, news: bool) -> None:
    world.builder.above = (layer_of(b"on Monday", path),)
    world.run()
    world.tomorrow()
    world.builder.above = (layer_of(b"on Tuesday", path),)
    world.run(force=True)
    assert (world.tags == [TAG, NEXT]) == news


def test_what_another_build_made_of_the_same_meanwhile_is_taken(world: World) -> None:
    other = attrs.evolve(world)
    other.moment += timedelta(seconds=1)
    build = world.builder

    def both(job: Build, out: Path) -> None:
        other.engine.builder = build
        other.builder = attrs.evolve(build, above=(layer_of(b"other"),))
        other.run()
        build(job, out)

    world.builder = both  # type: ignore[assignment]
    result = world.run()
    assert result.summary == f"{NONE} was built again by {CLASSIC}, no change"
    assert world.tags == ["2026-11-23T05-05-01-000001"]


def test_a_tag_is_never_moved(world: World) -> None:
    world.run()
    world.tree.texts[FILE] += "ENV A=2\n"
    with pytest.raises(TagTaken, match=TAG):
        world.run()
    assert len(world.engine.builds) == 1


def test_a_line_that_fails_is_a_failure_and_nothing_is_published(world: World) -> None:
    def fail(job: Build, out: Path) -> None:
        raise JobFailed(
            "build", f"{job.places['Step 3']}: returned a non-zero code: 100", output="E: x"
        )

    world.builder = fail  # type: ignore[assignment]
    with pytest.raises(JobFailed, match=rf"{FILE}:3: RUN: returned") as caught:
        world.run()
    assert caught.value.details == "E: x"
    assert world.tags == []
    assert not any("hub.test" in name for name in world.engine.images)


def test_all_is_looked_at_before_anything_is_built(world: World) -> None:
    two = (*REQUEST.bases, DerivedBase("gone.docker", "own.test/team/gone"))
    with pytest.raises(FileMissing, match=r"gone\.docker"):
        world.run(DeriveRequest(two))
    assert world.engine.builds == []


def test_several_stages_stand_on_what_was_looked_at(world: World) -> None:
    tools = Reference.parse("hub.test/tools:1")
    world.registry.store(tools, Manifest(DOCKER_MANIFEST, b""))
    manifest = world.registry.manifest(UP)
    assert manifest is not None
    for (repository, digest), data in list(world.registry.blobs.items()):
        if repository == UP.repository:
            world.registry.blobs[tools.repository, digest] = data
    world.registry.put(tools, manifest)
    world.tree.texts[FILE] = f"FROM {tools} AS make\nRUN x\nFROM {UP}\nCOPY --from=make /a /\n"
    world.run()
    held = world.registry.head(UP)
    assert world.engine.lent == [f"hub.test/python@{held}", f"hub.test/tools@{held}"]
    assert world.builder.context == {FILE: 0o644}


def test_a_derived_base_may_stand_on_a_derived_one(world: World) -> None:
    world.run()
    world.tree.texts["more.docker"] = f"FROM {OWN}:{TAG}\nRUN more\n"
    more = Reference.parse("own.test/team/more:1").repository
    request = DeriveRequest((DerivedBase("more.docker", str(more)),))
    world.builder.below = (base_layer(), *world.builder.above)
    world.builder.above = (layer_of(b"more"),)
    assert world.run(request).summary.endswith("since it is new")
    first, second = (
        fetch_base(place.tagged(TAG), "linux/amd64", world.registry).config["config"]["Labels"]
        for place in (OWN, more)
    )
    for label in ("org.buildbot-ship.derived", "org.buildbot-ship.content"):
        assert first[label] != second[label]
    assert second["org.opencontainers.image.base.name"] == f"{OWN}:{TAG}"
    assert world.run(request).summary == "0 of 1 base derived: more.docker is up to date"


@pytest.mark.parametrize(
    ("line", "context"),
    [
        ("COPY $WHERE /x", {"b", "conf", "conf/a", FILE}),
        ("COPY . /x", {"b", "conf", "conf/a", FILE}),
        ('COPY ["b", "/x"]', {"b", "conf", "conf/a", FILE}),
        ("COPY ./conf/* /x/", {"conf", "conf/a", FILE}),
        ("ADD --chown=1:1 b https://example.com/y /x/", {"b", FILE}),
        ("COPY /b /x", {"b", FILE}),
        ("RUN cp b c", {FILE}),
    ],
)
def test_the_engine_gets_what_is_copied(world: World, line: str, context: set[str]) -> None:
    world.tree.texts[FILE] = f"FROM {UP}\n{line}\n"
    world.run()
    assert set(world.builder.context) == context


def test_links_are_not_told_from_their_names(world: World) -> None:
    world.tree.links["to"] = "conf"
    world.tree.texts[FILE] = f"FROM {UP}\nCOPY to/a /x\n"
    world.run()
    assert {"to", "conf/a", "b"} <= set(world.builder.context)


def test_a_base_that_its_registry_lacks_is_named_with_its_line(world: World) -> None:
    world.tree.texts[FILE] = "# why\nFROM hub.test/python:gone\n"
    with pytest.raises(BaseNotFound, match=rf"python:gone is not available: .*\({FILE}:2\)"):
        world.run()


def test_a_fact_among_the_labels_is_refused(world: World) -> None:
    world.tree.texts[FILE] += "LABEL org.opencontainers.image.created=now\n"
    with pytest.raises(InvalidFile, match=rf"{FILE}:4: LABEL: "):
        world.run()


def test_from_lines_move_to_a_newer_derived_base(world: World, tmp_path: Path) -> None:
    world.run()
    world.move_upstream("second")
    world.tomorrow()
    world.run()
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    (checkout / "build.docker").write_text(f"FROM {OWN}:{TAG}\n")
    (checkout / FILE).write_text(TEXT)
    pin(
        PinRequest(),
        checkout=Checkout(checkout),
        bases=OwnedBases(world.registry, Cache(world.lines.append), world.lines.append),
        notes=ChangeNotes(tmp_path / "notes"),
    )
    assert (checkout / "build.docker").read_text() == f"FROM {OWN}:{NEXT}\n"
    assert (checkout / FILE).read_text() == TEXT


def test_files_are_read_before_a_registry_is_asked(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A registry that is down must not hide a mistake in a file for minutes."""
    world.tree.texts[FILE] = f"FROM {UP}\nENV A=${{\n"
    monkeypatch.setattr(world.registry, "list_tags", lambda _: pytest.fail("asked"))
    with pytest.raises(InvalidFile):
        world.run()
