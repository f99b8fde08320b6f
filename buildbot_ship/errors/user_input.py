"""Errors in the input: options, files of the repository, and the repository itself."""

from __future__ import annotations

import attrs

from .base import Problem, ShipError, quotable, shortened, without_login


def _short(text: str) -> str:
    """Return *text* for a message that may quote a character as ``\\x00``."""
    return shortened(quotable(text), 400)


@attrs.define(slots=False)
class InvalidReference(ShipError):
    """An image reference, repository, tag or digest is malformed."""

    text: str = attrs.field(converter=_short)
    why: str = attrs.field(converter=quotable)
    template = "{text!r} is not an image reference: {why}"
    advice = "write it as registry/path:tag, as in registry.example.com/team/app:1.2"
    status = 10


@attrs.define(slots=False)
class InvalidRequest(ShipError):
    """An option or a request is invalid."""

    what: str
    why: str = attrs.field(converter=quotable)
    template = "{what}: {why}"
    advice = "correct the option in master.cfg or on the command line"
    status = 11


@attrs.define(slots=False)
class SchemaMismatch(ShipError):
    """Master and worker use different versions of the request schema."""

    theirs: int
    ours: int
    older: str
    template = "the master uses request schema {theirs}, this worker uses {ours}"
    advice = "upgrade buildbot-ship on the {older}"
    status = 12


@attrs.define(slots=False)
class InvalidFile(ShipError):
    """A file of the repository has faults; *problems* has all of them."""

    problems: tuple[Problem, ...]
    hint: str = "correct these lines, and commit"
    advice = "{hint}"
    status = 13

    def __str__(self) -> str:
        """Return the first problem and the number of the others."""
        more = len(self.problems) - 1
        return f"{self.problems[0]}" + (f" (and {more} more)" if more else "")

    @property
    def details(self) -> str:
        """Return every problem, one a line."""
        return "\n".join(map(str, self.problems))


@attrs.define(slots=False)
class FileMissing(ShipError):
    """The repository lacks a file."""

    path: str
    where: str
    hint: str = "add and commit it, or name the right file in the options"
    template = "{path} is not in {where}"
    advice = "{hint}"
    status = 14


@attrs.define(slots=False)
class SubmoduleMissing(ShipError):
    """This worker lacks the commit of a submodule."""

    path: str
    commit: str
    why: str
    template = "the submodule {path} is at commit {commit}: {why}"
    advice = (
        "run git submodule update --init --recursive in the checkout; in Buildbot, set "
        'submodules=True on the Git step (for a factory: git={{"submodules": True}})'
    )
    status = 16


@attrs.define(slots=False)
class LfsMissing(ShipError):
    """This worker lacks the content of a file that Git LFS keeps."""

    path: str
    oid: str
    why: str
    template = "the content of {path} is in Git LFS (sha256:{oid}): {why}"
    advice = (
        "run git lfs pull in the checkout; in Buildbot, install git-lfs on the worker and run "
        "git lfs install as the worker's user"
    )
    status = 17


@attrs.define(slots=False)
class RepositoryError(ShipError):
    """Git failed, or the repository lacks a commit, tag or folder."""

    what: str
    why: str = attrs.field(converter=without_login)
    hint: str = "run this in a git checkout that contains the commit"
    template = "{what}: {why}"
    advice = "{hint}"
    status = 15


@attrs.define(slots=False)
class SecretUnusable(ShipError):
    """A secret cannot be sealed or opened."""

    name: str
    why: str
    hint: str = "seal it again: buildbot-ship secrets seal NAME --replace"
    template = "secret {name}: {why}"
    advice = "{hint}"
    status = 60


@attrs.define(slots=False)
class KeyFileRefused(ShipError):
    """A file with a private key is missing, unsafe, or no such file."""

    path: str
    why: str
    hint: str = "give the key file that buildbot-ship secrets keygen wrote"
    template = "key file {path}: {why}"
    advice = "{hint}"
    status = 61


@attrs.define(slots=False)
class NothingToShip(ShipError):
    """A repository has nothing that `buildbot-ship init` could ship."""

    name: str
    why: str
    template = "nothing to ship was found in {name}: {why}"
    advice = (
        "run it at the top of a repository with a pyproject.toml, a setup.py or a "
        "requirements.txt, and name what runs, as in --entry app.web:application"
    )
    status = 18


@attrs.define(slots=False)
class MasterUnreadable(ShipError):
    """The configuration of a master cannot be loaded."""

    folder: str
    why: str
    hint: str = "correct what buildbot checkconfig reports for it"
    template = "the configuration of the master in {folder} cannot be read: {why}"
    advice = "{hint}"
    status = 19


@attrs.define(slots=False)
class WouldOverwrite(ShipError):
    """A file or a recipient exists already, and would be replaced."""

    what: str
    hint: str = "choose another name, or remove it first"
    template = "{what} exists already: nothing was changed"
    advice = "{hint}"
    status = 62


@attrs.define(slots=False)
class ExtraMissing(ShipError):
    """A library is not installed that an extra of buildbot-ship brings."""

    library: str
    extra: str
    template = "{library} is not installed in this Python"
    advice = "install it, in a clone of buildbot-ship: pip install '.[{extra}]'"
    status = 63
