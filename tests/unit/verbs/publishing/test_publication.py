"""What is published is known, found, and not made again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import pytest

from buildbot_ship.errors import InvalidFile, Problem, RegistryUnavailable, TagTaken
from buildbot_ship.model.reference import Reference, Repository
from buildbot_ship.model.request import (
    BuildRequest,
    CheckRequest,
    FindRequest,
    GarbageRequest,
    ImageRequest,
    PexRequest,
    PushRequest,
    Request,
    SmokeCheck,
    SmokeContainer,
    SystemTest,
    WheelsRequest,
)
from buildbot_ship.model.result import SUCCESS, Result
from buildbot_ship.registry.shared_cache import SharedCache
from buildbot_ship.store.cache_interface import CacheStore
from buildbot_ship.store.disk_cache import DiskCache
from buildbot_ship.store.work_folder import Work
from buildbot_ship.verbs.pipeline.build import build
from buildbot_ship.verbs.publishing.find import find
from buildbot_ship.verbs.publishing.publication import publication_keys
from buildbot_ship.verbs.publishing.push import push
from buildbot_ship.verbs.shared.cache import Cache
from tests.fakes.daemon import MemoryDaemon
from tests.fakes.images import small_image
from tests.fakes.job_runner import make_job_runner
from tests.unit.verbs.publishing.push_world import COMMIT, REQUEST, TAG, World

SHARED = Repository.parse("registry.test/team/cache")
ASKED = FindRequest(
    WheelsRequest(packages=(".",), lazy=True),
    (PexRequest("app.pex", ("app",)),),
    (ImageRequest("app", load=False),),
    (REQUEST,),
)


@attrs.define(slots=False)
class Team(World):
    """A worker that finds and pushes; *trusted* as it is."""

    trusted: bool = True
    reads: bool = True

    @property
    def _shelves(self) -> list[CacheStore]:
        shared = SharedCache(self.registry, SHARED, self.trusted)
        return [DiskCache(self.work.root / "cache"), shared]

    def find(self, asked: FindRequest = ASKED, commit: str = COMMIT) -> Result:
        cache = Cache(self.lines.append, self._shelves, reads=self.reads)
        return find(
            asked,
            commit=commit,
            registry=self.registry,
            cache=cache,
            check=self.check,
        )

    def check(self, asked: CheckRequest) -> Result:
        """Find the one strict file of this team as it should be, and no other."""
        if asked.strict == "requirements.strict.txt":
            return Result("check", SUCCESS, "it follows")
        raise InvalidFile((Problem(asked.strict, 1, "it is stale"),), "harden it")

    @property
    def key(self) -> str:
        """Return the key of what is asked for."""
        return str(self.find().properties["ship_publications"]["app"])

    def ship(self) -> Result:
        """Push as the step after the look does."""
        pushed = attrs.evolve(REQUEST, publication=self.key)
        stores = tuple(self._shelves)
        runner = make_job_runner(
            MemoryDaemon(), self.work, self.lines.append, self.registry, stores
        )
        return push(pushed, commit=COMMIT, runner=runner)

    def other(self, name: str, **options: bool) -> Team:
        """Return another worker on the same registry."""
        work = Work(self.work.root.parent / name)
        return Team(work, self.registry, self.lines, **options)  # type: ignore[arg-type]


@pytest.fixture
def team(tmp_path: Path) -> Team:
    team = Team(Work(tmp_path / "first"))
    team.build()
    return team


def test_what_was_pushed_is_found_with_its_properties(team: Team) -> None:
    assert team.find().summary == "1 image to build: app"
    pushed = team.ship().properties["ship_pushed_app"]
    found = team.find()
    assert found.summary == "1 image already published: app"
    assert found.properties == {
        "ship_published": True,
        "ship_pushed_app": {**pushed, "sent_bytes": 0},
    }


def test_what_another_worker_pushed_is_found(team: Team) -> None:
    team.ship()
    assert team.other("second").find().properties["ship_published"] is True


def test_a_push_that_found_its_image_there_makes_it_known(team: Team) -> None:
    team.push()
    assert team.find().properties["ship_published"] is False
    assert team.ship().summary.startswith("already published: ")
    assert team.find().properties["ship_published"] is True


def test_what_was_never_pushed_is_never_known(team: Team) -> None:
    team.registry.store(TAG, small_image("other", b"x").manifest)
    with pytest.raises(TagTaken):
        team.ship()
    assert team.find().properties["ship_published"] is False


def test_a_tag_that_is_gone_or_another_is_not_published(team: Team) -> None:
    team.ship()
    held = team.registry.manifest(TAG)
    assert held is not None
    team.registry.tags.clear()
    assert team.find().properties["ship_published"] is False
    team.registry.store(TAG, small_image("other", b"x").manifest)
    assert team.find().properties["ship_published"] is False
    team.registry.store(TAG, held)
    assert team.find().properties["ship_published"] is True


@pytest.mark.parametrize(
    "asked",
    [
        attrs.evolve(ASKED, wheels=WheelsRequest(packages=("other",), lazy=True)),
        attrs.evolve(ASKED, pexes=(PexRequest("app.pex", ("app",), layout="zipapp"),)),
        attrs.evolve(ASKED, pexes=(PexRequest("app.pex", ("app",), conflicts="fail"),)),
        attrs.evolve(ASKED, images=(ImageRequest("app", labels={"a": "b"}, load=False),)),
        attrs.evolve(ASKED, pushes=(PushRequest("app", "registry.test/team/other"),)),
        attrs.evolve(ASKED, pushes=(REQUEST, PushRequest("b", "registry.test/team/b"))),
    ],
)
def test_what_was_asked_for_otherwise_is_not_found(team: Team, asked: FindRequest) -> None:
    team.ship()
    assert team.find(asked).properties["ship_published"] is False


def test_a_message_that_is_not_wanted_makes_no_other_publication(team: Team) -> None:
    team.ship()
    quiet = PexRequest("app.pex", ("app",), conflicts="ignore")
    assert team.find(attrs.evolve(ASKED, pexes=(quiet,))).properties["ship_published"] is True


def test_another_commit_is_not_found(team: Team) -> None:
    team.ship()
    assert team.find(commit="f" * 40).properties["ship_published"] is False


def test_a_key_has_the_names_of_secrets_only() -> None:
    def keys(**secrets: str) -> dict[str, str]:
        images = (ImageRequest("app", load=False, build_secrets=secrets),)
        return publication_keys(attrs.evolve(ASKED, images=images), COMMIT)

    assert keys() == publication_keys(ASKED, COMMIT)
    assert keys(netrc="1") == keys(netrc="2") != keys()


def test_without_cache_nothing_is_found_and_the_key_is_the_same(team: Team) -> None:
    before = team.find().properties
    team.ship()
    team.reads = False
    assert team.find().properties == before


def test_who_is_not_trusted_reads_and_tells_nobody(team: Team) -> None:
    stranger = team.other("stranger", trusted=False)
    stranger.build()
    stranger.ship()
    assert team.find().properties["ship_published"] is False
    team.ship()
    assert team.other("third", trusted=False).find().properties["ship_published"] is True


def test_a_registry_that_does_not_answer_is_an_error(team: Team) -> None:
    team.ship()

    def down(reference: Reference) -> str | None:
        raise RegistryUnavailable(str(reference), "down")

    team.registry.head = down  # type: ignore[method-assign]
    with pytest.raises(RegistryUnavailable):
        team.find()


@pytest.mark.parametrize(
    ("asked", "checked", "summary"),
    [
        (None, False, "1 image to build: app"),
        (CheckRequest(), True, "1 image to build: app; it follows"),
        (CheckRequest(strict="other.txt"), False, "1 image to build: app"),
    ],
)
def test_what_is_not_published_is_checked_where_that_is_asked_for(
    team: Team, asked: CheckRequest | None, checked: bool, summary: str
) -> None:
    found = team.find(attrs.evolve(ASKED, check=asked))
    assert found.properties["ship_checked"] is checked
    assert found.summary == summary


def test_what_is_checked_too_is_no_other_publication(team: Team) -> None:
    team.ship()
    found = team.find(attrs.evolve(ASKED, check=CheckRequest(packages=("other",))))
    assert found.properties["ship_published"] is True


def test_the_chain_in_one_process_knows_what_the_steps_know(team: Team) -> None:
    asked = BuildRequest(ASKED.wheels, ASKED.pexes, ASKED.images, ASKED.pushes)
    done: list[Request] = []

    def perform(part: Request) -> Result:
        done.append(part)
        if not isinstance(part, PushRequest):
            return Result(part.verb, "success", "")
        assert part == attrs.evolve(REQUEST, publication=team.key)
        return team.ship()

    def run() -> Result:
        cache = Cache(team.lines.append, team._shelves)
        return build(
            asked,
            commit=COMMIT,
            registry=team.registry,
            cache=cache,
            perform=perform,
            overlap=lambda: lambda: None,
            log=team.lines.append,
        )

    assert run().summary == "1 image published: app"
    assert [part.verb for part in done] == ["wheels", "pex", "image", "push", "gc"]
    assert done[-1] == GarbageRequest(finish=True)
    done.clear()
    assert run().summary == "1 image already published: app"
    assert done == []


def test_a_chain_has_the_conflicts_of_its_pexes_once(team: Team) -> None:
    pexes = (PexRequest("a.pex", ("app",)), PexRequest("b.pex", ("app",)))
    texts = {"a.pex": "x: b wins over a\n", "b.pex": "x: b wins over a\ny: b wins over a\n"}

    def perform(part: Request) -> Result:
        if not isinstance(part, PexRequest):
            return Result(part.verb, SUCCESS, "done", texts={"other.txt": "other"})
        text = texts[part.name]
        lines = tuple(text.splitlines())
        return Result("pex", SUCCESS, "done", texts={"conflicts.txt": text}, warnings=lines)

    made = build(
        BuildRequest(ASKED.wheels, pexes, ASKED.images),
        commit=COMMIT,
        registry=team.registry,
        cache=Cache(team.lines.append),
        perform=perform,
        overlap=lambda: lambda: None,
        log=team.lines.append,
    )
    assert made.texts == {"conflicts.txt": texts["b.pex"]}
    assert list(made.warnings) == texts["b.pex"].splitlines()


def test_an_image_that_passed_other_tests_is_not_the_published_one(team: Team) -> None:
    def name(*tests: SystemTest) -> str:
        asked = attrs.evolve(ASKED, tests=tests)
        return str(team.find(asked).properties["ship_publications"]["app"])

    def tested(text: str, key: str = "a") -> SystemTest:
        app = SmokeContainer("app", secrets={"/run/key": key})
        return SystemTest((app,), (SmokeCheck("http://app:1/", text=text),))

    assert len({name(), name(tested("a")), name(tested("b"))}) == 3
    # The key of a record in the shared cache says nothing about a secret.
    assert name(tested("a")) == name(tested("a", "other"))
    how: dict[str, Any] = {"tested": True, "claim_remote": "origin", "take_over": True}
    pushes = tuple(attrs.evolve(push, **how) for push in ASKED.pushes)
    found = team.find(attrs.evolve(ASKED, pushes=pushes)).properties
    assert found["ship_publications"]["app"] == name()
