"""What every verb may be told beside its request: how to log in, limits, indexes, caches."""

from __future__ import annotations

import attrs

from . import check


@attrs.frozen
class Credential:
    """How to log in to one registry; *password* never shows in a repr."""

    registry: str
    username: str
    password: str = attrs.field(repr=False)


@attrs.frozen
class Index:
    """How containers reach a package index: URLs, a proxy, a CA bundle on the worker."""

    url: str | None = None
    extra_urls: tuple[str, ...] = ()
    proxy: str | None = None
    ca_bundle: str | None = None


@attrs.frozen
class Limits:
    """What one throw-away container may use: memory and disk in bytes, processes, seconds."""

    memory: int = attrs.field(default=4 * 1024**3, validator=check.at_least(64 * 1024**2))
    processes: int = attrs.field(default=1024, validator=check.at_least(16))
    seconds: int = attrs.field(default=3600, validator=check.at_least(1))
    disk: int = attrs.field(default=16 * 1024**3, validator=check.at_least(64 * 1024**2))


@attrs.frozen
class CacheOptions:
    """Which caches a build uses, beside its worker's own.

    *repository* holds the one that workers share.  Who is not *trusted* reads it and never
    writes it, and has a cache of its own on the worker.  With *no_cache* nothing is read:
    all is made again.
    """

    repository: str | None = attrs.field(default=None, validator=check.optional_repository)
    trusted: bool = True
    no_cache: bool = False
