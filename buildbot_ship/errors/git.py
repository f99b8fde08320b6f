"""Git servers, and the branches on them."""

from __future__ import annotations

import attrs

from .base import ShipError


@attrs.define(slots=False)
class GitUnavailable(ShipError):
    """A git server that cannot be reached."""

    server: str
    why: str
    template = "the git server {server} cannot be reached: {why}"
    advice = "see that it runs and that this worker reaches it under this name"
    status = 50
    transient = True


@attrs.define(slots=False)
class GitForbidden(ShipError):
    """A git server that does not let us in."""

    server: str
    what: str
    hint: str = (
        "give credentials for it (a user and a password, or a private key for ssh), and "
        "known_hosts for a server that this worker does not know"
    )
    template = "the git server {server} refused to {what}: not authorised"
    advice = "{hint}"
    status = 51


@attrs.define(slots=False)
class BranchMissing(ShipError):
    """A branch that should be on the git server."""

    branch: str
    server: str
    template = "the branch {branch} is not on the git server {server}: somebody deleted it"
    advice = "push it again, or name another branch in the option target"
    status = 52


@attrs.define(slots=False)
class BranchMoved(ShipError):
    """A branch with a proposal that names something else by now."""

    branch: str
    holder: str
    template = "the branch {branch} was moved: {holder} does not hold what it proposed"
    advice = (
        "nothing is ever forced: rename or delete that branch, and run again with the option "
        "again (--again, or the force parameter again): a branch that is gone is not proposed "
        "by itself"
    )
    status = 53


@attrs.define(slots=False)
class PushRefused(ShipError):
    """A git server that does not take a branch, in its own words."""

    branch: str
    why: str
    hint: str = "ask who runs the git server which rule or hook of it refuses such a branch"
    template = "the git server refused the branch {branch}: {why}"
    advice = "{hint}"
    status = 54
