"""The contract of every Registry: the real client and the one in memory pass the same tests.

A subclass provides two fixtures: ``registry``, and ``place``, an unused repository on a running
registry.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from buildbot_ship.errors import (
    DigestMismatch,
    ImageNotFound,
    InvalidReference,
    RegistryRefused,
    TagTaken,
)
from buildbot_ship.model.reference import Reference, Repository, digest_of
from buildbot_ship.registry.copy import Copied, copy
from buildbot_ship.registry.immutable_tag import publish
from buildbot_ship.registry.interface import Registry
from tests.fakes.images import small_image, store_image, store_index

BLOB = b"a blob" * 100_000
DIGEST = digest_of(BLOB)


def beside(place: Repository, name: str) -> Repository:
    """Return another repository on the registry of *place*."""
    return Repository(place.registry, f"{place.path}-{name}")


class RegistryContract:
    """The tests of the contract."""

    def test_a_blob_comes_back_as_it_was_sent(
        self, registry: Registry, place: Repository
    ) -> None:
        assert not registry.has(place, DIGEST)
        assert registry.upload(place, DIGEST, BLOB) == len(BLOB)
        assert registry.has(place, DIGEST)
        assert registry.blob(place, DIGEST) == BLOB
        assert b"".join(registry.stream(place, DIGEST)) == BLOB

    def test_a_blob_may_come_from_a_file(
        self, registry: Registry, place: Repository, tmp_path: Path
    ) -> None:
        path = tmp_path / "blob"
        path.write_bytes(BLOB)
        assert registry.upload(place, DIGEST, path) == len(BLOB)
        assert registry.blob(place, DIGEST) == BLOB

    def test_an_upload_shows_its_progress(self, registry: Registry, place: Repository) -> None:
        shown: list[tuple[int, int]] = []
        registry.upload(place, DIGEST, BLOB, lambda sent, size: shown.append((sent, size)))
        assert {size for _, size in shown} == {len(BLOB)}
        sent = [sent for sent, _ in shown]
        assert sent == sorted(set(sent))
        assert sent[-1] <= len(BLOB)

    def test_a_blob_with_another_digest_is_not_taken(
        self, registry: Registry, place: Repository
    ) -> None:
        with pytest.raises(DigestMismatch) as caught:
            registry.upload(place, DIGEST, b"something else")
        assert caught.value.got == digest_of(b"something else")
        assert not registry.has(place, DIGEST)

    def test_a_blob_that_is_not_there_is_named(
        self, registry: Registry, place: Repository
    ) -> None:
        with pytest.raises(ImageNotFound, match=DIGEST):
            registry.blob(place, DIGEST)
        with pytest.raises(ImageNotFound, match=DIGEST):
            list(registry.stream(place, DIGEST))

    def test_a_blob_is_mounted_from_a_repository_that_has_it(
        self, registry: Registry, place: Repository
    ) -> None:
        other = beside(place, "other")
        registry.upload(other, DIGEST, BLOB)
        assert registry.mount(place, DIGEST, other)
        assert registry.blob(place, DIGEST) == BLOB

    def test_a_blob_is_not_mounted_from_a_repository_that_lacks_it(
        self, registry: Registry, place: Repository
    ) -> None:
        assert not registry.mount(place, DIGEST, beside(place, "other"))
        assert not registry.has(place, DIGEST)

    def test_a_blob_is_not_mounted_from_another_registry(
        self, registry: Registry, place: Repository
    ) -> None:
        elsewhere = Repository("registry.example.com", place.path)
        assert not registry.mount(place, DIGEST, elsewhere)

    @pytest.mark.parametrize("oci", [False, True])
    def test_a_manifest_keeps_its_bytes_and_its_kind(
        self, registry: Registry, place: Repository, oci: bool
    ) -> None:
        image = small_image("app", b"layer", oci=oci)
        store_image(registry, place.tagged("1"), image)
        assert registry.manifest(place.tagged("1")) == image.manifest
        assert registry.manifest(place.at(image.manifest.digest)) == image.manifest
        assert registry.head(place.tagged("1")) == image.manifest.digest
        assert registry.head(place.at(image.manifest.digest)) == image.manifest.digest

    def test_an_index_keeps_its_bytes(self, registry: Registry, place: Repository) -> None:
        index = store_index(registry, place.tagged("1"), small_image("one", b"l", oci=True))
        assert registry.manifest(place.tagged("1")) == index

    def test_a_tag_that_is_not_there_is_none(
        self, registry: Registry, place: Repository
    ) -> None:
        store_image(registry, place.tagged("1"), small_image("app", b"layer"))
        assert registry.head(place.tagged("2")) is None
        assert registry.manifest(place.tagged("2")) is None
        assert registry.head(place.at(DIGEST)) is None
        assert registry.manifest(beside(place, "nothing").tagged("1")) is None

    def test_tags_are_listed_and_digests_are_not(
        self, registry: Registry, place: Repository
    ) -> None:
        image = small_image("app", b"layer")
        for name in ("1", "2"):
            store_image(registry, place.tagged(name), image)
        store_image(registry, place.at(image.manifest.digest), image)
        assert sorted(registry.list_tags(place)) == ["1", "2"]
        assert registry.list_tags(beside(place, "nothing")) == ()

    def test_a_reference_to_nothing_in_particular_is_an_error(
        self, registry: Registry, place: Repository
    ) -> None:
        with pytest.raises(InvalidReference, match="neither tag nor digest"):
            registry.manifest(Reference(place))

    def test_a_manifest_needs_its_blobs(self, registry: Registry, place: Repository) -> None:
        with pytest.raises(RegistryRefused, match="blob unknown"):
            registry.put(place.tagged("1"), small_image("app", b"layer").manifest)
        assert registry.head(place.tagged("1")) is None

    def test_a_manifest_is_not_put_under_another_digest(
        self, registry: Registry, place: Repository
    ) -> None:
        with pytest.raises(DigestMismatch, match=DIGEST):
            registry.put(place.at(DIGEST), small_image("app").manifest)

    def test_a_copy_on_one_registry_is_mounted_and_keeps_its_digest(
        self, registry: Registry, place: Repository
    ) -> None:
        image = small_image("app", b"one", b"two")
        store_image(registry, place.tagged("1"), image)
        destination = beside(place, "copy").tagged("then")
        assert copy(registry, place.tagged("1"), destination) == Copied(0, 3, 0)
        assert registry.manifest(destination) == image.manifest

    def test_a_copy_of_an_index_holds_all_platforms(
        self, registry: Registry, place: Repository
    ) -> None:
        images = [small_image(name, name.encode(), b"all", oci=True) for name in "ab"]
        index = store_index(registry, place.tagged("1"), *images)
        destination = beside(place, "copy").tagged("then")
        # The layer that both share is taken once.
        assert copy(registry, place.tagged("1"), destination) == Copied(0, 5, 0)
        assert registry.head(destination) == index.digest
        for image in images:
            at = destination.repository.at(image.manifest.digest)
            assert registry.manifest(at) == image.manifest

    def test_a_copy_of_nothing_is_an_error(self, registry: Registry, place: Repository) -> None:
        with pytest.raises(ImageNotFound, match="nothing"):
            copy(registry, place.tagged("nothing"), place.tagged("2"))

    def test_a_tag_is_published_once_and_never_moves(
        self, registry: Registry, place: Repository
    ) -> None:
        one, two = small_image("one", b"layer"), small_image("two", b"layer")
        store_image(registry, place.tagged("first"), one)
        store_image(registry, place.tagged("second"), two)
        tag = place.tagged("tag")
        assert publish(registry, tag, one.manifest) == one.manifest.digest
        assert publish(registry, tag, one.manifest) == one.manifest.digest
        with pytest.raises(TagTaken, match=one.manifest.digest[:19]) as caught:
            publish(registry, tag, two.manifest)
        assert two.manifest.digest in caught.value.details
        assert registry.head(tag) == one.manifest.digest
