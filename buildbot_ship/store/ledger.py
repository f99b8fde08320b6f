"""The ledger: the list of temporary containers and images in the engine.

Each entry is a small JSON file, written before the container or image is created.  A container
belongs to the process that created it.  The process holds a lock, which the kernel releases
when the process dies.  An image belongs to its build.  Garbage collection removes only what is
in the ledger and has its owner's label, so it never removes anything of other users.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import attrs

from ..errors import InvalidRequest
from ..model.decision.garbage import Entry
from ..model.json_text import read_json
from ..model.request.wire import CONVERTER, structure


@attrs.define
class Ledger:
    """The ledger in the folder *root*, for one process of *build* in the work folder *work*."""

    root: Path
    work: str
    build: str
    _lock: IO[str] | None = None
    _holder: str = attrs.field(factory=lambda: uuid.uuid4().hex)
    _holding: threading.Lock = attrs.field(factory=threading.Lock)

    @property
    def owner(self) -> str:
        """Return the unique name of this ledger, for labels in the engine."""
        path = self.root / "owner"
        self.root.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            new = self.root / f"owner.{self._holder}"
            new.write_text(uuid.uuid4().hex, encoding="ascii")
            try:
                os.link(new, path)
            except FileExistsError:
                pass
            finally:
                new.unlink()
        return path.read_text(encoding="ascii")

    def note(self, kind: str, name: str, made: float) -> None:
        """Add an entry, before a container or image is created.

        *made* is the time in seconds since 1970.
        """
        self._hold_lock()
        entry = Entry(kind, name, self.work, self.build, self._holder, made)
        path = self._path(kind, name)
        new = path.with_suffix(f".{self._holder}")
        new.write_text(json.dumps(CONVERTER.unstructure(entry)), encoding="utf-8")
        os.replace(new, path)

    def forget(self, kind: str, name: str) -> None:
        """Delete the entry of a container or image that was removed."""
        self._path(kind, name).unlink(missing_ok=True)

    def entries(self) -> Iterator[Entry]:
        """Yield the entries of all builds on this worker."""
        for path in sorted(self.root.glob("*.json")):
            try:
                data = read_json(path.read_bytes())
                entry = structure(data, Entry, f"ledger {path.name}")
            except (FileNotFoundError, ValueError, InvalidRequest):
                # A damaged entry must not keep the others from being removed.
                continue
            yield entry

    def alive(self, entry: Entry) -> bool:
        """Return true if the process that made *entry* still runs."""
        return self._is_locked(entry.holder)

    def sweep(self) -> None:
        """Remove the lock files of dead processes."""
        for path in self.root.glob("holder-*.lock"):
            holder = path.stem.removeprefix("holder-")
            self._is_locked(holder)

    def close(self) -> None:
        """Release the lock of this process."""
        if self._lock is not None:
            self._lock_path(self._holder).unlink(missing_ok=True)
            self._lock.close()
            self._lock = None

    def _hold_lock(self) -> None:
        """Take the lock of this process, if it does not hold it yet."""
        with self._holding:
            if self._lock is not None:
                return
            self.root.mkdir(parents=True, exist_ok=True)
            new = self.root / f"{self._holder}.new"
            self._lock = new.open("w")
            fcntl.flock(self._lock, fcntl.LOCK_EX)
            os.replace(new, self._lock_path(self._holder))

    def _is_locked(self, holder: str) -> bool:
        if holder == self._holder:
            return True
        path = self._lock_path(holder)
        try:
            with path.open("r+") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink(missing_ok=True)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    def _lock_path(self, holder: str) -> Path:
        return self.root / f"holder-{holder}.lock"

    def _path(self, kind: str, name: str) -> Path:
        return self.root / f"{kind}-{name.replace('/', '_').replace(':', '_')}.json"
