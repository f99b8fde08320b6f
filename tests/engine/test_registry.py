"""The real client and real registries do what every registry does, and what only they can."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from buildbot_ship.daemon.interface import Daemon
from buildbot_ship.errors import RegistryRefused, RegistryUnavailable, TagTaken
from buildbot_ship.model.reference import Reference, Repository, digest_of
from buildbot_ship.model.request import BaseCopy, RetagRequest
from buildbot_ship.model.result import Result
from buildbot_ship.registry.client import RegistryClient
from buildbot_ship.registry.copy import Copied, copy
from buildbot_ship.registry.http.retry import RetryPolicy
from buildbot_ship.registry.interface import Registry
from buildbot_ship.verbs.bases.owned_bases import OwnedBases
from buildbot_ship.verbs.bases.retag import retag
from buildbot_ship.verbs.shared.cache import Cache
from tests.contract.registry import RegistryContract
from tests.engine.private_registry import private_registry
from tests.fakes.images import small_image, store_image
from tests.small_disk import small_disk

if TYPE_CHECKING:
    from lab.bases import Bases
    from lab.registries import Registry as Served


@pytest.fixture
def registry() -> Registry:
    return RegistryClient()


@pytest.fixture
def place(own_registry: Served) -> Repository:
    return Repository(own_registry.address, f"test-registry/{uuid.uuid4().hex}")


class TestRegistryClient(RegistryContract):
    """The contract."""


def test_a_base_is_copied_from_one_registry_to_another_without_change(
    registry: Registry, place: Repository, bases: Bases
) -> None:
    source, destination = Reference.parse(bases.slim.reference), place.tagged("then")
    copied = copy(registry, source, destination)
    assert registry.head(destination) == bases.slim.digest
    assert (copied.mounted, copied.sent) == (0, 2)
    assert copied.bytes_sent > 10_000_000
    again = copy(registry, source, destination)
    assert again == Copied()


def test_a_registry_that_is_killed_and_comes_back_gets_the_upload(
    own_registry: Served, place: Repository
) -> None:
    pauses: list[float] = []

    def come_back(seconds: float) -> None:
        pauses.append(seconds)
        own_registry.start()

    blob = uuid.uuid4().bytes * 1_000_000
    client = RegistryClient(sleep=come_back)
    own_registry.kill()
    assert client.upload(place, digest_of(blob), blob) == len(blob)
    assert len(pauses) == 1
    assert client.has(place, digest_of(blob))


def test_a_registry_that_is_not_there_is_unavailable_after_a_bounded_wait() -> None:
    pauses: list[float] = []
    policy = RetryPolicy(patience=4.0, chance=lambda: 0.5)
    client = RegistryClient(policy=policy, sleep=pauses.append)
    # Port 1 is nobody's.
    with pytest.raises(RegistryUnavailable, match="connection refused"):
        client.head(Reference.parse("127.0.0.1:1/team/app:1"))
    assert pauses == [0.5, 1.0, 2.0]


def test_an_image_of_this_size_goes_in_one_piece(registry: Registry, place: Repository) -> None:
    image = small_image("big", uuid.uuid4().bytes * 4_000_000)
    store_image(registry, place.tagged("1"), image)
    (layer,) = [digest for digest in image.blobs if digest != image.image_id]
    assert sum(map(len, registry.stream(place, layer))) == 64_000_000


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A folder that holds 2 MiB."""
    with small_disk(tmp_path / "disk", 2) as folder:
        yield folder


def test_a_full_disk_of_the_registry_is_said(disk: Path, tmp_path: Path) -> None:
    blob = uuid.uuid4().bytes * 500_000
    with private_registry(tmp_path, storage=disk) as address:
        client = RegistryClient(sleep=lambda _: None)
        with pytest.raises(RegistryRefused, match="its disk is full"):
            client.upload(Repository(address, "team/app"), digest_of(blob), blob)


MOMENT = datetime(2026, 11, 23, 4, 50, 49, 169150, tzinfo=UTC)


def retag_in_that_microsecond(source: Reference, place: Repository) -> Result:
    request = RetagRequest(copies=(BaseCopy(str(source), str(place)),), through="registry")
    bases = OwnedBases(RegistryClient(), Cache(print, []), print)
    return retag(request, bases=bases, daemon=no_engine, clock=lambda: MOMENT)


def no_engine() -> Daemon:
    raise AssertionError("no engine is asked")


@pytest.mark.row(18)
def test_re_taggings_of_one_base_in_the_same_microsecond_all_succeed(
    registry: Registry, place: Repository
) -> None:
    source = Repository(place.registry, f"{place.path}-upstream").tagged("3.11")
    image = small_image("base", b"layer")
    store_image(registry, source, image)
    with ThreadPoolExecutor() as pool:
        done = list(pool.map(lambda _: retag_in_that_microsecond(source, place), range(4)))
    copies = [result.properties["ship_bases"][str(source)] for result in done]
    assert {copy["digest"] for copy in copies} == {image.manifest.digest}
    assert len({copy["reference"] for copy in copies}) == 1
    assert registry.head(Reference.parse(copies[0]["reference"])) == image.manifest.digest


@pytest.mark.row(18)
@pytest.mark.row(19)
def test_a_re_tagging_of_another_base_in_the_same_microsecond_moves_no_tag(
    registry: Registry, place: Repository
) -> None:
    """As after the clock went back: the tag exists already."""
    source = Repository(place.registry, f"{place.path}-upstream").tagged("3.11")
    first, second = small_image("first", b"layer"), small_image("second", b"layer")
    store_image(registry, source, first)
    owned = retag_in_that_microsecond(source, place).properties["ship_bases"][str(source)]
    store_image(registry, source, second)
    with pytest.raises(TagTaken, match=first.manifest.digest[:19]):
        retag_in_that_microsecond(source, place)
    assert registry.head(Reference.parse(owned["reference"])) == first.manifest.digest
