"""What can go wrong in a way that a user can mend.

Every class says what happened (``template``), which thing it happened to (its
fields), and what to do (``advice``).  ``status`` is the exit status of the command
line, one per kind.  A ``transient`` error may be gone when the work is tried again.
"""

from __future__ import annotations

from typing import ClassVar

import attrs


@attrs.frozen
class Problem:
    """One fault of a file: ``file:line: text``, with lines counted from 1."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        """Return the problem as compilers write it."""
        return f"{self.file}:{self.line}: {self.text}"


@attrs.define(slots=False)
class ShipError(Exception):
    """Something a user can mend: what, which, and the remedy."""

    template: ClassVar[str] = ""
    advice: ClassVar[str] = ""
    status: ClassVar[int] = 1
    transient: ClassVar[bool] = False

    def __str__(self) -> str:
        """Return what happened, and to what, in one line."""
        return self.template.format(**attrs.asdict(self, recurse=False))

    @property
    def remedy(self) -> str:
        """Return what to do about it, in one line."""
        return self.advice.format(**attrs.asdict(self, recurse=False))

    @property
    def details(self) -> str:
        """Return what does not fit a summary line: all problems, a tool's output."""
        return ""


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
    template = "{path} is not in {where}"
    advice = "add and commit it, or name the right file in the options"
    status = 14


@attrs.define(slots=False)
class RepositoryError(ShipError):
    """Git cannot give what was asked for."""

    what: str
    why: str
    template = "{what}: {why}"
    advice = "run this in a git checkout that holds the commit"
    status = 15


@attrs.define(slots=False)
class EngineUnavailable(ShipError):
    """No engine answers on the socket."""

    address: str
    why: str
    template = "no Docker Engine answers at {address}: {why}"
    advice = (
        "start the engine, mount its socket into the worker "
        "(-v /var/run/docker.sock:/var/run/docker.sock), or set DOCKER_HOST"
    )
    status = 20
    transient = True


@attrs.define(slots=False)
class EngineForbidden(ShipError):
    """The socket is there but this user may not use it."""

    address: str
    template = "no permission to use the Docker socket at {address}"
    advice = "add the worker's user to the group that owns the socket"
    status = 21


@attrs.define(slots=False)
class EngineError(ShipError):
    """The engine refused or failed an operation."""

    what: str
    why: str
    template = "the Docker Engine could not {what}: {why}"
    advice = "read the step's log; the engine's own log has the rest"
    status = 22


@attrs.define(slots=False)
class BaseNotFound(ShipError):
    """A base image that neither engine nor registry has."""

    reference: str
    why: str
    template = "base image {reference} cannot be had: {why}"
    advice = "check the FROM line against the tags that RetagBase made"
    status = 23


@attrs.define(slots=False)
class JobFailed(ShipError):
    """A script in a throw-away container ended badly, and says why."""

    job: str
    why: str
    hint: str = "read the step's log for the tool's own output"
    advice = "{hint}"
    output: str = ""
    template = "{why}"
    status = 24

    @property
    def details(self) -> str:
        """Return the last of the tool's output."""
        return self.output


@attrs.define(slots=False)
class LimitExceeded(ShipError):
    """Something went past a limit; *option* is what raises it, if anything does."""

    what: str
    limit: str
    option: str | None = None
    template = "{what} went past the limit of {limit}"
    advice = "find out why it needs so much, or raise the option {option}"
    status = 25

    @property
    def remedy(self) -> str:
        """Return what to do about it, in one line."""
        if self.option is None:
            return "this limit is fixed: find out why so much is there"
        return super().remedy


@attrs.define(slots=False)
class HostileArchive(ShipError):
    """A container returned an archive with a member that nothing asked for."""

    member: str
    why: str
    template = "refused what a container returned: {member!r} {why}"
    advice = "find out which package or build script made it; nothing was written"
    status = 26


@attrs.define(slots=False)
class BaseUnfit(ShipError):
    """A runtime base that cannot run what was built."""

    pex: str
    reference: str
    why: str
    template = "{pex} does not run on {reference}: {why}"
    advice = (
        "take a runtime base with the Python and C library of the build base, "
        "or build on a base that has those of this one"
    )
    status = 27


@attrs.define(slots=False)
class RegistryUnavailable(ShipError):
    """A registry that cannot be reached, or stays broken over the retries."""

    registry: str
    why: str
    template = "registry {registry} cannot be reached: {why}"
    advice = "see that it runs and that this worker reaches it under this name"
    status = 30
    transient = True


@attrs.define(slots=False)
class RegistryForbidden(ShipError):
    """A registry that answers 401 or 403."""

    registry: str
    what: str
    template = "registry {registry} refused to {what}: not authorised"
    advice = (
        "give credentials for it: the step's credentials option, or docker login on the worker"
    )
    status = 31


@attrs.define(slots=False)
class RegistryRefused(ShipError):
    """A registry that refuses a request for a reason of its own."""

    registry: str
    what: str
    why: str
    hint: str = "read the registry's log"
    template = "registry {registry} refused to {what}: {why}"
    advice = "{hint}"
    status = 32


@attrs.define(slots=False)
class ImageNotFound(ShipError):
    """A reference that its registry does not know."""

    reference: str
    template = "{reference} is not in its registry"
    advice = "check the name and the tag, or push it first"
    status = 33


@attrs.define(slots=False)
class DigestMismatch(ShipError):
    """Bytes that are not what their digest says."""

    what: str
    expected: str
    got: str
    template = "{what} should have digest {expected}, has {got}"
    advice = "find out who changed it; nothing was published"
    status = 34


@attrs.define(slots=False)
class TagTaken(ShipError):
    """A published tag that would have to move."""

    reference: str
    holder: str
    digest: str
    template = "{reference} already names {holder}; refusing to move it to {digest}"
    advice = "push under a new tag, or find out why this commit built differently"
    status = 35


@attrs.define(slots=False)
class InvalidManifest(ShipError):
    """A manifest that no registry should hold."""

    reference: str
    why: str
    template = "{reference} is not an image that can be read: {why}"
    advice = "look at it with another client; it may be an artefact of another kind"
    status = 36


@attrs.define(slots=False)
class OutputMissing(ShipError):
    """An earlier verb's output that this one needs."""

    what: str
    verb: str
    template = "{what} was not made for this commit in this work folder"
    advice = "run {verb} before it, for the same commit and with the same work folder"
    status = 40


@attrs.define(slots=False)
class ResultUnusable(ShipError):
    """A verb's command ended on the worker without a result that the master can read."""

    verb: str
    why: str
    hint: str = (
        "the step's log has what it wrote; see that the worker's Python has "
        "buildbot-ship in the master's version"
    )
    template = "buildbot-ship {verb} left no result that can be read: {why}"
    advice = "{hint}"
    status = 41


@attrs.define(slots=False)
class RequirementMissing(ShipError):
    """A requirement that no wheel of the wheelhouse meets; *by* is what requires it."""

    requirement: str
    by: str
    why: str
    template = "{requirement}, which {by} requires, {why}"
    advice = (
        "name it in the loose file, run HardenRequirements, review and commit; "
        "a package of your own belongs in the option packages"
    )
    status = 43


@attrs.define(slots=False)
class NotReproducible(ShipError):
    """A commit whose second build gave other bytes: the first difference, then all."""

    artefact: str
    member: str
    what: str
    differences: str = ""
    template = "{artefact} is not the same bytes again: {member} {what}"
    advice = (
        "make what writes {member} repeatable: no time, no random or process number, no "
        "host name, no order by chance"
    )
    status = 42

    @property
    def details(self) -> str:
        """Return every artefact that differs, and what diffoscope says."""
        return self.differences


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
    template = "the git server {server} refused to {what}: not authorised"
    advice = (
        "give credentials for it (a user and a password, or a private key for ssh), and "
        "known_hosts for a server that this worker does not know"
    )
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
    advice = "nothing is ever forced: rename or delete that branch, and run again"
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
