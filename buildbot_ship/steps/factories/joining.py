"""Add what ships a repository to the configuration of a master that has much already."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from buildbot import config as buildbot_config
from buildbot.changes.gitpoller import GitPoller

OTHER_BUILDERS = ""
"""In a mapping of a button of the Ship page: all builders without an entry."""


def add_to_master(
    config: dict[str, Any],
    *,
    builders: Sequence[Any] = (),
    schedulers: Sequence[Any] = (),
    change_source: Any = None,
    page: Mapping[str, Mapping[str, str]] | None = None,
) -> None:
    """Add to *config*, the ``BuildmasterConfig`` of a master, and keep all that it has.

    *change_source* is left out if another one polls the same branch of the same URL: Buildbot
    would report each commit twice.  *page* has for each button of the Ship page the force
    scheduler of each builder.  Reports a name that is there already to Buildbot.
    """
    sources = _listed(config.get("change_source"))
    given = [change_source] if change_source is not None else []
    added = {
        "builders": (_listed(config.get("builders")), builders),
        "schedulers": (_listed(config.get("schedulers")), schedulers),
        "change_source": (sources, [e for e in given if not _is_polled(e, sources)]),
    }
    for key, (had, new) in added.items():
        config[key] = [*had, *_unique(key, had, new)]
    _add_buttons(config, page or {})


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _unique(key: str, had: Sequence[Any], new: Sequence[Any]) -> Iterator[Any]:
    """Yield those of *new* whose names are not taken; report the others."""
    taken = {_name(each) for each in had}
    for each in new:
        name = _name(each)
        if name not in taken:
            yield each
        else:
            buildbot_config.error(
                f"c[{key!r}] has {name!r} already: rename one of the two; if ship.cfg is in "
                "master.cfg twice, remove the older copy"
            )


def _name(part: Any) -> str:
    found = part.get("name") if isinstance(part, Mapping) else getattr(part, "name", None)
    return str(found)


def _is_polled(poller: Any, sources: Sequence[Any]) -> bool:
    """Return whether one of *sources* reports every commit that *poller* would report."""
    if not isinstance(poller, GitPoller):
        return False
    url, branches = _url(poller), _arguments(poller).get("branches")
    if not isinstance(branches, (list, tuple)):
        return False
    others = [each for each in sources if isinstance(each, GitPoller) and _url(each) == url]
    return any(all(_polls(each, branch) for branch in branches) for each in others)


def _polls(poller: Any, branch: str) -> bool:
    """Return whether *poller* polls *branch*; a poller without branches polls the default."""
    given = _arguments(poller)
    branches = given.get("branches") or given.get("branch")
    if given.get("only_tags"):
        return False
    if callable(branches):
        return bool(branches(f"refs/heads/{branch}"))
    listed = [branches] if isinstance(branches, str) else branches
    return listed in (None, True) or branch in listed


def _url(poller: Any) -> str:
    # A service of Buildbot has only its arguments until the master starts it.
    return str([*poller._config_args, _arguments(poller).get("repourl")][0])


def _arguments(poller: Any) -> Mapping[str, Any]:
    found: Mapping[str, Any] = poller._config_kwargs
    return found


def _add_buttons(config: dict[str, Any], page: Mapping[str, Mapping[str, str]]) -> None:
    """Add force schedulers to the Ship page; a name for all builders is kept for the others."""
    plugins = config.setdefault("www", {}).setdefault("plugins", {})
    had = plugins.get("ship")
    found = dict(had) if isinstance(had, Mapping) else {}
    for button, names in page.items():
        before = found.get(button, {})
        kept = before if isinstance(before, Mapping) else {OTHER_BUILDERS: before}
        found[button] = {**kept, **names}
    plugins["ship"] = found
