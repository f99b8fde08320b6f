"""Errors of registries, their images, tags and digests."""

from __future__ import annotations

import re
from typing import Any

import attrs

from .base import ShipError, quotable, shortened, without_login

_LONG = re.compile(r"(sha256:[0-9a-f]{12})[0-9a-f]{52}(?: \(image sha256:[0-9a-f]{64}\))?")
_MAX_DIFFERENCE = 200
"""The length of one difference in a message, in characters."""


@attrs.define(slots=False)
class RegistryUnavailable(ShipError):
    """The registry cannot be reached, or still fails after the retries."""

    registry: str
    why: str
    template = "registry {registry} cannot be reached: {why}"
    advice = "check that it runs, and that this machine can reach it under this name"
    status = 30
    transient = True


@attrs.define(slots=False)
class RegistryForbidden(ShipError):
    """The registry answered 401 or 403."""

    registry: str
    what: str
    template = "registry {registry} refused to {what}: not authorised"
    advice = "set the option credentials of the step, or run docker login on the worker"
    status = 31


@attrs.define(slots=False)
class RegistryRefused(ShipError):
    """The registry rejected a request for another reason."""

    registry: str
    what: str
    why: str
    hint: str = "read the registry's log"
    template = "registry {registry} refused to {what}: {why}"
    advice = "{hint}"
    status = 32


@attrs.define(slots=False)
class ImageNotFound(ShipError):
    """The registry has no such tag or digest."""

    reference: str
    hint: str = "check the name and the tag, or push it first"
    template = "{reference} is not in its registry"
    advice = "{hint}"
    status = 33


@attrs.define(slots=False)
class DigestMismatch(ShipError):
    """The content does not match its digest."""

    what: str
    expected: str = attrs.field(converter=quotable)
    got: str = attrs.field(converter=quotable)
    template = "{what} has digest {got}, expected {expected}"
    advice = "find out who changed it; nothing was published"
    status = 34


@attrs.define(slots=False)
class TagTaken(ShipError):
    """The tag already names another image; a published tag never moves.

    The message has the first of the *differences*, and short digests.  The details have all.
    """

    reference: str
    holder: str
    digest: str
    differences: str = ""
    """How the images differ, a line for each difference; empty if that is unknown."""
    hint: str = "push under a new tag, or find out why it was built differently"
    template = (
        "{reference} already has another image{difference}: it names {holder}, and is not "
        "moved to {digest}"
    )
    advice = "{hint}"
    status = 35

    @property
    def details(self) -> str:
        """Return how the images differ, and their whole digests."""
        images = f"published: {self.holder}\nbuilt: {self.digest}"
        return f"{self.differences}\n{images}" if self.differences else images

    def _fields(self) -> dict[str, Any]:
        first, *others = self.differences.splitlines() or [""]
        more = f"; and {len(others)} more in the details" if others else ""
        shown = f" ({shortened(without_login(first), _MAX_DIFFERENCE)}{more})" if first else ""
        digests = {name: _LONG.sub(r"\1", getattr(self, name)) for name in ("holder", "digest")}
        return {**super()._fields(), "difference": shown, **digests}


@attrs.define(slots=False)
class TagClaimed(ShipError):
    """Another writer claimed the tag for another image, and may still push it."""

    reference: str
    claimed: str
    holder: str
    digest: str
    template = "{reference} is claimed for {claimed} by {holder}; refusing to push {digest}"
    advice = (
        "find out why this commit built differently; if nobody pushes {claimed} any more and "
        "the tag does not exist, push once with --take-over (in Buildbot, the parameter "
        "take_over)"
    )
    status = 37


@attrs.define(slots=False)
class ChannelMoved(ShipError):
    """A channel does not name the image that the caller expected."""

    reference: str
    holder: str
    expected: str
    template = "{reference} names {holder}, not {expected}; it was not moved"
    advice = "look who moved it, and promote again if you still want to"
    status = 64


@attrs.define(slots=False)
class MasterUnavailable(ShipError):
    """The master does not answer a question of the command line."""

    master: str
    why: str
    template = "the master at {master} does not answer: {why}"
    advice = (
        "check the URL of its web UI, and that its www plugins have ship: "
        'c["www"]["plugins"]["ship"] = {{}}'
    )
    status = 65


@attrs.define(slots=False)
class NotInJournal(ShipError):
    """The journal of this master has no such image, whether the registry has it or not."""

    repository: str
    image: str
    template = "{image} of {repository} is not in the journal of this master"
    advice = (
        "promote an image that PushTagged of this master published; for one from before the "
        "journal, force a build of its commit without the cache once"
    )
    status = 66


@attrs.define(slots=False)
class IndexUnavailable(ShipError):
    """A package index cannot be reached from a container; *output* is that of a tool."""

    why: str
    hint: str = (
        "check the options index_url, proxy and ca_bundle: containers must reach the index"
    )
    output: str = ""
    template = "{why}"
    advice = "{hint}"
    status = 38
    transient = True

    @property
    def details(self) -> str:
        """Return the end of the tool's output."""
        return self.output


@attrs.define(slots=False)
class InvalidManifest(ShipError):
    """The manifest or config of an image is malformed."""

    reference: str
    why: str
    template = "{reference} is not a readable image: {why}"
    advice = "inspect it, for example with docker manifest inspect; it may not be an image"
    status = 36
