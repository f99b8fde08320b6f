"""Garbage collection: decide which temporary containers, networks and images are leftovers."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from ..request import GarbageRequest

CONTAINER, IMAGE, NETWORK, TOOLS = "container", "image", "network", "tools"
HOUR, DAY = 3600.0, 86400.0


@attrs.frozen
class Moment:
    """A moment: the time *now* in seconds since 1970, and seconds since the machine started.

    *boot* identifies that start, and *uptime* counts the time in suspend.  Nobody can set it.
    """

    now: float
    boot: str = ""
    uptime: float = 0.0


@attrs.frozen
class Entry:
    """One line of the ledger; *made* is the creation time in seconds since 1970.

    *boot* and *uptime* are those of `Moment`.  *images* are the image IDs of which the name
    may have one.
    """

    kind: str
    name: str
    work: str
    build: str
    holder: str
    made: float
    boot: str = ""
    uptime: float = 0.0
    images: tuple[str, ...] = ()

    def age(self, moment: Moment) -> float:
        """Return the age in seconds; a jump of the clock changes it only across a restart.

        A creation time in the future counts as now.
        """
        if self.boot and self.boot == moment.boot:
            return max(0.0, moment.uptime - self.uptime)
        return max(0.0, moment.now - self.made)


@attrs.frozen
class Verdict:
    """Whether what *entry* names *goes* or stays, and *why*; *age* is in seconds."""

    entry: Entry
    goes: bool
    why: str
    age: float


@attrs.frozen
class Collection:
    """A collection by *build* in the work folder *work*, at a *moment*.

    *held* returns whether a living process holds an entry.
    """

    request: GarbageRequest
    work: str
    build: str
    moment: Moment
    held: Callable[[Entry], bool]

    def judge(self, entry: Entry) -> Verdict:
        """Return a verdict on *entry*.  These go:

        - containers and networks whose process is dead,
        - images of other builds in this work folder, because one build at a time uses it,
        - images of this build when it finishes,
        - images of any build that are too old,
        - tools images that were not used for too long.

        What a living process holds stays, except the images of this build.
        """
        age = entry.age(self.moment)
        return Verdict(entry, *self._decide(entry, age), age)

    def _decide(self, entry: Entry, age: float) -> tuple[bool, str]:
        if entry.kind == IMAGE and (entry.work, entry.build) == (self.work, self.build):
            ends = self.request.finish
            return (True, "this build ends") if ends else (False, "it is of this build")
        if self.held(entry):
            return False, "a living process holds it"
        if entry.kind in (CONTAINER, NETWORK):
            return True, "its process is dead"
        if entry.kind == IMAGE and entry.work == self.work:
            return True, "it is of another build in this work folder"
        if entry.kind == TOOLS:
            days = self.request.tools_older_than_days
            return age > days * DAY, f"the limit is {days:g} days without use"
        hours = self.request.older_than_hours
        return age > hours * HOUR, f"the limit is {hours:g} hours"


def owns_image(entry: Entry, owner: str, *, image_id: str, label: str, named: bool) -> bool:
    """Return whether the image that has the name of *entry* now is the one that it notes.

    *label* is its owner label, empty if it has none, and *named* whether it has tags.  An image
    in a registry cannot have our label, because its digest must not depend on the worker: the
    ledger notes its ID instead.
    """
    if label and label != owner:
        return False
    if entry.images:
        return image_id in entry.images
    if entry.name == image_id:
        # A layer of a build; its tags would be somebody else's.
        return not named
    return label == owner or "@" in entry.name
