"""A line of the plan of a build, and the words for its states."""

from __future__ import annotations

import attrs

KNOWN, DOWNLOAD, BUILD, MAKE, UNKNOWN = "known", "download", "build", "make", "unknown"
_WORDS = {
    KNOWN: "known",
    DOWNLOAD: "to download",
    BUILD: "to build",
    MAKE: "to make",
    UNKNOWN: "unknown",
}


@attrs.frozen
class Item:
    """One line of the plan: a wheel or a layer, its *state* and a *note*."""

    name: str
    state: str
    note: str = ""

    def __str__(self) -> str:
        """Return the line."""
        return f"  {self.state:<8}  {self.name}" + (f" ({self.note})" if self.note else "")


def heading(what: str, items: list[Item]) -> str:
    """Return the first line of *items*: how many are in each state."""
    states = [item.state for item in items]
    counts = [f"{states.count(state)} {_WORDS[state]}" for state in dict.fromkeys(states)]
    return f"{what}: {', '.join(counts)}"
