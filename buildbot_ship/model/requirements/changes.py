"""Compare two strict files: packages added, removed, upgraded or downgraded, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import attrs
from packaging.version import InvalidVersion, Version

from .reader import Pin
from .reasons import reasons


@attrs.frozen
class StrictFile:
    """The pins and the text of a strict file."""

    pins: tuple[Pin, ...] = ()
    text: str = attrs.field(default="", repr=False)


@attrs.frozen
class Change:
    """The old and the new version of a package (None: absent), and *why* it is required.

    *age* is the number of days since the new version was released, if known.
    """

    name: str
    old: str | None
    new: str | None
    why: tuple[str, ...] = ()
    age: float | None = None

    @property
    def kind(self) -> str:
        """Return ``added``, ``removed``, ``upgraded`` or ``downgraded``."""
        if self.old is None:
            return "added"
        if self.new is None:
            return "removed"
        return "upgraded" if _is_newer(self.new, self.old) else "downgraded"

    def __str__(self) -> str:
        """Return the change in one line."""
        versions = " -> ".join(filter(None, (self.old, self.new)))
        why = ", ".join(reason.removeprefix("-r ") for reason in self.why)
        text = f"{self.name} {versions}" + (f" ({why})" if why else "")
        return text if self.age is None else f"{text}, {_days(self.age)} old"


KINDS = ("added", "removed", "upgraded", "downgraded")


@attrs.frozen
class Changes:
    """All changes, by name; *files* lists packages with the same version, but other files."""

    versions: tuple[Change, ...] = ()
    files: tuple[str, ...] = ()

    def of(self, kind: str) -> tuple[Change, ...]:
        """Return the changes of one kind."""
        return tuple(change for change in self.versions if change.kind == kind)

    @property
    def summary(self) -> str:
        """Return the number of changes of each kind, for example ``1 added, 2 upgraded``."""
        counts = [f"{len(self.of(kind))} {kind}" for kind in KINDS if self.of(kind)]
        counts += [f"{len(self.files)} with other files"] if self.files else []
        return ", ".join(counts) or "no change"

    @property
    def text(self) -> str:
        """Return a section for each kind, with one line for each package."""
        return "\n".join(self._sections()) or "no change\n"

    def message(self, file: str) -> str:
        """Return the message for a commit of the new *file*."""
        return f"{file}: {self.summary}\n\n{self.text}"

    def _sections(self) -> Iterator[str]:
        for kind in KINDS:
            if self.of(kind):
                yield f"{kind}:\n" + "".join(f"  {change}\n" for change in self.of(kind))
        if self.files:
            yield "other files of one version:\n" + "".join(f"  {n}\n" for n in self.files)


def compare(
    old: StrictFile, new: StrictFile, ages: Mapping[str, float] | None = None
) -> Changes:
    """Return the changes from *old* to *new*; *ages* has the days since each release."""
    before, after = _by_name(old.pins), _by_name(new.pins)
    was, why = reasons(old.text), reasons(new.text)
    found, files = [], []
    for name in sorted(before.keys() | after.keys()):
        one, two = before.get(name), after.get(name)
        if one and two and one.version == two.version:
            files += [f"{name} {two.version}"] if set(one.hashes) != set(two.hashes) else []
            continue
        because = why.get(name) or was.get(name, ())
        age = (ages or {}).get(f"{two.name}=={two.version}") if two else None
        versions = (one.version if one else None, two.version if two else None)
        found.append(Change(name, *versions, because, age))
    return Changes(tuple(found), tuple(files))


def _days(age: float) -> str:
    return "1 day" if int(age) == 1 else f"{max(int(age), 0)} days"


def _by_name(pins: Iterable[Pin]) -> dict[str, Pin]:
    return {pin.key: pin for pin in pins}


def _is_newer(new: str, old: str) -> bool:
    try:
        return Version(new) > Version(old)
    except InvalidVersion:
        return new > old
