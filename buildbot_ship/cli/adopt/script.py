"""Run by the interpreter of a master: load its configuration, and write facts about it.

Arguments: the master's folder, the name of its configuration, and the file to write.  It
imports the standard library and Buildbot.  It changes no file of the master.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import Any
from urllib.parse import urlsplit

GUARDS = frozenset(
    {"AnyEndpointMatcher", "AnyControlEndpointMatcher", "ForceBuildEndpointMatcher"}
)


def main(folder: str, name: str, out: str) -> None:
    """Write ``{"facts": ...}``, or ``{"errors": [...], "ship": ..., "python": ...}``."""
    try:
        import buildbot  # noqa: PLC0415
        from buildbot.config.errors import ConfigErrors  # noqa: PLC0415
        from buildbot.config.master import FileLoader  # noqa: PLC0415
    except ImportError as error:
        write(out, {"no_buildbot": str(error)})
        return
    try:
        config = FileLoader(folder, name).loadConfig()
    except ConfigErrors as error:
        write(out, failure([str(each) for each in error.errors]))
    except BaseException as error:  # the configuration is a program
        write(out, failure([f"{type(error).__name__}: {error}"]))
    else:
        write(out, {"facts": facts(config, buildbot.version)})


def failure(errors: list[str]) -> dict[str, Any]:
    """Return the errors, and what has to do with them."""
    return {"errors": errors, "ship": ship_version(), "python": sys.executable}


def facts(config: Any, version: str) -> dict[str, Any]:
    """Return the facts about a ``MasterConfig``."""
    www = config.www
    return {
        "buildbot": version,
        "python": sys.executable,
        "ship": ship_version(),
        "installed": installed(),
        "workers": [named(each) for each in config.workers],
        "change_sources": [named(each, urls(each)) for each in config.change_sources],
        "schedulers": [
            named(each, list(getattr(each, "builderNames", ()) or ()))
            for each in config.schedulers.values()
        ],
        "builders": [
            dict(named(each, list(each.workernames)), ships=ships(each))
            for each in config.builders
        ],
        "port": None if www.get("port") is None else str(www["port"]),
        "plugins": sorted(www.get("plugins", {})),
        "auth": type(www["auth"]).__name__ if www.get("auth") is not None else "",
        "users": users(www.get("auth")),
        "locked": locked_roles(www),
        "named_users": named_users(www),
        "rules": [type(each).__name__ for each in rules(www)],
        "has_authz": bool(rules(www)),
        "secrets": [type(each).__name__ for each in config.secretsProviders],
        "janitor": any(each.name == "__Janitor" for each in config.builders),
        "shared": shared_names(config),
    }


def shared_names(config: Any) -> list[dict[str, Any]]:
    """Return the names that several services have.  Buildbot checks them when it starts."""
    found = []
    for key, services in (
        ("change_source", config.change_sources),
        ("workers", config.workers),
        ("secretsProviders", config.secretsProviders),
        ("machines", config.machines),
    ):
        kinds: dict[str, list[str]] = {}
        for each in services:
            kinds.setdefault(str(each.name), []).append(type(each).__name__)
        found += [
            {"key": key, "name": without_login(name), "kinds": several}
            for name, several in kinds.items()
            if len(several) > 1
        ]
    return found


def named(part: Any, more: Sequence[str] = ()) -> dict[str, Any]:
    """Return the name and the class of a worker, a scheduler or the like."""
    name = getattr(part, "name", None) or getattr(part, "workername", "")
    return {"name": str(name), "kind": type(part).__name__, "more": more, "ships": False}


def urls(source: Any) -> list[str]:
    """Return the URL of a change source without user and password."""
    # A service of Buildbot has only its arguments until the master starts it.
    given = [
        *getattr(source, "_config_args", ()),
        *getattr(source, "_config_kwargs", {}).values(),
    ]
    return [without_login(each) for each in given if isinstance(each, str) and "://" in each]


def without_login(name: str) -> str:
    """Return a URL without user and password, and any other name as it is."""
    if "://" not in name:
        return name
    parts = urlsplit(name)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def ships(builder: Any) -> bool:
    """Return whether a builder has steps of buildbot-ship."""
    steps = (getattr(each, "step_class", each) for each in builder.factory.steps)
    return any(
        str(getattr(each, "__module__", "")).startswith("buildbot_ship.") for each in steps
    )


def rules(www: Mapping[str, Any]) -> list[Any]:
    """Return the rules of authz."""
    return list(getattr(www.get("authz"), "allowRules", None) or ())


def users(auth: Any) -> list[str] | None:
    """Return the names of the users of a login, None if it has no list of them."""
    if type(auth).__name__ != "UserPasswordAuth":
        return None
    known: set[str] = set()
    for checker in getattr(auth, "checkers", ()):
        known.update(map(text, getattr(checker, "users", ())))
    return sorted(known)


def text(name: str | bytes) -> str:
    """Return the name of a user as text."""
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)


def locked_roles(www: Mapping[str, Any]) -> list[str]:
    """Return the roles that a rule wants and that no user of the login has."""
    authz, names = www.get("authz"), users(www.get("auth"))
    provider = type(getattr(www.get("auth"), "userInfoProvider", None)).__name__
    if authz is None or names is None or provider not in ("NoneType", "UserInfoProviderBase"):
        return []
    try:
        held = {role for name in names for role in authz_roles(authz, name)}
        wanted = {str(each.role) for each in rules(www) if type(each).__name__ in GUARDS}
        return sorted(
            each for each in wanted if not any(authz.match(role, each) for role in held)
        )
    except Exception:  # a rule or a matcher of the master may be any class
        return []


def authz_roles(authz: Any, name: str) -> set[str]:
    """Return the roles of a user, with those that the owner of a build has."""
    owner = {str(each.role) for each in authz.ownerRoleMatchers}
    user = {"username": name, "full_name": name, "email": name}
    return owner | set(authz.getRolesFromUser(user))


def named_users(www: Mapping[str, Any]) -> list[str]:
    """Return the names of users to whom authz gives a role."""
    matchers = getattr(www.get("authz"), "roleMatchers", None) or ()
    return sorted({str(name) for each in matchers for name in getattr(each, "usernames", ())})


def ship_version() -> str:
    """Return the version of buildbot-ship, empty if it is not installed."""
    try:
        return metadata.version("buildbot-ship")
    except metadata.PackageNotFoundError:
        return ""


def installed() -> float | None:
    """Return when buildbot-ship was installed, in seconds since 1970, None if nobody knows."""
    try:
        files = metadata.distribution("buildbot-ship").files or ()
        record = next(each for each in files if each.name in ("RECORD", "PKG-INFO"))
        return os.stat(str(record.locate())).st_mtime
    except (metadata.PackageNotFoundError, StopIteration, OSError):
        return None


def write(out: str, data: Mapping[str, Any]) -> None:
    """Write *data* as JSON."""
    with open(out, "w", encoding="utf-8") as file:
        json.dump(data, file)


if __name__ == "__main__":
    main(os.path.abspath(sys.argv[1]), sys.argv[2], sys.argv[3])
