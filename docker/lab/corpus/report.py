"""The table of a corpus, and the line that closes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import shorten

from lab.corpus.artefacts import Artefacts
from lab.progress import table

HEAD = ("app", "wheels", "built", "image", "image ID", "manifest", "s", "identical", "runs")
NOTHING = "-"
SHORT = slice(7, 19)
WIDTH = 60


@dataclass(frozen=True)
class Row:
    """What became of one application; `difference` and `trouble` are empty when all is well."""

    name: str
    wheels: int
    built: int
    size: int
    image_id: str
    manifest: str
    difference: str
    trouble: str
    seconds: float

    @classmethod
    def of(
        cls,
        name: str,
        builds: Sequence[Artefacts],
        difference: str,
        trouble: str,
        seconds: float,
    ) -> Row:
        """Describe an application by the first of its builds, if there is one."""
        if not builds:
            return cls(name, 0, 0, 0, "", "", difference, trouble, seconds)
        first = builds[0]
        digests = (first.digests["image ID"][SHORT], first.digests["manifest"][SHORT])
        counts = (len(first.wheels), first.built, first.size)
        return cls(name, *counts, *digests, difference, trouble, seconds)

    @property
    def identical(self) -> bool:
        """Say whether both builds gave the same bytes."""
        return not self.difference

    @property
    def runs(self) -> bool:
        """Say whether the image does what it should."""
        return not self.trouble

    def cells(self) -> tuple[str, ...]:
        """Return the row as it is printed."""
        made = bool(self.image_id)
        size = f"{self.size / 1e6:.1f} MB" if made else NOTHING
        counts = (str(self.wheels), str(self.built)) if made else (NOTHING, NOTHING)
        digests = (self.image_id or NOTHING, self.manifest or NOTHING)
        words = (shorten(word or "yes", WIDTH) for word in (self.difference, self.trouble))
        return (self.name, *counts, size, *digests, f"{self.seconds:.0f}", *words)


def report(rows: Sequence[Row]) -> str:
    """Return the whole table."""
    return table(HEAD, [row.cells() for row in rows])


def closing_line(rows: Sequence[Row]) -> str:
    """Return the line that says it all."""
    identical, runs = sum(row.identical for row in rows), sum(row.runs for row in rows)
    return f"identical: {identical} of {len(rows)}, running: {runs} of {len(rows)}"


def passed(rows: Sequence[Row]) -> bool:
    """Say whether every application is identical and runs."""
    return all(row.identical and row.runs for row in rows)
