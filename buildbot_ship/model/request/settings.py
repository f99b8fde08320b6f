"""Options of every verb: credentials, package index, limits and caches; the claim of a push."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import attrs
from attrs.validators import optional

from ...errors import InvalidReference, InvalidRequest
from ..reference import Repository, scheme_of
from . import check

MAX_SECONDS = 3600.0
"""The most seconds that a variable may ask for: a build must end."""
INDEX_TIMEOUT_VARIABLE = "BUILDBOT_SHIP_INDEX_TIMEOUT"
"""The environment variable with the seconds in which a package index must answer."""


@attrs.frozen
class Credential:
    """The login for one registry; *password* is not part of the repr."""

    registry: str
    username: str
    password: str = attrs.field(repr=False)


@attrs.frozen
class Index:
    """The package index for containers: URLs, a proxy, a CA bundle on the worker."""

    url: str | None = None
    extra_urls: tuple[str, ...] = ()
    proxy: str | None = None
    ca_bundle: str | None = None


def _registries(_: object, attribute: Any, value: tuple[str, ...]) -> None:
    """Accept the hosts of registries, with their ports."""
    for host in value:
        try:
            found = Repository.parse(f"{host}/x").registry
        except InvalidReference:
            found = ""
        if found != host:
            why = f"{host!r} is not the host of a registry, with its port if it has one"
            hint = f": leave out {scheme}" if (scheme := scheme_of(host)) else ""
            raise InvalidRequest(attribute.name, f"{why}{hint}")


@attrs.frozen
class RegistryOptions:
    """How to reach registries: a CA bundle on the worker, and which speak plain HTTP.

    The authorities of *ca_bundle* are trusted beside the usual ones (REQUESTS_CA_BUNDLE, or
    else those of certifi).
    """

    ca_bundle: str | None = None
    insecure: tuple[str, ...] = attrs.field(default=(), validator=_registries)


@attrs.frozen
class Limits:
    """Limits of one throw-away container: memory and disk in bytes, processes, seconds.

    *cpus* is a number of CPUs, such as 1.5.  *open_files* is for each process.
    """

    memory: int = attrs.field(default=4 * 1024**3, validator=check.at_least(64 * 1024**2))
    processes: int = attrs.field(default=1024, validator=check.at_least(16))
    seconds: int = attrs.field(default=3600, validator=check.at_least(1))
    disk: int = attrs.field(default=16 * 1024**3, validator=check.at_least(64 * 1024**2))
    cpus: float = attrs.field(default=4.0, validator=check.within(0.01, 1024))
    open_files: int = attrs.field(default=16384, validator=check.within(256, 1 << 20))


@attrs.frozen
class CacheOptions:
    """The caches of a build, in addition to the cache of its worker.

    *repository* holds the cache that workers share.  A build that is not *trusted* reads it but
    never writes to it, uses a separate cache on the worker, and publishes nothing.  *no_cache*
    disables all reads: everything is built again.
    """

    repository: str | None = attrs.field(default=None, validator=optional(check.repository))
    trusted: bool = True
    no_cache: bool = False


@attrs.frozen
class TagClaim:
    """What the master claimed for a push: *reference* will name the manifest *digest*.

    If it is another build's claim, which forbids the push, *holder* names that build.
    """

    reference: str
    digest: str
    holder: str = ""


def work_folder(work: str, trusted: bool) -> str:
    """Return the work folder *work*, or a separate one beside it for an untrusted build.

    So a trusted build never uses what an untrusted build has left.
    """
    folder = work.rstrip("/")
    return folder if trusted else f"{folder}-untrusted"


def seconds_from(environment: Mapping[str, str], name: str) -> float | None:
    """Return the seconds that a variable of *environment* asks for, or None.

    Raises InvalidRequest unless they are a number from 1 to 3600.
    """
    text = environment.get(name, "").strip()
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 1.0 <= seconds <= MAX_SECONDS:
        why = f"{text[:40]!r} is no number of seconds from 1 to {MAX_SECONDS:.0f}"
        raise InvalidRequest(f"the environment variable {name}", why)
    return seconds
