"""Promote a published image: set a channel, a tag that may move, to its digest."""

from __future__ import annotations

from ...errors import ChannelMoved, RegistryRefused
from ...model.reference import Reference, Repository
from ...model.request import PromoteRequest
from ...model.result import SUCCESS, Result
from ...registry.interface import Manifest, Registry, required_manifest

_SHOWN = 19


def promote(request: PromoteRequest, *, registry: Registry) -> Result:
    """Set the channel of *request* to the image, without a build.

    Raises ImageNotFound for an image that is not published, ChannelMoved if the channel names
    another image than expected, and RegistryRefused if the registry did not keep the tag.
    """
    repository = Repository.parse(request.repository)
    channel = repository.tagged(request.channel)
    manifest = required_manifest(registry, _published(repository, request.image))
    previous = registry.head(channel) or ""
    if request.expected and previous != request.expected:
        raise ChannelMoved(str(channel), previous or "no image", request.expected)
    if previous != manifest.digest:
        _move(registry, channel, manifest)
    promoted = {
        "repository": request.repository,
        "channel": request.channel,
        "reference": str(channel),
        "digest": manifest.digest,
        "previous": previous,
    }
    summary = _summary(channel, manifest.digest, previous)
    return Result("promote", SUCCESS, summary, properties={"ship_promoted": promoted})


def _published(repository: Repository, image: str) -> Reference:
    return repository.at(image) if ":" in image else repository.tagged(image)


def _move(registry: Registry, channel: Reference, manifest: Manifest) -> None:
    registry.put(channel, manifest)
    digest = registry.head(channel)
    if digest != manifest.digest:
        why = f"it names {digest or 'no image'} after it was stored"
        raise RegistryRefused(channel.repository.registry, f"keep {channel}", why)


def _summary(channel: Reference, digest: str, previous: str) -> str:
    if previous == digest:
        return f"{channel}: already {digest[:_SHOWN]}"
    return f"{channel}: {digest[:_SHOWN]}, before {previous[:_SHOWN] or 'nothing'}"
