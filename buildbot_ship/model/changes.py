"""What changed between two strict files."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from .requirements import Pin


@attrs.frozen
class Changes:
    """Names with their versions: added, removed, and changed (from, to), by name."""

    added: tuple[tuple[str, str], ...] = ()
    removed: tuple[tuple[str, str], ...] = ()
    changed: tuple[tuple[str, str, str], ...] = ()

    @property
    def summary(self) -> str:
        """Return how many of each, in a few words."""
        counts = {
            "added": len(self.added),
            "removed": len(self.removed),
            "changed": len(self.changed),
        }
        return ", ".join(f"{n} {word}" for word, n in counts.items() if n) or "no change"

    @property
    def text(self) -> str:
        """Return one line for each: ``+ name version``, ``- name version``, ``name a -> b``."""
        lines = [f"+ {name} {version}" for name, version in self.added]
        lines += [f"- {name} {version}" for name, version in self.removed]
        lines += [f"  {name} {old} -> {new}" for name, old, new in self.changed]
        return "\n".join(lines) + "\n" if lines else "no change\n"


def compare(old: Iterable[Pin], new: Iterable[Pin]) -> Changes:
    """Return what changed from *old* to *new*."""
    before = {pin.key: pin.version for pin in old}
    after = {pin.key: pin.version for pin in new}
    both = sorted(before.keys() & after.keys())
    return Changes(
        added=tuple((key, after[key]) for key in sorted(after.keys() - before.keys())),
        removed=tuple((key, before[key]) for key in sorted(before.keys() - after.keys())),
        changed=tuple((k, before[k], after[k]) for k in both if before[k] != after[k]),
    )
