"""What people give: options, files of the repository, the repository itself."""

from __future__ import annotations

import attrs

from .base import Problem, ShipError


@attrs.define(slots=False)
class InvalidReference(ShipError):
    """An image reference, repository, tag or digest that does not parse."""

    text: str
    why: str
    template = "{text!r} is not an image reference: {why}"
    advice = "write it as registry/path:tag, as in registry.example.com/team/app:1.2"
    status = 10


@attrs.define(slots=False)
class InvalidRequest(ShipError):
    """An option or a request that no verb can act on."""

    what: str
    why: str
    template = "{what}: {why}"
    advice = "correct the option in master.cfg or on the command line"
    status = 11


@attrs.define(slots=False)
class SchemaMismatch(ShipError):
    """Master and worker speak different versions of the request."""

    theirs: int
    ours: int
    older: str
    template = "the master speaks request schema {theirs}, this worker {ours}"
    advice = "upgrade buildbot-ship on the {older}"
    status = 12


@attrs.define(slots=False)
class InvalidFile(ShipError):
    """A file of the repository with faults, all of them at once."""

    problems: tuple[Problem, ...]
    hint: str = "mend the lines named, and commit"
    advice = "{hint}"
    status = 13

    def __str__(self) -> str:
        """Return the first problem, and how many follow."""
        more = len(self.problems) - 1
        return f"{self.problems[0]}" + (f" (and {more} more)" if more else "")

    @property
    def details(self) -> str:
        """Return every problem on a line of its own."""
        return "\n".join(map(str, self.problems))


@attrs.define(slots=False)
class FileMissing(ShipError):
    """A file that the repository should hold."""

    path: str
    where: str
    hint: str = "add and commit it, or name the right file in the options"
    template = "{path} is not in {where}"
    advice = "{hint}"
    status = 14


@attrs.define(slots=False)
class SubmoduleMissing(ShipError):
    """A submodule whose commit is not on this worker."""

    path: str
    commit: str
    why: str
    template = "the submodule {path} is at commit {commit}: {why}"
    advice = (
        "run git submodule update --init --recursive in the checkout; in Buildbot give the "
        'checkout the option submodules=True (of a factory: git={{"submodules": True}})'
    )
    status = 16


@attrs.define(slots=False)
class LfsMissing(ShipError):
    """A file whose content Git LFS keeps, and which is not on this worker."""

    path: str
    oid: str
    why: str
    template = "the content of {path} is in Git LFS (sha256:{oid}): {why}"
    advice = (
        "run git lfs pull in the checkout; for Buildbot install git-lfs on the worker and run "
        "git lfs install as its user, so that a checkout fetches the content"
    )
    status = 17


@attrs.define(slots=False)
class RepositoryError(ShipError):
    """Git cannot give what was asked for."""

    what: str
    why: str
    hint: str = "run this in a git checkout that holds the commit"
    template = "{what}: {why}"
    advice = "{hint}"
    status = 15
