"""The envelope that a worker reads: a request with credentials, limits, index and caches."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

import attrs

from ...errors import InvalidRequest
from . import check
from .base import Request
from .settings import CacheOptions, Credential, Index, Limits, RegistryOptions, TagClaim
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
    LockRequest,
    PinRequest,
    PromoteRequest,
    ProposeRequest,
    RetagRequest,
    SecretsRequest,
)

SCHEMA = 5

REQUESTS: dict[str, type[Request]] = {
    request.verb: request
    for request in (
        RetagRequest,
        DeriveRequest,
        PinRequest,
        ProposeRequest,
        HardenRequest,
        CheckRequest,
        LockRequest,
        SecretsRequest,
        CheckSecretsRequest,
        FindRequest,
        WheelsRequest,
        PexRequest,
        ImageRequest,
        SmokeRequest,
        PushRequest,
        PromoteRequest,
        GarbageRequest,
        BuildRequest,
        VerifyRequest,
    )
}

PUBLISHING = (PushRequest, PromoteRequest, RetagRequest, DeriveRequest, ProposeRequest)
"""The requests that an untrusted build refuses."""


NO_SECRETS = "an untrusted build gets no secrets: remove them, or use a trusted build"


def untrusted_refusal(verb: str) -> InvalidRequest:
    """Return the error of an untrusted build that would publish something with *verb*."""
    why = f"an untrusted build publishes nothing, so it cannot run {verb}: use a trusted build"
    return InvalidRequest("trusted", why)


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
    registries: RegistryOptions = attrs.field(factory=RegistryOptions)
    credentials: tuple[Credential, ...] = ()
    claim: TagClaim | None = None
    moment: str | None = None
    schema: int = SCHEMA

    def __attrs_post_init__(self) -> None:
        """Raise InvalidRequest for an untrusted build that would publish, or has secrets."""
        request = self.request
        pushes = isinstance(request, BuildRequest) and request.pushes
        if not self.cache.trusted and (pushes or isinstance(request, PUBLISHING)):
            raise untrusted_refusal("push" if pushes else request.verb)
        if not self.cache.trusted and any(_build_secrets(request)):
            raise InvalidRequest("build_secrets", NO_SECRETS)

    @property
    def verb(self) -> str:
        """Return the verb of the request."""
        return self.request.verb

    def secrets(self) -> Iterator[str]:
        """Yield each secret of the call: passwords, and the secrets of builds and tests."""
        for credential in self.credentials:
            yield credential.password
        for url in (self.index.url, *self.index.extra_urls, self.index.proxy):
            if url is not None and "@" in url:
                yield from _passwords(url)
        for secrets in _build_secrets(self.request):
            yield from secrets.values()
        if isinstance(self.request, (SmokeRequest, FindRequest)):
            for test in self.request.tests:
                for container in test.containers:
                    yield from container.secrets.values()


def _build_secrets(request: Request) -> Iterator[dict[str, str]]:
    """Yield the secrets of each build of *request*, by id."""
    if isinstance(request, (DeriveRequest, ImageRequest)):
        yield request.build_secrets
    if isinstance(request, (BuildRequest, FindRequest, VerifyRequest)):
        yield from (image.build_secrets for image in request.images)


def _passwords(url: str) -> Iterator[str]:
    """Yield the password in *url*, or else the user, which may be a token."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return
    if secret := parts.password or parts.username:
        yield unquote(secret)
