"""Errors of git servers, their branches, and the forges around them."""

from __future__ import annotations

import attrs

from .base import ShipError


@attrs.define(slots=False)
class GitUnavailable(ShipError):
    """The git server cannot be reached."""

    server: str
    why: str
    template = "the git server {server} cannot be reached: {why}"
    advice = "check that it runs, and that this machine can reach it under this name"
    status = 50
    transient = True


@attrs.define(slots=False)
class GitForbidden(ShipError):
    """The git server rejects the credentials, or wants some."""

    server: str
    what: str
    hint: str = (
        "give the step credentials for it (user and password, or a private key for ssh), "
        "and known_hosts if the worker lacks the server's host key"
    )
    template = "the git server {server} refused to {what}: not authorised"
    advice = "{hint}"
    status = 51


@attrs.define(slots=False)
class BranchMissing(ShipError):
    """The git server lacks a branch that should be there."""

    branch: str
    server: str
    template = "the branch {branch} is not on the git server {server}: somebody deleted it"
    advice = "push it again, or name another branch in the option target"
    status = 52


@attrs.define(slots=False)
class BranchMoved(ShipError):
    """Somebody moved the branch of a proposal to another commit."""

    branch: str
    holder: str
    template = "the branch {branch} is now at commit {holder}, which lacks the proposal"
    advice = (
        "rename or delete that branch, then propose again with --again (in Buildbot, the "
        "parameter again); nothing is ever force-pushed, and a deleted branch is only proposed "
        "again with this option"
    )
    status = 53


@attrs.define(slots=False)
class PushRefused(ShipError):
    """The git server rejects a branch; *why* is the server's message."""

    branch: str
    why: str
    hint: str = "ask the administrator of the git server which rule or hook rejects this branch"
    template = "the git server refused the branch {branch}: {why}"
    advice = "{hint}"
    status = 54


@attrs.define(slots=False)
class ForgeRefused(ShipError):
    """The forge refuses a call of its API; *why* is its message."""

    forge: str
    what: str
    why: str
    hint: str = "give the token of the forge the permissions that it needs"
    template = "the forge {forge} refused to {what}: {why}"
    advice = "{hint}"
    status = 55


@attrs.define(slots=False)
class ForgeUnavailable(ShipError):
    """The forge does not answer, or answers with an error of its own, several times."""

    forge: str
    why: str
    template = "the forge {forge} does not answer: {why}"
    advice = (
        "check that it runs, and that the master can reach it under this name; the branch is "
        "pushed, and the next build opens its merge request"
    )
    status = 56
