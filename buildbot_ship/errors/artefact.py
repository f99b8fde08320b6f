"""What one verb leaves for the next, and what comes out at the end."""

from __future__ import annotations

import attrs

from .base import ShipError


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
class PackagesConflict(ShipError):
    """Packages of a pex that ship the same file; *files* has a line for each."""

    pex: str
    files: tuple[str, ...]
    hint: str = (
        "leave one of the packages out, rename the file if it is yours, or set the option "
        "conflicts to report"
    )
    template = "packages of {pex} ship the same file"
    advice = "{hint}"
    status = 44

    def __str__(self) -> str:
        """Return the first file, and how many follow."""
        more = len(self.files) - 1
        rest = f" (and {more} more)" if more else ""
        return f"{super().__str__()}: {self.files[0]}{rest}"

    @property
    def details(self) -> str:
        """Return every file on a line of its own."""
        return "\n".join(self.files)
