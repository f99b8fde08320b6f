"""Registries, and what they hold."""

from __future__ import annotations

import attrs

from .base import ShipError


@attrs.define(slots=False)
class RegistryUnavailable(ShipError):
    """A registry that cannot be reached, or stays broken over the retries."""

    registry: str
    why: str
    template = "registry {registry} cannot be reached: {why}"
    advice = "see that it runs and that this worker reaches it under this name"
    status = 30
    transient = True


@attrs.define(slots=False)
class RegistryForbidden(ShipError):
    """A registry that answers 401 or 403."""

    registry: str
    what: str
    template = "registry {registry} refused to {what}: not authorised"
    advice = (
        "give credentials for it: the step's credentials option, or docker login on the worker"
    )
    status = 31


@attrs.define(slots=False)
class RegistryRefused(ShipError):
    """A registry that refuses a request for a reason of its own."""

    registry: str
    what: str
    why: str
    hint: str = "read the registry's log"
    template = "registry {registry} refused to {what}: {why}"
    advice = "{hint}"
    status = 32


@attrs.define(slots=False)
class ImageNotFound(ShipError):
    """A reference that its registry does not know."""

    reference: str
    hint: str = "check the name and the tag, or push it first"
    template = "{reference} is not in its registry"
    advice = "{hint}"
    status = 33


@attrs.define(slots=False)
class DigestMismatch(ShipError):
    """Bytes that are not what their digest says."""

    what: str
    expected: str
    got: str
    template = "{what} should have digest {expected}, has {got}"
    advice = "find out who changed it; nothing was published"
    status = 34


@attrs.define(slots=False)
class TagTaken(ShipError):
    """A published tag that would have to move."""

    reference: str
    holder: str
    digest: str
    template = "{reference} already names {holder}; refusing to move it to {digest}"
    advice = "push under a new tag, or find out why this commit built differently"
    status = 35


@attrs.define(slots=False)
class InvalidManifest(ShipError):
    """A manifest that no registry should hold."""

    reference: str
    why: str
    template = "{reference} is not an image that can be read: {why}"
    advice = "look at it with another client; it may be an artefact of another kind"
    status = 36
