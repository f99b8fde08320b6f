from __future__ import annotations

import attrs
import pytest

from buildbot_ship.errors import ChannelMoved, ImageNotFound, RegistryRefused
from buildbot_ship.model.reference import Reference
from buildbot_ship.model.request import PromoteRequest
from buildbot_ship.verbs.publishing.promote import promote
from tests.fakes.images import small_image, store_image
from tests.fakes.registry import MemoryRegistry
from tests.unit.verbs.publishing.push_world import COMMIT, PLACE, TAG

CHANNEL = PLACE.tagged("production")
FIRST, SECOND = small_image("first", b"1"), small_image("second", b"2")


@pytest.fixture
def registry() -> MemoryRegistry:
    registry = MemoryRegistry()
    store_image(registry, TAG, FIRST)
    store_image(registry, PLACE.tagged("f" * 40), SECOND)
    registry.calls.clear()
    return registry


def request(image: str = FIRST.manifest.digest, expected: str = "") -> PromoteRequest:
    return PromoteRequest(str(PLACE), image, expected=expected)


@pytest.mark.parametrize("image", [FIRST.manifest.digest, COMMIT])
def test_a_channel_is_set_to_the_same_manifest(registry: MemoryRegistry, image: str) -> None:
    result = promote(request(image), registry=registry)
    assert registry.calls == [f"put {CHANNEL}"]
    assert registry.manifest(CHANNEL) == FIRST.manifest
    assert result.properties["ship_promoted"] == {
        "repository": str(PLACE),
        "channel": "production",
        "reference": str(CHANNEL),
        "digest": FIRST.manifest.digest,
        "previous": "",
    }


def test_a_roll_back_is_the_image_before(registry: MemoryRegistry) -> None:
    promote(request(), registry=registry)
    promote(request("f" * 40), registry=registry)
    back = promote(request(), registry=registry)
    assert back.properties["ship_promoted"]["previous"] == SECOND.manifest.digest
    assert registry.head(CHANNEL) == FIRST.manifest.digest


def test_the_same_again_writes_nothing(registry: MemoryRegistry) -> None:
    promote(request(), registry=registry)
    registry.calls.clear()
    assert "already" in promote(request(), registry=registry).summary
    assert registry.calls == []


def test_a_channel_that_somebody_moved_meanwhile_is_left_alone(
    registry: MemoryRegistry,
) -> None:
    promote(request("f" * 40), registry=registry)
    registry.calls.clear()
    wrong = request(expected=FIRST.manifest.digest)
    with pytest.raises(ChannelMoved, match=SECOND.manifest.digest):
        promote(wrong, registry=registry)
    assert registry.calls == []
    right = attrs.evolve(wrong, expected=SECOND.manifest.digest)
    assert promote(right, registry=registry).status == "success"


@pytest.mark.parametrize("image", ["sha256:" + "0" * 64, "0" * 40])
def test_an_image_that_is_not_published_is_refused(
    registry: MemoryRegistry, image: str
) -> None:
    with pytest.raises(ImageNotFound, match=image):
        promote(request(image), registry=registry)
    assert registry.calls == []


def test_a_channel_that_another_writer_moves_at_once_is_a_failure(
    registry: MemoryRegistry,
) -> None:
    def other(reference: Reference) -> None:
        registry.store(reference, SECOND.manifest)

    registry.after_put = other
    with pytest.raises(RegistryRefused, match=SECOND.manifest.digest):
        promote(request(), registry=registry)
