"""A standby container for the next job, and removals in the background.

Starting a container takes longer than most jobs.  A build therefore starts one while another
job runs; the next job takes it if image, limits and environment are the same.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import attrs

from ..interface import Job
from ..shared.signal_guard import uninterrupted
from .container import Container

Standby = tuple[Job, Container]
"""The job that a standby container was started for, and the container."""


@attrs.define
class StandbyContainer:
    """At most one container that is started and waits for a job.

    *create* returns a container, not started, for a job.
    """

    create: Callable[[Job], Container]
    _pool: ThreadPoolExecutor = attrs.field(factory=lambda: ThreadPoolExecutor(2))
    _standby: Future[Standby | None] | None = None
    _removals: list[Future[None]] = attrs.field(factory=list)

    def prepare(self, expected_job: Callable[[], Job | None]) -> None:
        """Start a container in a thread for the *expected_job*, unless one is on standby."""
        with uninterrupted():
            if self._standby is None or (self._standby.done() and not self._standby.result()):
                self._standby = self._pool.submit(self._start, expected_job)

    def _start(self, expected_job: Callable[[], Job | None]) -> Standby | None:
        try:
            if (job := expected_job()) is None:
                return None
            container = self.create(attrs.evolve(job, script="standby"))
            container.start()
        except Exception:
            # The next job starts its own container, and reports the error if it persists.
            return None
        return job, container

    def take(self, job: Job) -> Container | None:
        """Return the standby container if *job* can run in it, else None."""
        if self._standby is None:
            return None
        standby = self._standby.result()
        if standby is not None and not _can_share(standby[0], job):
            return None
        self._standby = None
        return None if standby is None else attrs.evolve(standby[1], job=job)

    def remove(self, container: Container) -> None:
        """Remove a container in a thread."""
        with uninterrupted():
            self._removals.append(self._pool.submit(container.remove))

    def close(self) -> None:
        """Remove the standby container; wait for all removals.  Raises errors of the SDK."""
        with uninterrupted():
            if self._standby is not None:
                future, self._standby = self._standby, None
                if (standby := future.result()) is not None:
                    self.remove(standby[1])
            removals, self._removals = self._removals, []
            self._pool.shutdown()
            for removal in removals:
                removal.result()


def _can_share(one: Job, other: Job) -> bool:
    """Return whether two jobs can use the same container: same image, limits, environment."""
    return _without_files(one) == _without_files(other)


def _without_files(job: Job) -> Job:
    return attrs.evolve(job, script="", arguments={}, inputs=())
