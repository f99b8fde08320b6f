"""What a push does with the claim that its master or the git server gave it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from buildbot_ship.cli.call import _failure_result
from buildbot_ship.errors import (
    DigestMismatch,
    GitUnavailable,
    OutputMissing,
    RegistryRefused,
    RegistryUnavailable,
    ShipError,
    TagClaimed,
    TagTaken,
)
from buildbot_ship.model.reference import Reference
from buildbot_ship.model.request.settings import TagClaim
from buildbot_ship.store.work_folder import Work
from tests.fakes.images import small_image, store_image
from tests.unit.verbs.publishing.push_world import COMMIT, OWN_LAYER, PLACE, TAG, World

OTHER = small_image("other", OWN_LAYER)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(Work(tmp_path))


def test_a_claimed_image_is_pushed(world: World) -> None:
    claim = TagClaim(str(TAG), world.build().manifest.digest)
    assert world.push(claim=claim).summary.startswith("pushed ")


def test_a_tag_that_is_claimed_for_another_image_stays_free_and_nothing_is_sent(
    world: World,
) -> None:
    digest = world.build().manifest.digest
    with pytest.raises(TagClaimed) as caught:
        world.push(claim=TagClaim(str(TAG), OTHER.manifest.digest, "build 7 of ship"))
    for text in (str(TAG), digest, OTHER.manifest.digest, "build 7 of ship"):
        assert text in str(caught.value)
    assert "take_over" in caught.value.remedy
    assert world.registry.calls == []
    assert world.registry.head(TAG) is None


def test_the_same_image_is_adopted_whoever_has_the_claim(world: World) -> None:
    image = world.build()
    store_image(world.registry, TAG, image)
    claim = TagClaim(str(TAG), OTHER.manifest.digest, "build 7 of ship")
    result = world.push(claim=claim)
    assert result.summary == f"already published: {TAG}"
    assert result.properties["ship_pushed_app"]["digest"] == image.manifest.digest


@pytest.mark.parametrize(
    "claim",
    [
        TagClaim(str(TAG), OTHER.manifest.digest),
        TagClaim(str(PLACE.tagged("f" * 40)), small_image("app").manifest.digest),
    ],
)
def test_only_the_image_that_was_claimed_is_pushed(world: World, claim: TagClaim) -> None:
    world.build()
    with pytest.raises(DigestMismatch, match="that the master claimed"):
        world.push(claim=claim)
    assert world.registry.calls == []


def test_a_claim_in_git_is_made_after_the_blobs_and_before_the_tag(world: World) -> None:
    image, claimed = world.build(), list[tuple[Reference, str, list[str]]]()

    def claim_ref(reference: Reference, digest: str) -> None:
        claimed.append((reference, digest, [call.split()[0] for call in world.registry.calls]))

    assert world.push(claim_ref=claim_ref).summary.startswith("pushed ")
    assert claimed == [(TAG, image.manifest.digest, ["mount"] * 2 + ["upload"] * 2)]
    assert world.registry.calls[-1] == f"put {TAG}"
    world.push(claim_ref=claim_ref)
    assert len(claimed) == 1


def raising(error: ShipError) -> Callable[[Reference, str], None]:
    def claim_ref(_: Reference, __: str) -> None:
        raise error

    return claim_ref


@pytest.mark.parametrize(
    "error", [TagClaimed(str(TAG), "a", "b", "c"), GitUnavailable("host", "down")]
)
def test_without_the_claim_in_git_nothing_is_published(world: World, error: ShipError) -> None:
    world.build()
    with pytest.raises(type(error)) as caught:
        world.push(claim_ref=raising(error))
    assert caught.value.unpublished
    assert world.registry.head(TAG) is None


def test_a_failure_before_the_tag_is_written_frees_the_claim(world: World) -> None:
    world.build()
    (world.work.image("app") / "config.json").unlink()
    with pytest.raises(OutputMissing) as caught:
        world.push()
    failure = _failure_result("push", caught.value).failure
    assert failure is not None
    assert failure.unpublished


def test_another_image_that_is_there_already_frees_the_claim(world: World) -> None:
    world.build()
    store_image(world.registry, TAG, OTHER)
    with pytest.raises(TagTaken) as caught:
        world.push()
    assert caught.value.unpublished


def test_a_failure_while_the_tag_is_written_or_after_it_does_not(world: World) -> None:
    world.build()

    def break_off(_: Reference) -> None:
        raise RegistryUnavailable(PLACE.registry, "the connection broke")

    world.registry.before_put = break_off
    with pytest.raises(RegistryUnavailable) as caught:
        world.push()
    assert not caught.value.unpublished
    world.registry.before_put = None
    world.registry.after_put = lambda _: world.registry.store(TAG, OTHER.manifest)
    with pytest.raises(TagTaken) as overwritten:
        world.push()
    failure = _failure_result("push", overwritten.value).failure
    assert failure is not None
    assert not failure.unpublished


def test_the_config_is_there_after_the_push(world: World) -> None:
    image = world.build()

    def lose(_: Reference) -> None:
        del world.registry.blobs[PLACE, image.image_id]

    world.registry.after_put = lose
    with pytest.raises(RegistryRefused, match=f"the config {image.image_id} is missing"):
        world.push()


def test_a_master_that_died_after_the_push_continues(world: World) -> None:
    claim = TagClaim(str(TAG), world.build().manifest.digest)
    first = world.push(claim=claim).properties["ship_pushed_app"]
    again = world.push(claim=claim).properties["ship_pushed_app"]
    assert again == {**first, "sent_bytes": 0}
    assert COMMIT in again["reference"]
