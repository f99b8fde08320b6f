"""The envelope that a worker reads: a request with credentials, limits, index and caches."""

from __future__ import annotations

import attrs

from . import check
from .base import Request
from .settings import CacheOptions, Credential, Index, Limits, TagClaim
from .ship import (
    BuildRequest,
    CheckRequest,
    FindRequest,
    ImageRequest,
    PexRequest,
    PushRequest,
    VerifyRequest,
    WheelsRequest,
)
from .smoke import SmokeRequest
from .upkeep import (
    CheckSecretsRequest,
    DeriveRequest,
    GarbageRequest,
    HardenRequest,
    PinRequest,
    ProposeRequest,
    RetagRequest,
    SecretsRequest,
)

SCHEMA = 3

REQUESTS: dict[str, type[Request]] = {
    request.verb: request
    for request in (
        RetagRequest,
        DeriveRequest,
        PinRequest,
        ProposeRequest,
        HardenRequest,
        CheckRequest,
        SecretsRequest,
        CheckSecretsRequest,
        FindRequest,
        WheelsRequest,
        PexRequest,
        ImageRequest,
        SmokeRequest,
        PushRequest,
        GarbageRequest,
        BuildRequest,
        VerifyRequest,
    )
}


@attrs.frozen
class Envelope:
    """A request with its common options, as the worker reads it from standard input.

    *build* names the build that owns temporary containers and images.  *work* is the work
    folder on the worker, outside the checkout: one verb writes its outputs there, the next
    verb reads them.

    A master adds what only one build may have: *claim* is for the tag of a push, and *moment*
    is the time, in ISO format, that becomes the tag of bases.  By hand there is neither.
    """

    request: Request
    build: str = attrs.field(validator=check.build_name)
    work: str
    index: Index = attrs.field(factory=Index)
    limits: Limits = attrs.field(factory=Limits)
    cache: CacheOptions = attrs.field(factory=CacheOptions)
    credentials: tuple[Credential, ...] = ()
    claim: TagClaim | None = None
    moment: str | None = None
    schema: int = SCHEMA

    @property
    def verb(self) -> str:
        """Return the verb of the request."""
        return self.request.verb
