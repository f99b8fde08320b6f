"""What to do about a configuration that Buildbot does not load."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Iterable

_UNKNOWN = re.compile(r"Unknown component name: (\w+)")
_NO_MODULE = re.compile(r"No module named '(buildbot_ship)\b")
_TWICE = re.compile(
    r"^duplicate |^Duplicate service name |used multiple times$|share the same name"
)
_ANY = "correct what buildbot checkconfig reports for it"
RESTART = "then restart the master once, because a running master does not see new plugins"
_RENAME = "rename one of the two; if ship.cfg is in master.cfg twice, remove the older copy"


def remedy(errors: Iterable[str], *, ship: str, python: str, ours: Collection[str]) -> str:
    """Return what to do about *errors* of a master with the interpreter *python*.

    *ship* is its version of buildbot-ship, empty if it has none.  *ours* are the names that
    buildbot-ship adds to ``buildbot.plugins``.
    """
    for error in errors:
        name = _UNKNOWN.search(error)
        if _NO_MODULE.search(error) or (name and name[1] in ours):
            if ship:
                why = f"buildbot-ship {ship} of this master is too old"
                return f"{why}: run {install_command(python, 'a newer clone')}; {RESTART}"
            return f"run {install_command(python)}; {RESTART}"
        if _TWICE.search(error):
            return _RENAME
    return _ANY


def install_command(python: str, where: str = "a clone") -> str:
    """Return the command that installs buildbot-ship for the interpreter of a master."""
    return f"{shlex.quote(python)} -m pip install '.[master]' in {where} of buildbot-ship"
