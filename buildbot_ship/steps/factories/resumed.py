"""A build that Buildbot repeats if its worker goes before the first step.

Buildbot repeats a build that loses its worker in a step.  While a build is prepared, Buildbot
4.3 fails on the worker that is gone (`AttributeError` in `Build.startBuild`).  The build then
never ends, and its request is never served.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from buildbot.process.build import Build
from buildbot.process.results import RETRY
from twisted.internet import defer
from twisted.python import log


class ResumedBuild(Build):  # type: ignore[misc]  # Buildbot has no type hints
    """A build for the attribute ``buildClass`` of a factory."""

    @defer.inlineCallbacks
    def startBuild(self, workerforbuilder: Any) -> Generator[Any, Any, None]:
        """Prepare the worker and start the first step; end with RETRY if the worker goes."""
        try:
            yield super().startBuild(workerforbuilder)
        except Exception:
            worker = workerforbuilder.worker
            if self.finished or (worker is not None and worker.conn is not None):
                raise
            log.msg(f"the worker of {self} went while the build was prepared")
            self.lostRemote()
            yield self.buildPreparationFailure(None, "preparing the worker")
            yield self.buildFinished(["worker", "lost"], RETRY)
