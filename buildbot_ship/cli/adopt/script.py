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


def main(folder: str, name: str, out: str) -> None:
    """Write ``{"facts": ...}``, or ``{"errors": [...]}``."""
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
        write(out, {"errors": [str(each) for each in error.errors]})
    except BaseException as error:  # the configuration is a program
        write(out, {"errors": [f"{type(error).__name__}: {error}"]})
    else:
        write(out, {"facts": facts(config, buildbot.version)})


def facts(config: Any, version: str) -> dict[str, Any]:
    """Return the facts about a ``MasterConfig``."""
    www = config.www
    return {
        "buildbot": version,
        "python": sys.executable,
        "ship": ship_version(),
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
        "rules": [type(each).__name__ for each in rules(www)],
        "has_authz": bool(rules(www)),
        "secrets": [type(each).__name__ for each in config.secretsProviders],
        "janitor": any(each.name == "__Janitor" for each in config.builders),
    }


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
    found = (urlsplit(each) for each in given if isinstance(each, str) and "://" in each)
    return [each._replace(netloc=each.netloc.rpartition("@")[2]).geturl() for each in found]


def ships(builder: Any) -> bool:
    """Return whether a builder has steps of buildbot-ship."""
    steps = (getattr(each, "step_class", each) for each in builder.factory.steps)
    return any(
        str(getattr(each, "__module__", "")).startswith("buildbot_ship.") for each in steps
    )


def rules(www: Mapping[str, Any]) -> list[Any]:
    """Return the rules of authz."""
    return list(getattr(www.get("authz"), "allowRules", None) or ())


def ship_version() -> str:
    """Return the version of buildbot-ship, empty if it is not installed."""
    try:
        return metadata.version("buildbot-ship")
    except metadata.PackageNotFoundError:
        return ""


def write(out: str, data: Mapping[str, Any]) -> None:
    """Write *data* as JSON."""
    with open(out, "w", encoding="utf-8") as file:
        json.dump(data, file)


if __name__ == "__main__":
    main(os.path.abspath(sys.argv[1]), sys.argv[2], sys.argv[3])
