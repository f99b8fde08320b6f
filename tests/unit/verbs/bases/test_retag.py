from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta, timezone
from pathlib import Path

import attrs
import pytest

from buildbot_ship.errors import ImageNotFound, InvalidRequest, TagTaken
from buildbot_ship.model.decision.retag import RetagPlan
from buildbot_ship.model.reference import Reference, Repository
from buildbot_ship.model.request import BaseCopy, RetagRequest
from buildbot_ship.model.tag import timestamp_tag
from buildbot_ship.registry.interface import Manifest
from buildbot_ship.store.disk_cache import DiskCache
from tests.fakes.images import (
    SmallImage,
    layer,
    real_image,
    small_image,
    store_image,
    store_index,
)
from tests.unit.verbs.bases.retag_world import (
    COPIES,
    FULL,
    MOMENT,
    OWN_FULL,
    OWN_SLIM,
    REQUEST,
    SLIM,
    TAG,
    World,
)


@pytest.fixture
def world() -> World:
    return World()


def test_the_plan_has_one_tag_for_all() -> None:
    zone = timezone(timedelta(hours=2))
    plan = RetagPlan.of(REQUEST, MOMENT.astimezone(zone))
    assert plan == RetagPlan(TAG, ((FULL, OWN_FULL), (SLIM, OWN_SLIM)))


def test_two_sources_do_not_go_to_one_destination() -> None:
    copies = tuple(
        attrs.evolve(copy, destination="registry.test/own/python") for copy in COPIES
    )
    with pytest.raises(InvalidRequest, match=r"python:3\.11 and .*python:3\.11-slim"):
        RetagRequest(copies=copies)


def test_a_pair_is_copied_under_one_timestamp_with_its_digests(world: World) -> None:
    result = world.retag()
    assert result.summary == f"2 bases copied under {TAG}: python:3.11, python:3.11-slim"
    assert result.properties == {
        "ship_bases": {
            "python:3.11": {
                "reference": str(OWN_FULL),
                "digest": world.digests[str(FULL)],
                "through": "registry",
            },
            "python:3.11-slim": {
                "reference": str(OWN_SLIM),
                "digest": world.digests[str(SLIM)],
                "through": "registry",
            },
        }
    }
    for source, own in ((FULL, OWN_FULL), (SLIM, OWN_SLIM)):
        assert world.registry.manifest(own) == world.registry.manifest(source)


def test_on_one_registry_nothing_is_uploaded(world: World) -> None:
    source = Repository.parse("registry.test/mirror/python").tagged("3.11")
    store_image(world.registry, source, small_image("python", b"debian"))
    world.registry.calls.clear()
    copy = BaseCopy(source=str(source), destination=str(OWN_FULL.repository))
    world.retag(RetagRequest(copies=(copy,)))
    kinds = [call.split()[0] for call in world.registry.calls]
    assert kinds == ["mount", "mount", "put"]
    assert "2 blobs mounted, 0 sent (0 bytes)" in world.lines[-1]


def test_all_platforms_of_an_index_are_copied(world: World) -> None:
    parts = [small_image(name, name.encode(), oci=True) for name in ("amd64", "arm64")]
    index = store_index(world.registry, FULL, *parts)
    world.retag()
    assert world.registry.head(OWN_FULL) == index.digest
    for part in parts:
        at = OWN_FULL.repository.at(part.manifest.digest)
        assert world.registry.manifest(at) == part.manifest


def test_layers_from_elsewhere_are_left_there(world: World) -> None:
    image = small_image("windows", b"own", foreign=True)
    store_image(world.registry, FULL, image)
    world.retag()
    assert world.registry.manifest(OWN_FULL) == image.manifest


def test_a_tag_that_exists_is_an_error_before_anything_is_copied(world: World) -> None:
    other = small_image("other", b"layer")
    store_image(world.registry, OWN_SLIM, other)
    world.registry.calls.clear()
    with pytest.raises(TagTaken, match=other.manifest.digest[:19]) as caught:
        world.retag()
    assert caught.value.reference == str(OWN_SLIM)
    assert world.registry.calls == []


def owned(world: World) -> World:
    """Return the world after a night, at another moment."""
    world.retag()
    world.registry.calls.clear()
    world.moment = MOMENT + timedelta(days=1)
    return world


def test_a_night_without_news_makes_no_tag(world: World) -> None:
    first = world.retag()
    again = owned(World(registry=world.registry)).retag()
    assert again.properties == first.properties
    assert again.summary == "2 bases up to date: python:3.11, python:3.11-slim"
    assert again.texts == {}
    assert world.registry.calls == []


def test_only_what_moved_upstream_is_copied(world: World) -> None:
    store_image(owned(world).registry, SLIM, small_image("newer", b"debian"))
    result = world.retag()
    tag = timestamp_tag(MOMENT + timedelta(days=1))
    assert result.summary == (
        f"1 base copied under {tag}: python:3.11-slim; 1 base up to date: python:3.11"
    )
    bases = result.properties["ship_bases"]
    assert bases["python:3.11"]["reference"] == str(OWN_FULL)
    assert bases["python:3.11-slim"]["reference"] == str(OWN_SLIM.repository.tagged(tag))


def test_what_is_owned_under_another_tag_than_a_moment_is_no_copy_of_ours(world: World) -> None:
    same = world.registry.manifest(FULL)
    store_image(world.registry, OWN_FULL.repository.tagged("z"), small_image("3.11", b"debian"))
    assert same is not None
    assert TAG in world.retag().summary


def test_the_newest_copy_counts_and_not_an_older_one(world: World) -> None:
    older = world.registry.manifest(SLIM)
    assert older is not None
    newer = small_image("newer", b"debian")
    store_image(owned(world).registry, SLIM, newer)
    world.retag()
    world.registry.store(SLIM, older)
    world.moment = MOMENT + timedelta(days=2)
    assert "1 base copied under 2026-11-25" in world.retag().summary


def debian(python: str, *packages: str) -> SmallImage:
    """Return an image of two layers, the upper without a package database."""
    paragraphs = [
        "Package: {}\nStatus: install ok installed\nVersion: {}\n".format(*package.split())
        for package in packages
    ]
    status = "\n".join(paragraphs).encode()
    lower = layer({"./var/lib/dpkg/status": status})
    return real_image([lower, layer({"app": b"x"})], [f"PYTHON_VERSION={python}"])


def test_what_changed_between_two_bases_is_told(world: World) -> None:
    store_image(world.registry, FULL, debian("3.11.9", "libc6 2.36-9", "gone 1", "same 1"))
    new = debian("3.11.10", "libc6 2.36-10", "same 1", "zlib1g 1.3")
    store_image(owned(world).registry, FULL, new)
    texts = world.retag().texts
    lines = texts["bases.txt"].splitlines()
    assert lines[0] == str(OWN_FULL)
    assert lines[1].startswith("  -> registry.test/own/python311:2026-11-24")
    assert lines[3] == "  Python: 3.11.10, was 3.11.9"
    assert lines[4].startswith("  size: 0.0 MB, was")
    assert lines[5:] == [
        "  packages: 3 of 3 changed",
        "    - gone 1",
        "    libc6 2.36-9 -> 2.36-10",
        "    + zlib1g 1.3",
    ]


def hardened_debian(version: str) -> SmallImage:
    """Return an image with a file for each package, in two layers."""
    first = {"var/lib/dpkg/status.d/base": b"Package: base-files\nVersion: 12\n"}
    second = {"var/lib/dpkg/status.d/libc6": f"Package: libc6\nVersion: {version}\n".encode()}
    return real_image([layer(first), layer(second)], ["PYTHON_VERSION=3.14.1"])


def wolfi(version: str) -> SmallImage:
    text = f"P:glibc\nV:{version}\n\nP:python-3.14\nV:3.14.1-r0\n"
    return real_image([layer({"usr/lib/apk/db/installed": text.encode()})], ["A=b"])


@pytest.mark.parametrize(
    ("make", "python", "line"),
    [
        (hardened_debian, "3.14.1", "    libc6 1 -> 2"),
        (wolfi, "3.14.1-r0", "    glibc 1 -> 2"),
    ],
)
def test_packages_of_hardened_bases_are_compared(
    world: World, make: Callable[[str], SmallImage], python: str, line: str
) -> None:
    store_image(world.registry, FULL, make("1"))
    store_image(owned(world).registry, FULL, make("2"))
    lines = world.retag().texts["bases.txt"].splitlines()
    assert lines[3] == f"  Python: {python}"
    assert lines[5:] == ["  packages: 1 of 2 changed", line]


def test_a_worker_reads_what_is_in_a_base_once(world: World, tmp_path: Path) -> None:
    world.stores.append(DiskCache(tmp_path))
    second = debian("3.11.10", "libc6 2")
    store_image(world.registry, FULL, debian("3.11.9", "libc6 1"))
    store_image(owned(world).registry, FULL, second)
    world.retag()
    for digest in second.blobs:
        world.registry.blobs.pop((OWN_FULL.repository, digest))
    store_image(world.registry, FULL, debian("3.11.11", "libc6 3"))
    world.moment += timedelta(days=1)
    lines = world.retag().texts["bases.txt"].splitlines()
    assert lines[0].startswith("registry.test/own/python311:2026-11-24")
    assert lines[3] == "  Python: 3.11.11, was 3.11.10"


def test_of_an_index_one_platform_is_told(world: World) -> None:
    for python in ("3.11.9", "3.11.10"):
        store_index(world.registry, FULL, debian(python, "libc6 1"), debian("9", "libc6 9"))
        result = world.retag()
        owned(world)
    assert "  Python: 3.11.10, was 3.11.9" in result.texts["bases.txt"]


def test_a_layer_that_is_no_tar_keeps_nothing_from_being_copied(world: World) -> None:
    image = real_image([b"no tar"], [])
    store_image(owned(world).registry, FULL, image)
    result = world.retag()
    assert "cannot compare the bases: " in result.texts["bases.txt"]
    assert result.status == "success"


def test_two_at_once_with_one_image_both_succeed(world: World) -> None:
    same = world.registry.manifest(FULL)
    world.registry.before_put = store_at(world, OWN_FULL, same)
    bases = world.retag().properties["ship_bases"]
    assert bases["python:3.11"]["digest"] == world.digests[str(FULL)]


def test_two_at_once_with_different_images_do_not_both_succeed(world: World) -> None:
    other = small_image("other", b"layer").manifest
    world.registry.after_put = store_at(world, OWN_FULL, other)
    with pytest.raises(TagTaken, match=other.digest[:19]):
        world.retag()


def test_the_same_config_under_another_digest_is_still_another_copy(world: World) -> None:
    same = world.registry.manifest(FULL)
    assert same is not None
    spaced = Manifest(same.media_type, same.data + b"\n")
    world.registry.after_put = store_at(world, OWN_FULL, spaced)
    with pytest.raises(TagTaken, match=spaced.digest[:19]):
        world.retag()


def store_at(
    world: World, own: Reference, manifest: Manifest | None
) -> Callable[[Reference], None]:
    assert manifest is not None

    def store(reference: Reference) -> None:
        if reference == own:
            world.registry.store(own, manifest)

    return store


@pytest.mark.parametrize("through", ["auto", "registry"])
def test_a_missing_source_leaves_nothing_half_done(world: World, through: str) -> None:
    missing = BaseCopy(source="python:3.99", destination="registry.test/own/python399")
    request = RetagRequest(copies=(*COPIES, missing), through=through)
    with pytest.raises(ImageNotFound, match=r"docker\.io/library/python:3\.99"):
        world.retag(request)
    assert world.registry.calls == []


def test_a_source_that_moves_meanwhile_is_copied_as_it_was_looked_at(world: World) -> None:
    # The second source moves while the first is copied.
    newer = small_image("newer", b"debian")
    store_image(world.registry, SLIM.repository.at(newer.manifest.digest), newer)

    def move(_: Reference) -> None:
        world.registry.store(SLIM, newer.manifest)

    world.registry.after_put = move
    world.retag()
    assert world.registry.head(OWN_SLIM) == world.digests[str(SLIM)]
