"""The ledger: the list of temporary containers and images in the engine, and their leases.

Each entry is a small JSON file, written before the container or image is created.  A container
belongs to the process that created it.  The process holds a lock, which the kernel releases
when the process dies: no clock is involved.  An image belongs to its build, which holds it
while one of its processes lives.  Between two processes its age counts, by a clock that nobody
can set (`read_boot_clock`).

The collector takes an entry (`take`) before it removes what the entry names.  Nobody can renew
the entry meanwhile.  It removes only what is in the ledger and carries its owner's label, so it
never removes anything of other users.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import attrs

from ..errors import InvalidRequest
from ..model.decision.garbage import CONTAINER, NETWORK, Entry, Moment
from ..model.json_text import read_object
from ..model.request.wire import CONVERTER, structure

BOOT = Path("/proc/sys/kernel/random/boot_id")
"""A file of Linux that differs after each start of the machine: random(4)."""


def read_boot_clock() -> tuple[str, float]:
    """Return an identity of this start of the machine, and the seconds since then.

    They are empty and 0 where the kernel does not tell.
    """
    try:
        boot = BOOT.read_text(encoding="ascii").strip()
        return boot, time.clock_gettime(time.CLOCK_BOOTTIME)
    except (OSError, ValueError, AttributeError):
        return "", 0.0


@attrs.define
class Ledger:
    """The ledger in the folder *root*, for one process of *build* in the work folder *work*."""

    root: Path
    work: str
    build: str
    boot_clock: Callable[[], tuple[str, float]] = read_boot_clock
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

    def moment(self, now: float) -> Moment:
        """Return the moment of the time *now*, in seconds since 1970."""
        return Moment(now, *self.boot_clock())

    def note(self, kind: str, name: str, made: float, images: tuple[str, ...] = ()) -> None:
        """Add an entry, before a container or image is created.

        *made* is the time in seconds since 1970, *images* the image IDs that *name* may have.
        """
        self._hold_lock()
        boot, uptime = self.boot_clock()
        entry = Entry(
            kind, name, self.work, self.build, self._holder, made, boot, uptime, images
        )
        path = self._path(kind, name)
        new = path.with_suffix(f".{self._holder}")
        new.write_text(json.dumps(CONVERTER.unstructure(entry)), encoding="utf-8")
        with self._locked(fcntl.LOCK_SH):
            os.replace(new, path)

    def forget(self, kind: str, name: str) -> None:
        """Delete the entry of a container or image that was removed."""
        self._path(kind, name).unlink(missing_ok=True)

    def entries(self) -> Iterator[Entry]:
        """Yield the entries of all builds on this worker."""
        for path in sorted(self.root.glob("*.json")):
            entry = _read(path)
            # A file that somebody else wrote, or wrote in part, names nothing of ours.
            if entry is not None and self._path(entry.kind, entry.name) == path:
                yield entry

    @contextmanager
    def take(self, entry: Entry) -> Iterator[bool]:
        """Yield whether *entry* is as it was read; until the end, nobody can renew it."""
        with self._locked(fcntl.LOCK_EX):
            yield _read(self._path(entry.kind, entry.name)) == entry

    def alive(self, entry: Entry) -> bool:
        """Return true if the process that made *entry* still runs."""
        return self._is_locked(entry.holder)

    def held(self, entry: Entry) -> bool:
        """Return true if a living process holds *entry*: an image, also one of its build."""
        if entry.kind in (CONTAINER, NETWORK):
            return self.alive(entry)
        return self.alive(entry) or f"{entry.work} {entry.build}" in self._living_builds()

    def _living_builds(self) -> Iterator[str]:
        """Yield the work folder and the build of each living process."""
        for path in self.root.glob("holder-*.lock"):
            with suppress(FileNotFoundError):
                text = path.read_text(encoding="utf-8")
                if self._is_locked(path.stem.removeprefix("holder-")):
                    yield text

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
            self._lock = new.open("w", encoding="utf-8")
            fcntl.flock(self._lock, fcntl.LOCK_EX)
            self._lock.write(f"{self.work} {self.build}")
            self._lock.flush()
            os.replace(new, self._lock_path(self._holder))

    @contextmanager
    def _locked(self, kind: int) -> Iterator[None]:
        """Hold the lock on all entries, shared or exclusive."""
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / "entries.lock").open("a") as lock:
            fcntl.flock(lock, kind)
            yield

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


def _read(path: Path) -> Entry | None:
    """Return the entry in a file; None if there is none."""
    try:
        return structure(read_object(path.read_bytes()), Entry, f"ledger {path.name}")
    except (OSError, ValueError, InvalidRequest):
        return None
