"""What an engine does beside the jobs: containers made ready, and those that are done with."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import attrs

from ..interface import Job
from ..shared.signal_guard import uninterrupted
from .container import Container

Ready = tuple[Job, Container]


@attrs.define
class StandbyContainer:
    """One container at the most waits for a job; *make* makes one for a job like another."""

    make: Callable[[Job], Container]
    _pool: ThreadPoolExecutor = attrs.field(factory=lambda: ThreadPoolExecutor(2))
    _waiting: Future[Ready | None] | None = None
    _removals: list[Future[None]] = attrs.field(factory=list)

    def prepare(self, expected: Callable[[], Job | None]) -> None:
        """Begin to make a container ready for a job like the *expected*, unless one waits."""
        with uninterrupted():
            if self._waiting is None:
                self._waiting = self._pool.submit(self._ready, expected)

    def _ready(self, expected: Callable[[], Job | None]) -> Ready | None:
        try:
            if (job := expected()) is None:
                return None
            container = self.make(attrs.evolve(job, script="standby"))
            container.start()
        except Exception:
            # Who needs a container makes one, and meets the fault if it is still there.
            return None
        return job, container

    def take(self, job: Job) -> Container | None:
        """Return the container that waits, if *job* may run in it."""
        if self._waiting is None:
            return None
        ready = self._waiting.result()
        if ready is not None and not _alike(ready[0], job):
            return None
        self._waiting = None
        return None if ready is None else attrs.evolve(ready[1], job=job)

    def remove(self, container: Container) -> None:
        """Begin to remove a container."""
        with uninterrupted():
            self._removals.append(self._pool.submit(container.remove))

    def close(self) -> None:
        """Remove what still waits; return when all is gone.  Raises what removing raises."""
        with uninterrupted():
            if self._waiting is not None:
                future, self._waiting = self._waiting, None
                if (ready := future.result()) is not None:
                    self.remove(ready[1])
            removals, self._removals = self._removals, []
            self._pool.shutdown()
            for removal in removals:
                removal.result()


def _alike(one: Job, other: Job) -> bool:
    """Tell whether containers of two jobs differ in nothing but what is put into them."""
    return _emptied(one) == _emptied(other)


def _emptied(job: Job) -> Job:
    return attrs.evolve(job, script="", arguments={}, inputs=())
