from __future__ import annotations

import json
import re
from pathlib import Path

import attrs
import pytest

from buildbot_ship.errors import (
    DigestMismatch,
    ImageNotFound,
    ImageNotTested,
    OutputMissing,
    RegistryRefused,
    RegistryUnavailable,
    TagTaken,
)
from buildbot_ship.model.artefact import PassedTest
from buildbot_ship.model.decision.push import OwnBlob, PushPlan
from buildbot_ship.model.reference import Reference, Repository, digest_of
from buildbot_ship.registry.interface import Manifest
from buildbot_ship.store.work_folder import Work
from tests.fakes.images import SmallImage, small_image, store_image
from tests.fakes.registry import MemoryRegistry
from tests.unit.verbs.publishing.push_world import (
    BASE,
    BASE_LAYERS,
    COMMIT,
    OWN_LAYER,
    PLACE,
    REQUEST,
    TAG,
    World,
    record,
)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(Work(tmp_path))


def test_the_plan_takes_base_layers_from_the_base_and_sends_the_rest() -> None:
    image = small_image("app", *BASE_LAYERS, OWN_LAYER, foreign=True)
    assert PushPlan.of(REQUEST, record(image), image.manifest.data) == PushPlan(
        reference=TAG,
        base=BASE,
        base_blobs=tuple(map(digest_of, BASE_LAYERS)),
        own_blobs=(
            OwnBlob(digest_of(OWN_LAYER), record(image).layers[0]),
            OwnBlob(image.image_id),
        ),
    )


@pytest.mark.parametrize("oci", [False, True])
def test_an_image_is_pushed_under_its_commit_with_its_base_mounted(
    world: World, oci: bool
) -> None:
    image = world.build(oci=oci)
    result = world.push()
    assert world.registry.calls == [
        *(f"mount {PLACE.at(digest_of(layer))}" for layer in BASE_LAYERS),
        f"upload {PLACE.at(digest_of(OWN_LAYER))}",
        f"upload {PLACE.at(image.image_id)}",
        f"put {TAG}",
    ]
    assert world.registry.manifest(TAG) == image.manifest
    config = image.blobs[image.image_id]
    assert result.status == "success"
    assert result.properties == {
        "ship_pushed_app": {
            "reference": str(TAG),
            "digest": image.manifest.digest,
            "image_id": image.image_id,
            "size": 17,
            "sent_bytes": len(OWN_LAYER) + len(config) + len(image.manifest.data),
        }
    }
    assert re.fullmatch(
        rf"pushed \d\.\d KB, 2 of 3 layers mounted: {re.escape(str(TAG))}",
        result.summary,
    )
    layers = [line for line in world.lines if line.startswith("layer ")]
    assert layers == [
        "layer 1 of 3: mounted",
        "layer 2 of 3: mounted",
        "layer 3 of 3: 0.0 KB sent",
    ]


def test_the_same_image_again_is_success_and_sends_nothing(world: World) -> None:
    image = world.build()
    world.push()
    world.registry.calls.clear()
    result = world.push()
    assert world.registry.calls == []
    assert result.summary == f"already published: {TAG}"
    pushed = result.properties["ship_pushed_app"]
    assert (pushed["digest"], pushed["sent_bytes"]) == (image.manifest.digest, 0)


def test_the_digest_of_the_same_image_in_another_manifest_is_adopted(world: World) -> None:
    image = world.build()
    spaced = Manifest(image.manifest.media_type, image.manifest.data + b"\n")
    for digest, data in image.blobs.items():
        world.registry.upload(PLACE, digest, data)
    world.registry.put(TAG, spaced)
    assert world.push().properties["ship_pushed_app"]["digest"] == spaced.digest
    assert world.registry.head(TAG) == spaced.digest


def test_another_image_under_the_tag_is_a_failure_that_names_both(world: World) -> None:
    first = world.build("first")
    world.push()
    second = world.build("second")
    world.registry.calls.clear()
    with pytest.raises(TagTaken) as caught:
        world.push()
    differs = 'Cmd: ["first"] is published, ["second"] was built'
    short = [image.manifest.digest[:19] for image in (first, second)]
    assert str(caught.value) == (
        f"{TAG} already has another image ({differs}): it names {short[0]}, and is not moved "
        f"to {short[1]}"
    )
    assert caught.value.details.splitlines()[0] == differs
    for image in (first, second):
        assert f"{image.manifest.digest} (image {image.image_id})" in caught.value.details
    assert world.registry.calls == []
    assert world.registry.head(TAG) == first.manifest.digest


def test_another_writer_in_between_is_noticed_before_the_put(world: World) -> None:
    world.build()
    other = small_image("other", OWN_LAYER)
    real = world.registry.upload

    def upload(repository: Repository, digest: str, content: bytes | Path, _: object) -> int:
        store_others(world.registry, other)
        return real(repository, digest, content)

    world.registry.upload = upload  # type: ignore[method-assign,assignment]
    with pytest.raises(TagTaken, match=other.manifest.digest[:19]):
        world.push()
    assert world.registry.head(TAG) == other.manifest.digest


def store_others(registry: MemoryRegistry, image: SmallImage) -> None:
    registry.store(TAG, image.manifest)


def test_another_writer_right_after_the_put_is_noticed(world: World) -> None:
    world.build()
    other = small_image("other", OWN_LAYER)
    world.registry.after_put = lambda _: store_others(world.registry, other)
    with pytest.raises(TagTaken, match=other.manifest.digest[:19]):
        world.push()


def test_another_writer_of_the_same_image_is_no_failure(world: World) -> None:
    image = world.build()
    world.registry.before_put = lambda _: store_others(world.registry, image)
    assert world.push().properties["ship_pushed_app"]["digest"] == image.manifest.digest


def test_a_tag_that_vanishes_is_a_failure(world: World) -> None:
    world.build()
    world.registry.after_put = lambda _: world.registry.tags.clear()
    with pytest.raises(RegistryRefused, match="the tag disappeared"):
        world.push()


def test_blobs_that_are_there_are_not_sent(world: World) -> None:
    image = world.build()
    for digest, data in image.blobs.items():
        world.registry.upload(PLACE, digest, data)
    world.registry.calls.clear()
    result = world.push()
    # The config is sent without a question: that of a new commit is new.
    config = json.loads(image.manifest.data)["config"]
    assert world.registry.calls == [f"upload {PLACE.at(config['digest'])}", f"put {TAG}"]
    sent = result.properties["ship_pushed_app"]["sent_bytes"]
    assert sent == config["size"] + len(image.manifest.data)


@pytest.mark.parametrize("where", ["no mounts", "another registry"])
def test_a_base_that_cannot_be_mounted_is_copied(world: World, where: str) -> None:
    base = BASE
    if where == "no mounts":
        world.registry.mounts = False
    else:
        base = Repository.parse("upstream.test/library/python")
        store_image(world.registry, base.tagged("1"), small_image("base", *BASE_LAYERS))
    image = world.build(base=base)
    world.registry.calls.clear()
    world.push()
    assert [call.split()[0] for call in world.registry.calls] == ["upload"] * 4 + ["put"]
    assert world.registry.blob(PLACE, digest_of(BASE_LAYERS[0])) == BASE_LAYERS[0]
    assert world.registry.head(TAG) == image.manifest.digest


def test_a_base_that_is_gone_is_named_and_nothing_is_published(world: World) -> None:
    world.build(base=Repository.parse("registry.test/own/gone"))
    with pytest.raises(ImageNotFound, match="own/gone@sha256:"):
        world.push()
    assert world.registry.head(TAG) is None


def test_an_image_of_another_commit_is_not_pushed(world: World) -> None:
    image = world.build()
    world.work.save(attrs.evolve(record(image), commit="f" * 40))
    with pytest.raises(OutputMissing, match="image app"):
        world.push()


LAYER = f"../../layers/{digest_of(OWN_LAYER)[7:]}.tar.gz"


@pytest.mark.parametrize("file", ["manifest.json", "config.json", LAYER])
def test_a_file_that_is_gone_means_building_again(world: World, file: str) -> None:
    world.build()
    (world.work.image("app") / file).unlink()
    with pytest.raises(OutputMissing) as caught:
        world.push()
    assert "BuildRuntimeImage" in caught.value.remedy
    assert world.registry.head(TAG) is None


@pytest.mark.parametrize("file", ["manifest.json", "config.json", LAYER])
def test_a_file_that_changed_is_not_pushed(world: World, file: str) -> None:
    world.build()
    path = world.work.image("app") / file
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises((DigestMismatch, OutputMissing)):
        world.push()
    assert world.registry.head(TAG) is None


def test_a_registry_that_is_down_is_said(world: World) -> None:
    world.build()
    world.registry.down.add(PLACE.registry)
    with pytest.raises(RegistryUnavailable):
        world.push()


def test_the_result_is_json(world: World) -> None:
    world.build()
    properties = world.push().properties
    assert json.loads(json.dumps(properties)) == properties
    assert Reference.parse(properties["ship_pushed_app"]["reference"]) == TAG


def test_only_the_tested_manifest_is_pushed_if_a_test_is_required(world: World) -> None:
    image = world.build()
    request = attrs.evolve(REQUEST, tested=True)
    with pytest.raises(ImageNotTested, match="no smoke test of this commit has passed"):
        world.push(request)
    other = small_image("app", *BASE_LAYERS, b"another pex")
    world.work.save(PassedTest(COMMIT, "app", other.manifest.digest, other.image_id))
    with pytest.raises(ImageNotTested, match=f"has the digest {other.manifest.digest}"):
        world.push(request)
    world.work.save(PassedTest("another commit", "app", image.manifest.digest, image.image_id))
    with pytest.raises(ImageNotTested, match="no smoke test of this commit has passed"):
        world.push(request)
    assert world.registry.head(TAG) is None
    world.work.save(PassedTest(COMMIT, "app", image.manifest.digest, image.image_id))
    pushed = world.push(request).properties["ship_pushed_app"]
    assert pushed["digest"] == world.registry.head(TAG) == image.manifest.digest
