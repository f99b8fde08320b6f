"""What one verb knows of a file that it wrote, for the verb that proposes it.

ChangeNotes are kept under the sha256 of what they are about, so that none is ever taken for
another version of it.  They are a convenience: a new worker has none.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import attrs

_KEPT = 1000


@attrs.frozen
class ChangeNotes:
    """The notes in the folder *root*."""

    root: Path

    def leave(self, about: bytes, text: str) -> None:
        """Keep *text* about these bytes; the oldest notes go when there are many."""
        self.root.mkdir(parents=True, exist_ok=True)
        path = self._path(about)
        new = path.with_suffix(f".{os.getpid()}")
        new.write_text(text, encoding="utf-8")
        os.replace(new, path)
        kept = sorted(self.root.glob("*.txt"), key=lambda note: note.stat().st_mtime)
        for old in kept[:-_KEPT]:
            old.unlink(missing_ok=True)

    def find(self, about: bytes) -> str | None:
        """Return what was kept about these bytes, or None."""
        path = self._path(about)
        return path.read_text(encoding="utf-8") if path.is_file() else None

    def _path(self, about: bytes) -> Path:
        return self.root / f"{hashlib.sha256(about).hexdigest()}.txt"
