"""A registry in memory, for tests of verbs; it passes tests/contract/registry.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import attrs

from buildbot_ship.errors import (
    DigestMismatch,
    ImageNotFound,
    RegistryRefused,
    RegistryUnavailable,
)
from buildbot_ship.model.image.manifest import is_index, list_blobs, list_children
from buildbot_ship.model.reference import Reference, Repository, digest_of
from buildbot_ship.registry.interface import Manifest, Progress


@attrs.define(slots=False)
class MemoryRegistry:
    """All registries of a test.

    Registries in *down* are unreachable.  With *mounts* False no blob is mounted.  With
    *verifies* a blob that a test damaged is refused.  *calls* lists the changes in order.
    *before_put* and *after_put* run around a put of a tag, like a concurrent writer.
    """

    down: set[str] = attrs.field(factory=set)
    mounts: bool = True
    verifies: bool = False
    calls: list[str] = attrs.field(factory=list)
    before_put: Callable[[Reference], None] | None = None
    after_put: Callable[[Reference], None] | None = None
    blobs: dict[tuple[Repository, str], bytes] = attrs.field(factory=dict)
    manifests: dict[tuple[Repository, str], Manifest] = attrs.field(factory=dict)
    tags: dict[tuple[Repository, str], str] = attrs.field(factory=dict)

    def with_short_patience(self) -> MemoryRegistry:
        """Return this registry: it never waits."""
        return self

    def manifest(self, reference: Reference) -> Manifest | None:
        """Return the manifest of *reference*, or None."""
        digest = self.head(reference)
        return self.manifests[reference.repository, digest] if digest else None

    def head(self, reference: Reference) -> str | None:
        """Return the digest of *reference*, or None."""
        self._reach(reference.repository)
        digest = reference.digest or self.tags.get((reference.repository, reference.selector))
        exists = (reference.repository, digest) in self.manifests
        return digest if exists else None

    def put(self, reference: Reference, manifest: Manifest) -> str:
        """Store *manifest* if the repository has everything that it lists."""
        self._reach(reference.repository)
        if reference.digest not in (None, manifest.digest):
            raise DigestMismatch(str(reference), str(reference.digest), manifest.digest)
        self._check_complete(reference, manifest)
        if self.before_put and reference.tag:
            self.before_put(reference)
        self.store(reference, manifest)
        self.calls.append(f"put {reference}")
        if self.after_put and reference.tag:
            self.after_put(reference)
        return manifest.digest

    def store(self, reference: Reference, manifest: Manifest) -> None:
        """Store *manifest* without checks."""
        repository = reference.repository
        self.manifests[repository, manifest.digest] = manifest
        if reference.tag and not reference.digest:
            self.tags[repository, reference.tag] = manifest.digest

    def list_tags(self, repository: Repository) -> tuple[str, ...]:
        """Return every tag of *repository*."""
        self._reach(repository)
        return tuple(tag for where, tag in self.tags if where == repository)

    def has(self, repository: Repository, digest: str) -> bool:
        """Return whether *repository* has the blob."""
        self._reach(repository)
        return (repository, digest) in self.blobs

    def blob(self, repository: Repository, digest: str) -> bytes:
        """Return a blob."""
        return b"".join(self.stream(repository, digest))

    def stream(self, repository: Repository, digest: str) -> Iterator[bytes]:
        """Yield a blob in two chunks."""
        if not self.has(repository, digest):
            raise ImageNotFound(str(repository.at(digest)))
        data = self.blobs[repository, digest]
        if self.verifies and digest_of(data) != digest:
            raise DigestMismatch(f"blob {digest}", digest, digest_of(data))
        yield data[: len(data) // 2]
        yield data[len(data) // 2 :]

    def mount(self, repository: Repository, digest: str, source: Repository) -> bool:
        """Mount a blob of *source* on the same registry."""
        self._reach(repository)
        same = repository.registry == source.registry
        if not (self.mounts and same and (source, digest) in self.blobs):
            return False
        self.blobs[repository, digest] = self.blobs[source, digest]
        self.calls.append(f"mount {repository.at(digest)}")
        return True

    def upload(
        self,
        repository: Repository,
        digest: str,
        content: bytes | Path,
        progress: Progress | None = None,
    ) -> int:
        """Store a blob; return its size."""
        self._reach(repository)
        data = content if isinstance(content, bytes) else content.read_bytes()
        if digest_of(data) != digest:
            raise DigestMismatch(f"a blob for {repository}", digest, digest_of(data))
        self.blobs[repository, digest] = data
        self.calls.append(f"upload {repository.at(digest)}")
        if progress is not None:
            progress(len(data), len(data))
        return len(data)

    def _reach(self, repository: Repository) -> None:
        if repository.registry in self.down:
            raise RegistryUnavailable(repository.registry, "connection refused")

    def _check_complete(self, reference: Reference, manifest: Manifest) -> None:
        repository = reference.repository
        if is_index(manifest.media_type):
            children = list_children(manifest.data, reference)
            missing = any((repository, c.digest) not in self.manifests for c in children)
        else:
            blobs = list_blobs(manifest.data, reference)
            own = [blob.digest for blob in blobs if not blob.foreign]
            missing = any((repository, digest) not in self.blobs for digest in own)
        if missing:
            raise RegistryRefused(repository.registry, f"store {reference}", "blob unknown")
