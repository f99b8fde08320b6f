"""Notes on generated files, from the verb that writes them to the verb that proposes them.

A note is stored under the sha256 of the file's content, so it never describes another version
of the file.  Notes are optional: a new worker has none.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import attrs

_MAX_NOTES = 1000


@attrs.frozen
class ChangeNotes:
    """The notes in the folder *root*."""

    root: Path

    def leave(self, about: bytes, text: str) -> None:
        """Store the note *text* about the content *about*; delete the oldest of many notes."""
        self.root.mkdir(parents=True, exist_ok=True)
        path = self._path(about)
        new = path.with_suffix(f".{os.getpid()}")
        new.write_text(text, encoding="utf-8")
        os.replace(new, path)
        notes = sorted(self.root.glob("*.txt"), key=lambda note: note.stat().st_mtime)
        for old in notes[:-_MAX_NOTES]:
            old.unlink(missing_ok=True)

    def find(self, about: bytes) -> str | None:
        """Return the note about the content *about*, or None."""
        path = self._path(about)
        return path.read_text(encoding="utf-8") if path.is_file() else None

    def _path(self, about: bytes) -> Path:
        return self.root / f"{hashlib.sha256(about).hexdigest()}.txt"
