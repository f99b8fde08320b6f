"""Say who may force builds of a master, and how to add a login and rules."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator

from .facts import Facts
from .finding import ADD, HAS, NOTE, Finding

_DEFAULT_USER = "ship"
_REPLACE = f'replace "{_DEFAULT_USER}" with your user names'
_LOGIN = """\
# The login of the web UI.  docs/login.md has those of GitHub, GitLab and others.
with open(os.path.join(basedir, "secrets", "web-password"), encoding="utf-8") as file:
    c["www"]["auth"] = util.UserPasswordAuth({{{user}: file.read().strip()}})
"""
_AUTHZ = """\
# Only these users may force, stop and rebuild builds.
{note}c["www"]["authz"] = util.Authz(
    allowRules=[util.AnyControlEndpointMatcher(role="shippers")],
    roleMatchers=[util.RolesFromUsername(roles=["shippers"], usernames={users})],
)
"""


def access(facts: Facts) -> Iterator[Finding]:
    """Yield the login and the rules that the master has or lacks."""
    if not facts.has_login:
        yield _login(facts)
    yield from _rules(facts)


def make_secrets(facts: Facts) -> str:
    """Return the command that makes the folder of secrets."""
    return f"mkdir -p -m 700 {shlex.quote(f'{facts.folder}/secrets')}"


def _login(facts: Facts) -> Finding:
    if facts.has_authz and not facts.named_users:
        # Its roles come from elsewhere, such as groups, which this login would not have.
        text = 'no login: set c["www"]["auth"], as docs/login.md shows, or nobody may force'
        return Finding(NOTE, text)
    user = facts.named_users[0] if facts.named_users else _DEFAULT_USER
    password = shlex.quote(f"{facts.folder}/secrets/web-password")
    code = "'import secrets; print(secrets.token_urlsafe())'"
    write = f"(umask 077; {shlex.quote(facts.python)} -c {code} > {password})"
    text = f"a login: the user {user}, with the password in secrets/web-password"
    made = _LOGIN.format(user=json.dumps(user))
    return Finding(ADD, text, made, (make_secrets(facts), write))


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
