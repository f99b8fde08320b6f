"""Count the attempts of a soak, and what did not hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Tally:
    """Attempts, how many of them ended in which way, and a line for each that did not hold."""

    attempts: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)

    @property
    def all_held(self) -> bool:
        """Return whether there were attempts, and each held."""
        return self.attempts > 0 and not self.broken

    def lines(self, name: str) -> Iterator[str]:
        """Yield the report; the last line has the figures."""
        yield from self.broken[:20]
        yield "outcomes: " + ", ".join(
            f"{n} {what}" for what, n in sorted(self.outcomes.items())
        )
        yield f"{name}: {self.attempts - len(self.broken)} of {self.attempts} held"
