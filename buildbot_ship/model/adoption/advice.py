"""Say what a master has that it needs to ship, what it lacks, and how to add it."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from .access import access, make_secrets
from .facts import Facts, Named
from .finding import ADD, FIX, HAS, NOTE, Finding
from .remedies import RESTART, install_command

LEAST_BUILDBOT = (4, 3)
_PLACEHOLDERS = ("example.com", "example.net", "example.org", "example")
_TOP = """\
import os
from datetime import timedelta

from buildbot.plugins import secrets, util

c = BuildmasterConfig

"""
_SECRETS = """\
# Passwords of registries and git servers: one file for each, chmod 600.
c.setdefault("secretsProviders", []).append(
    secrets.SecretInAFile(dirname=os.path.join(basedir, "secrets"))
)
"""
_JANITOR = """\
# Logs and files of old builds are removed every night, or the database grows for ever.
c["configurators"] = [
    *c.get("configurators", []),
    util.JanitorConfigurator(
        logHorizon=timedelta(days=90), build_data_horizon=timedelta(days=90), hour=3
    ),
]
"""
_WWW = """\
# The web UI, for this machine only.
c.setdefault("www", {})["port"] = "tcp:8010:interface=127.0.0.1"
"""
_PLUGIN = """\
# The page that shows what ships.
c["www"].setdefault("plugins", {}).setdefault("ship", {})
"""
_HOW_TO_FIX = {
    "change_source": 'Remove one of them; if you need both, give one a name="..." of its own',
    "secretsProviders": "Remove one of them; Buildbot takes one of each class",
}


def findings(facts: Facts) -> Iterator[Finding]:
    """Yield what the master has, and what it lacks."""
    yield from _programs(facts)
    yield from _shared_names(facts)
    yield from _workers(facts)
    yield from _builders(facts)
    if facts.secrets:
        yield Finding(HAS, f"a provider of secrets: {', '.join(facts.secrets)}")
    else:
        text = "a provider of secrets, for credentials"
        yield Finding(ADD, text, _SECRETS, (make_secrets(facts),))
    if facts.janitor:
        yield Finding(HAS, "a janitor, which removes old logs and files of builds")
    else:
        yield Finding(ADD, "a janitor, which removes old logs and files of builds", _JANITOR)
    yield from _www(facts)


def fragment(found: Iterable[Finding]) -> str:
    """Return the code of all findings, to append to ``master.cfg``; empty if there is none."""
    code = [each.code for each in found if each.code]
    return _TOP + "\n".join(code) if code else ""


def _programs(facts: Facts) -> Iterator[Finding]:
    known = tuple(int(part) for part in facts.buildbot.split(".")[:2] if part.isdecimal())
    state = HAS if known >= LEAST_BUILDBOT else ADD
    needed = "" if state == HAS else "; buildbot-ship needs Buildbot 4.3: upgrade it"
    yield Finding(state, f"Buildbot {facts.buildbot} in {facts.python}{needed}")
    if facts.ship:
        yield Finding(HAS, f"buildbot-ship {facts.ship}")
    else:
        command = install_command(facts.python)
        yield Finding(ADD, f"buildbot-ship: run {command}; {RESTART}")
    if facts.is_older:
        text = "a restart: the master runs since before buildbot-ship was installed: run"
        yield Finding(ADD, f"{text} buildbot restart {shlex.quote(facts.folder)}")


def _shared_names(facts: Facts) -> Iterator[Finding]:
    for each in facts.shared:
        kinds = f"{len(each.kinds)} services ({', '.join(each.kinds)})"
        text = f"c[{each.key!r}] has {kinds} with the name {each.name!r}: the master does not"
        yield Finding(FIX, f"{text} start. {_HOW_TO_FIX.get(each.key, 'Remove or rename one')}")


def _workers(facts: Facts) -> Iterator[Finding]:
    workers = facts.possible_workers
    if not workers:
        yield Finding(ADD, 'a worker: c["workers"] has none that can ship; see docs/master.md')
        return
    names = ", ".join(f"{each.name} ({each.kind})" for each in workers)
    yield Finding(HAS, f"workers: {names}")
    needs = "git, the Docker socket and buildbot-ship (pip install '.[worker]' in a clone)"
    yield Finding(NOTE, f"each worker that ships needs {needs}, which only it can tell")


def _builders(facts: Facts) -> Iterator[Finding]:
    ours = [each.name for each in facts.builders if each.ships]
    if ours:
        yield Finding(HAS, f"builders that ship: {', '.join(ours)}")
        started = [each.name for each in facts.schedulers if set(each.more) & set(ours)]
        yield Finding(HAS, f"schedulers of these builders: {', '.join(started)}")
    else:
        text = (
            "builders that ship: append the file ship.cfg that `buildbot-ship init` writes "
            "into your repository"
        )
        yield Finding(ADD, text)
    yield from _change_sources(facts)


def _change_sources(facts: Facts) -> Iterator[Finding]:
    if not facts.change_sources:
        text = "a change source, or a new commit starts no build: ship.cfg has one"
        yield Finding(ADD, text)
    usable = [each for each in facts.change_sources if not _is_placeholder(each)]
    if usable:
        yield Finding(HAS, f"change sources: {', '.join(map(_source, usable))}")
    for each in filter(_is_placeholder, facts.change_sources):
        yield Finding(ADD, f"the URL of your repository: {_source(each)} is a placeholder")


def _is_placeholder(source: Named) -> bool:
    hosts = (urlsplit(url).hostname or "" for url in source.more)
    return any(
        f".{host}".endswith(tuple(f".{each}" for each in _PLACEHOLDERS)) for host in hosts
    )


def _source(source: Named) -> str:
    return f"{source.kind} ({', '.join(source.more)})" if source.more else source.kind


def _www(facts: Facts) -> Iterator[Finding]:
    if facts.port is None:
        yield Finding(ADD, "a web UI", _WWW)
    if facts.port is None or "ship" not in facts.plugins:
        yield Finding(ADD, "the page that shows what ships (www plugin ship)", _PLUGIN)
    else:
        yield Finding(HAS, "the page that shows what ships")
    yield from access(facts)
