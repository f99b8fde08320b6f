"""Bases that only the engine can reach."""

from __future__ import annotations

from datetime import timedelta

import attrs
import pytest

from buildbot_ship.daemon.interface import EngineImage
from buildbot_ship.errors import BaseNotFound, DigestMismatch, RegistryUnavailable, TagTaken
from buildbot_ship.model.reference import Reference
from buildbot_ship.model.request import BaseCopy, RetagRequest
from buildbot_ship.verbs.bases.owned_bases import OwnedBases
from buildbot_ship.verbs.bases.retag import retag
from buildbot_ship.verbs.shared.cache import Cache
from tests.fakes.daemon import MemoryDaemon
from tests.fakes.images import layer, real_image, small_image, store_image, store_index
from tests.fakes.registry import MemoryRegistry
from tests.unit.verbs.bases.retag_world import (
    COPIES,
    FULL,
    MOMENT,
    OWN_FULL,
    OWN_SLIM,
    REQUEST,
    Engine,
    World,
    names,
)


@pytest.fixture
def world() -> World:
    return World()


def test_the_engine_copies_what_the_worker_cannot_reach(world: World) -> None:
    world.registry.down.add("docker.io")
    bases = world.retag(engine=True).properties["ship_bases"]
    assert [base["through"] for base in bases.values()] == ["engine", "engine"]
    for name, own in (("python:3.11", OWN_FULL), ("python:3.11-slim", OWN_SLIM)):
        assert bases[name]["digest"] == world.registry.head(own)
        assert bases[name]["reference"] == str(own)


def test_the_engine_is_left_without_our_names(world: World) -> None:
    world.registry.down.add("docker.io")
    world.retag(engine=True)
    assert not names(world.engine)


def test_a_name_that_the_engine_had_stays_what_it_was(world: World) -> None:
    before = world.engine.add(str(FULL), b'{"name": "older"}')
    world.registry.down.add("docker.io")
    world.retag(engine=True)
    assert names(world.engine) == [str(FULL)]
    assert world.engine.images[str(FULL)] == before


def test_a_registry_that_is_down_is_asked_once(world: World) -> None:
    world.registry.down.add("docker.io")
    asked: list[Reference] = []
    real = world.registry.head

    def head(reference: Reference) -> str | None:
        asked.append(reference)
        return real(reference)

    world.registry.head = head  # type: ignore[method-assign]
    world.retag(engine=True)
    assert [r for r in asked if r.repository.registry == "docker.io"] == [FULL]


def test_through_the_registry_means_never_through_the_engine(world: World) -> None:
    world.registry.down.add("docker.io")
    with pytest.raises(RegistryUnavailable):
        world.retag(attrs.evolve(REQUEST, through="registry"))


def test_through_the_engine_never_asks_the_source_registry(world: World) -> None:
    world.registry.down.add("docker.io")
    result = world.retag(attrs.evolve(REQUEST, through="engine"), engine=True)
    assert result.properties["ship_bases"]["python:3.11"]["through"] == "engine"


def test_a_destination_that_is_down_is_no_case_for_the_engine(world: World) -> None:
    world.registry.down.add("registry.test")
    with pytest.raises(RegistryUnavailable, match=r"registry\.test"):
        world.retag()


def test_a_source_that_the_engine_lacks_leaves_nothing_half_done(world: World) -> None:
    world.registry.down.add("docker.io")
    missing = BaseCopy(source="python:3.99", destination="registry.test/own/python399")
    with pytest.raises(BaseNotFound, match=r"3\.99"):
        world.retag(RetagRequest(copies=(*COPIES, missing)), engine=True)
    assert world.registry.calls == []
    assert not names(world.engine)


def test_a_push_of_the_engine_that_did_not_happen_is_noticed(world: World) -> None:
    world.registry.down.add("docker.io")
    world.engine.lies = True
    with pytest.raises(DigestMismatch):
        world.retag(engine=True)
    assert not names(world.engine)


def test_the_engine_never_moves_a_tag(world: World) -> None:
    world.registry.down.add("docker.io")
    other = small_image("other", b"layer")

    @attrs.define
    class Slow(Engine):
        """While it pulls, somebody else takes the tag."""

        def pull(self, reference: Reference, *, temporary: bool = False) -> EngineImage:
            store_image(world.registry, OWN_FULL, other)
            return Engine.pull(self, reference)

    world.engine = Slow(world.engine.registry, own=world.registry)
    with pytest.raises(TagTaken, match=other.manifest.digest[:19]):
        world.retag(engine=True)
    assert world.registry.head(OWN_FULL) == other.manifest.digest
    assert not names(world.engine)


def test_what_the_engine_pulled_and_is_owned_is_not_pushed_again(world: World) -> None:
    world.registry.down.add("docker.io")
    first = world.retag(engine=True).properties
    world.moment += timedelta(days=1)
    again = world.retag(engine=True)
    assert again.properties == first
    assert " up to date: " in again.summary
    assert not names(world.engine)


@pytest.mark.row(34)
def test_a_name_that_is_restored_is_not_for_the_collector(world: World) -> None:
    world.registry.down.add("docker.io")
    before = world.engine.add(str(FULL), b'{"rootfs": {"diff_ids": []}}')
    world.retag(engine=True)
    assert world.engine.images[str(FULL)] == before
    assert str(FULL) not in world.engine.tagged
    assert str(OWN_FULL) in world.engine.tagged


class FirstPlatform(MemoryDaemon):
    """An engine whose platform is the first of `small_index`."""

    def platform(self) -> str:
        return "linux/cpu0"


@pytest.mark.parametrize("is_index", [False, True])
def test_an_owned_base_is_recognised_where_image_ids_are_digests_of_manifests(
    is_index: bool,
) -> None:
    """In the containerd store, the ID of what was pulled is never the digest of a config."""
    registry = MemoryRegistry()
    engine = FirstPlatform(registry=registry, containerd=True)
    request = RetagRequest(copies=COPIES[:1], through="engine")
    moment = MOMENT

    def publish(*environment: str) -> None:
        image = real_image([layer({"etc/debian_version": b"12"})], environment)
        if is_index:
            store_index(registry, FULL, image)
        else:
            store_image(registry, FULL, image)

    def run() -> str:
        nonlocal moment
        moment += timedelta(days=1)
        bases = OwnedBases(registry, Cache(print, []), print)
        done = retag(request, bases=bases, daemon=lambda: engine, clock=lambda: moment)
        return done.summary

    publish("A=1")
    assert "copied under" in run()
    assert run() == "1 base up to date: python:3.11"
    publish("A=2")
    assert "copied under" in run()
    assert run() == "1 base up to date: python:3.11"
