"""Say what a master has that it needs to ship, what it lacks, and how to add it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import urlsplit

import attrs

from .facts import Facts, Named

LEAST_BUILDBOT = (4, 3)
HAS, ADD, NOTE = "has", "add", "note"
_PLACEHOLDERS = ("example.com", "example.net", "example.org", "example")
_DEFAULT_USER = "ship"
_REPLACE = f'replace "{_DEFAULT_USER}" with your user names'
_TOP = """\
import os
from datetime import timedelta

from buildbot.plugins import secrets, util

"""
_SECRETS = """\
# Passwords of registries and git servers: one file for each, chmod 600.
c.setdefault("secretsProviders", []).append(
    secrets.SecretInAFile(dirname=os.path.join(basedir, "secrets"))
)
"""
_JANITOR = """\
# Logs and files of old builds are removed every night, or the database grows for ever.
c.setdefault("configurators", []).append(
    util.JanitorConfigurator(
        logHorizon=timedelta(days=90), build_data_horizon=timedelta(days=90), hour=3
    )
)
"""
_WWW = """\
# The web UI, for this machine only.
c.setdefault("www", {})["port"] = "tcp:8010:interface=127.0.0.1"
"""
_PLUGIN = """\
# The page that shows what ships.
c["www"].setdefault("plugins", {}).setdefault("ship", {})
"""
_AUTHZ = """\
# Only these users may force, stop and rebuild builds.  docs/login.md has the logins.
{note}c["www"]["authz"] = util.Authz(
    allowRules=[util.AnyControlEndpointMatcher(role="shippers")],
    roleMatchers=[util.RolesFromUsername(roles=["shippers"], usernames={users})],
)
"""


@attrs.frozen
class Finding:
    """One thing that a master has or lacks; *code* adds it to ``master.cfg``."""

    state: str
    text: str
    code: str = ""


def findings(facts: Facts) -> Iterator[Finding]:
    """Yield what the master has, and what it lacks."""
    yield from _programs(facts)
    yield from _workers(facts)
    yield from _builders(facts)
    if facts.secrets:
        yield Finding(HAS, f"a provider of secrets: {', '.join(facts.secrets)}")
    else:
        text = 'a provider of secrets, for credentials: first "mkdir -m 700 secrets"'
        yield Finding(ADD, text, _SECRETS)
    if facts.janitor:
        yield Finding(HAS, "a janitor, which removes old logs and files of builds")
    else:
        yield Finding(ADD, "a janitor, which removes old logs and files of builds", _JANITOR)
    yield from _www(facts)


def fragment(found: Iterator[Finding]) -> str:
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
        command = f"{facts.python} -m pip install '.[master]' in a clone of buildbot-ship"
        yield Finding(ADD, f"buildbot-ship: run {command}")


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
    yield from _rules(facts)
    if not facts.has_login:
        text = 'no login: set c["www"]["auth"], as docs/login.md shows, or nobody may force'
        yield Finding(NOTE, text)


def _rules(facts: Facts) -> Iterator[Finding]:
    if facts.port is None or (facts.anybody_may_force and not facts.has_authz):
        text = "rules of who may force builds: now everybody who reaches the web UI may"
        yield Finding(ADD, text, _authz(facts))
    elif facts.anybody_may_force:
        rule = "util.AnyControlEndpointMatcher(role=...)"
        yield Finding(ADD, f"{rule} to your authz: now everybody may force builds")
    else:
        yield Finding(HAS, f"rules of who may force builds: {', '.join(facts.rules)}")
        for role in facts.locked:
            users = ", ".join(facts.users or ()) or "none"
            text = f"the role {role} for a user of your login: now nobody has it"
            yield Finding(ADD, f"{text} (users: {users}); see docs/login.md")
    if _needs_names(facts) and (facts.anybody_may_force or _DEFAULT_USER in facts.named_users):
        text = f"the login {facts.auth} has no list of users"
        yield Finding(NOTE, f"{text}: {_REPLACE} in usernames of authz")


def _needs_names(facts: Facts) -> bool:
    return facts.has_login and facts.users is None


def _authz(facts: Facts) -> str:
    """Return the rules for the users of the login, or for one user to replace."""
    names = json.dumps(facts.users or (_DEFAULT_USER,))
    note = f"# {_REPLACE[0].upper()}{_REPLACE[1:]}.\n" if _needs_names(facts) else ""
    return _AUTHZ.format(users=names, note=note)
