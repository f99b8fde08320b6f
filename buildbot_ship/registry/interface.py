"""The Registry protocol: the operations on registries that verbs use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import attrs

from ..errors import ImageNotFound
from ..model.reference import Reference, Repository, digest_of

Progress = Callable[[int, int], None]
"""Called with the bytes of a blob that are sent so far, and with its size."""


@attrs.frozen
class Manifest:
    """A manifest or an index: its bytes and its media type."""

    media_type: str
    data: bytes = attrs.field(repr=False)

    @property
    def digest(self) -> str:
        """Return the digest of the bytes."""
        return digest_of(self.data)


class Registry(Protocol):
    """Access to every registry; the reference or the repository of a call names which one.

    Every method may raise RegistryUnavailable, RegistryForbidden, RegistryRefused.
    """

    def with_short_patience(self) -> Registry:
        """Return the same access with few retries, for callers that can go on without it."""

    def manifest(self, reference: Reference) -> Manifest | None:
        """Return the manifest of *reference*, its digest verified, or None if there is none.

        Raises DigestMismatch, LimitExceeded, and InvalidReference if *reference* has neither
        tag nor digest.
        """

    def head(self, reference: Reference) -> str | None:
        """Return the digest of *reference*, or None; do not download the manifest.

        Raises InvalidReference.
        """

    def put(self, reference: Reference, manifest: Manifest) -> str:
        """Store *manifest*; return its digest.  Raises DigestMismatch.

        A registry moves an existing tag without an error: use `publication.publish` for a tag
        that must not move.
        """

    def list_tags(self, repository: Repository) -> tuple[str, ...]:
        """Return every tag of *repository*, none if the registry has no such repository.

        Raises LimitExceeded for more than a million tags.
        """

    def has(self, repository: Repository, digest: str) -> bool:
        """Return whether *repository* has the blob."""

    def blob(self, repository: Repository, digest: str) -> bytes:
        """Return a blob of at most 16 MiB, its digest verified.

        Raises ImageNotFound, DigestMismatch, LimitExceeded.
        """

    def stream(self, repository: Repository, digest: str) -> Iterator[bytes]:
        """Yield a blob in chunks; verify its digest before the last chunk.

        Raises ImageNotFound, DigestMismatch, LimitExceeded (16 GiB), at the first chunk or
        later.
        """

    def mount(self, repository: Repository, digest: str, source: Repository) -> bool:
        """Mount a blob of *source* on the same registry; return False if it declines."""

    def upload(
        self,
        repository: Repository,
        digest: str,
        content: bytes | Path,
        progress: Progress | None = None,
    ) -> int:
        """Upload a blob that the repository lacks; return the number of bytes sent.

        Raises DigestMismatch if *content* has another digest.
        """


def required_manifest(registry: Registry, reference: Reference) -> Manifest:
    """Return the manifest of *reference*.  Raises ImageNotFound if there is none."""
    manifest = registry.manifest(reference)
    if manifest is None:
        raise ImageNotFound(str(reference))
    return manifest


@attrs.frozen
class FoundLogin:
    """The *user* of a login, and where it was found."""

    user: str
    source: str


class Access(Protocol):
    """What this worker may do at registries.

    Every method may raise RegistryUnavailable, RegistryForbidden, RegistryRefused.
    """

    def reach(self, registry: str) -> float | None:
        """Return the registry's clock in seconds since 1970, None if it does not tell.

        Nobody logs in.  Raises RegistryRefused if something else answers.
        """

    def find_login(self, registry: str) -> FoundLogin | None:
        """Return the login that would be used, without its secret."""

    def log_in(self, registry: str) -> None:
        """Log in, or read anonymously without a login."""

    def try_push(self, repository: Repository) -> None:
        """Try to push to *repository*, and leave nothing there.

        Raises RegistryForbidden if this worker may not push, RegistryRefused if nobody may.
        """

    @property
    def notes(self) -> list[str]:
        """Return what is odd about the logins, such as a file that cannot be read."""
