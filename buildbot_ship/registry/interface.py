"""What verbs ask of registries, by whatever means."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import attrs

from ..errors import ImageNotFound
from ..model.reference import Reference, Repository, digest_of


@attrs.frozen
class Manifest:
    """A manifest or an index: its bytes, and the media type they were served under."""

    media_type: str
    data: bytes = attrs.field(repr=False)

    @property
    def digest(self) -> str:
        """Return the digest of the bytes."""
        return digest_of(self.data)


class Registry(Protocol):
    """All registries; which one a call goes to stands in its reference or repository.

    Every call may raise RegistryUnavailable, RegistryForbidden, RegistryRefused.
    """

    def manifest(self, reference: Reference) -> Manifest | None:
        """Return what *reference* names, its digest verified, or None when it is not there.

        Raises DigestMismatch, LimitExceeded, and InvalidReference where *reference* has
        neither tag nor digest.
        """

    def head(self, reference: Reference) -> str | None:
        """Return the digest that *reference* names, or None; nothing is transferred.

        Raises InvalidReference.
        """

    def put(self, reference: Reference, manifest: Manifest) -> str:
        """Store *manifest*; return its digest.  Raises DigestMismatch.

        A registry moves a tag without a word: look before you put.
        """

    def list_tags(self, repository: Repository) -> tuple[str, ...]:
        """Return every tag of *repository*, none when the registry does not know it.

        Raises LimitExceeded for a list that does not end.
        """

    def has(self, repository: Repository, digest: str) -> bool:
        """Tell whether *repository* holds the blob."""

    def blob(self, repository: Repository, digest: str) -> bytes:
        """Return a small blob (at most 16 MiB), verified.

        Raises ImageNotFound, DigestMismatch, LimitExceeded.
        """

    def stream(self, repository: Repository, digest: str) -> Iterator[bytes]:
        """Yield a blob in chunks; the last one only after its digest was verified.

        Raises ImageNotFound, DigestMismatch, at the first chunk or later.
        """

    def mount(self, repository: Repository, digest: str, source: Repository) -> bool:
        """Take a blob over from *source* on the same registry; False when it would not."""

    def upload(self, repository: Repository, digest: str, content: bytes | Path) -> int:
        """Store a blob that is not there yet; return how many bytes were sent.

        Raises DigestMismatch when *content* has another digest.
        """


def required_manifest(registry: Registry, reference: Reference) -> Manifest:
    """Return what *reference* names.  Raises ImageNotFound, and what registries raise."""
    manifest = registry.manifest(reference)
    if manifest is None:
        raise ImageNotFound(str(reference))
    return manifest
