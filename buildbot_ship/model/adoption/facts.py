"""The facts about a master's configuration, as the script of ``adopt`` reports them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

GUARDS = frozenset(
    {"AnyEndpointMatcher", "AnyControlEndpointMatcher", "ForceBuildEndpointMatcher"}
)
"""The rules of Buildbot's authz that decide who may force a build."""


@attrs.frozen
class Named:
    """A worker, scheduler, change source or builder: its name, its class, and more of it.

    *more* are the workers of a builder, or the URL of a change source.
    """

    name: str
    kind: str
    more: tuple[str, ...] = ()
    ships: bool = False


@attrs.frozen
class Shared:
    """Services with one *name* in the list *key* of the configuration, and their classes."""

    key: str
    name: str
    kinds: tuple[str, ...]


@attrs.frozen
class Facts:
    """A master: *ship* is its version of buildbot-ship, empty if it has none.

    *port* is that of the web UI, None without one.  *auth* and *rules* are classes; *has_authz*
    is false if the configuration does not set authz.  *users* are the names of the users of
    the login, None if it has no list of them.  *locked* are the roles that rules want and no
    user of the login has.  *named_users* get a role by their names.  *shared* are names that
    must be unique.  *folder* is that of the master.  *is_older*: the master runs since before
    this version of buildbot-ship was installed.
    """

    buildbot: str
    python: str
    ship: str
    workers: tuple[Named, ...] = ()
    change_sources: tuple[Named, ...] = ()
    schedulers: tuple[Named, ...] = ()
    builders: tuple[Named, ...] = ()
    port: str | None = None
    plugins: tuple[str, ...] = ()
    auth: str = ""
    users: tuple[str, ...] | None = None
    locked: tuple[str, ...] = ()
    named_users: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    has_authz: bool = False
    secrets: tuple[str, ...] = ()
    janitor: bool = False
    shared: tuple[Shared, ...] = ()
    folder: str = ""
    is_older: bool = False

    @property
    def has_login(self) -> bool:
        """Return whether users can log in."""
        return self.auth not in ("", "NoAuth")

    @property
    def possible_workers(self) -> tuple[Named, ...]:
        """Return the workers, without local ones of the master that no builder ships on."""
        used = {name for each in self.builders if each.ships for name in each.more}
        return tuple(
            each for each in self.workers if each.kind != "LocalWorker" or each.name in used
        )

    @property
    def anybody_may_force(self) -> bool:
        """Return whether no rule decides who may force a build: then everybody may."""
        return self.port is not None and not GUARDS & set(self.rules)


def facts_from(data: Mapping[str, Any], folder: str, started: float | None) -> Facts:
    """Return the facts in *data*, which the script wrote.  Raises TypeError, KeyError.

    *started* is when the master started, in seconds since 1970, None if it does not run.
    """
    rows = ("workers", "change_sources", "schedulers", "builders")
    lists = ("plugins", "rules", "secrets", "locked", "named_users")
    given = {name: tuple(map(_named, data[name])) for name in rows}
    more = {name: tuple(data[name]) for name in lists}
    users = None if data["users"] is None else tuple(data["users"])
    shared = (Shared(**{**each, "kinds": tuple(each["kinds"])}) for each in data["shared"])
    found = {name: value for name, value in data.items() if name != "installed"}
    return Facts(
        **{**found, **given, **more, "users": users, "shared": tuple(shared)},
        folder=folder,
        is_older=started is not None and started < (data["installed"] or 0),
    )


def _named(row: Mapping[str, Any]) -> Named:
    return Named(row["name"], row["kind"], tuple(row["more"]), row["ships"])
