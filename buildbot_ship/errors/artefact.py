"""Errors about artefacts: missing outputs, unreproducible builds, wheels that do not fit."""

from __future__ import annotations

import attrs

from .base import ShipError, printable, quotable


@attrs.define(slots=False)
class OutputMissing(ShipError):
    """A verb needs the output of an earlier verb, and the work folder lacks it."""

    what: str
    verb: str
    template = "{what} was not built for this commit in this work folder"
    advice = "run {verb} first, for the same commit and with the same work folder"
    status = 40


@attrs.define(slots=False)
class ResultUnusable(ShipError):
    """The command on the worker ended without a result that the master can read."""

    verb: str
    why: str
    hint: str = (
        "read the step's log for the command's output; install the master's version of "
        "buildbot-ship in the worker's Python"
    )
    template = "buildbot-ship {verb} left no readable result: {why}"
    advice = "{hint}"
    status = 41


@attrs.define(slots=False)
class PythonWithoutShip(ShipError):
    """No interpreter that a step tried on the worker has buildbot-ship installed."""

    pythons: str
    template = "buildbot-ship is not installed on the worker for {pythons}"
    advice = (
        "install it in the worker's environment (pip install '.[worker]' in a clone), or set "
        "the option python to the interpreter that has it"
    )
    status = 57


@attrs.define(slots=False)
class NotReproducible(ShipError):
    """The second build of a commit produced other bytes than the first.

    The message names the first difference; *differences* lists them all.
    """

    artefact: str
    member: str
    what: str
    differences: str = ""
    template = "{artefact} is not reproducible: {member} {what}"
    advice = (
        "make {member} deterministic: no timestamps, random numbers, process IDs, host "
        "names or unsorted output"
    )
    status = 42

    @property
    def details(self) -> str:
        """Return every artefact that differs, with the output of diffoscope."""
        return self.differences


@attrs.define(slots=False)
class RequirementMissing(ShipError):
    """No wheel in the wheelhouse meets a requirement of the package *by*."""

    requirement: str = attrs.field(converter=quotable)
    by: str
    why: str
    template = "{requirement}, required by {by}, {why}"
    advice = (
        "add it to the loose file or the pyproject.toml, unless it is there already; then run "
        "buildbot-ship harden (in Buildbot, HardenRequirements), review and commit; "
        "for one of your own packages, add its folder to the option packages"
    )
    status = 43


@attrs.define(slots=False)
class PackagesConflict(ShipError):
    """Packages of a pex install the same path; *files* has one line for each path."""

    pex: str
    files: tuple[str, ...]
    hint: str = (
        "remove one of the packages, rename the file if it is yours, or set the option "
        "conflicts to report"
    )
    template = "packages of {pex} ship the same file"
    advice = "{hint}"
    status = 44

    def __str__(self) -> str:
        """Return the first path and the number of the others."""
        more = len(self.files) - 1
        rest = f" (and {more} more)" if more else ""
        return f"{super().__str__()}: {self.files[0]}{rest}"

    @property
    def details(self) -> str:
        """Return every path, one a line."""
        return "\n".join(self.files)


@attrs.define(slots=False)
class SmokeTestFailed(ShipError):
    """A check of a smoke test failed, or a container ended; *logs* are those of containers.

    *tail* has the last lines of the log of *container*, in one line.
    """

    container: str
    why: str
    tail: str = ""
    hint: str = (
        "read the log of each container; correct the application, or the containers and checks "
        "of the test"
    )
    logs: dict[str, str] = attrs.field(factory=dict, repr=False)
    template = "{why}"
    advice = "{hint}"
    status = 45

    def __str__(self) -> str:
        """Return the cause, with the last lines of the container's log."""
        last = f"; last lines of {self.container}: {self.tail}" if self.tail else ""
        return printable(f"{self.why}{last}")

    @property
    def texts(self) -> dict[str, str]:
        """Return the logs of the containers, by name."""
        return self.logs


@attrs.define(slots=False)
class ImageNotTested(ShipError):
    """The image to push is not the one that a smoke test passed."""

    image: str
    digest: str
    why: str
    template = "image {image} ({digest}) was not tested: {why}"
    advice = (
        "run SmokeTest (buildbot-ship smoke) between BuildRuntimeImage and PushTagged, for the "
        "same commit and with the same work folder; to push without a test, leave tested out"
    )
    status = 46
