"""The soak `load`: many builds wait in one queue; each ends once, in bounded memory."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from pathlib import Path

from lab.errors import LabError
from lab.rest import Json, result_name
from lab.runs import Run
from lab.scene.scene import Scene
from lab.scene.staging import soak_scene
from lab.settings import SHIP
from lab.soak.options import SoakOptions
from lab.soak.tally import Tally

GROWTH = 32 * 1024**2
"""Bytes by which the master may grow while it works off the queue."""
_POLL_SECONDS = 0.5
_SECONDS_PER_BUILD = 30.0


def soak_load(run: Run, options: SoakOptions) -> Tally:
    """Queue builds of one commit, which is published already."""
    tally = Tally()
    with soak_scene(run, "load") as scene:
        load(scene, scene.shipped(), options.rounds, tally)
    return tally


def load(scene: Scene, commit: str, count: int, tally: Tally) -> None:
    """Queue *count* builds of a published commit at once; count how they ended.

    A build is one process on the worker that looks the publication up, so that what is
    measured is the master.
    """
    process = scene.master.process
    if process is None:
        raise LabError("the master does not run")
    pid, began = process.identity.pid, time.monotonic()
    before = peak = resident(pid)
    requests = [scene.rest.request(SHIP, revision=commit) for _ in range(count)]
    left = count
    while left and time.monotonic() - began < _SECONDS_PER_BUILD * count:
        time.sleep(_POLL_SECONDS)
        peak = max(peak, resident(pid))
        left = len(scene.rest.get("buildrequests", complete="false")["buildrequests"])
    for request in requests:
        builds = scene.rest.get("builds", buildrequestid=request)["builds"]
        judge_request(request, builds, tally)
    growth = peak - before
    seconds = time.monotonic() - began
    scene.run.say(
        f"load: {count} builds in {seconds:.0f} s, master {_size(before)} to {_size(peak)}"
    )
    if growth > GROWTH:
        tally.broken.append(f"the master grew by {_size(growth)}; the limit is {_size(GROWTH)}")


def judge_request(request: int, builds: Sequence[Json], tally: Tally) -> None:
    """Count a request: it must have one build, a success."""
    ended = [result_name(build["results"]) for build in builds]
    tally.attempts += 1
    tally.outcomes[" ".join(ended) or "no build"] += 1
    if ended != ["SUCCESS"]:
        tally.broken.append(f"request {request}: {', '.join(ended) or 'no build'}")


def resident(pid: int) -> int:
    """Return the memory of a process that is in RAM, in bytes."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    found = re.search(r"^VmRSS:\s+(\d+) kB$", status, re.M)
    return int(found[1]) * 1024 if found else 0


def _size(count: int) -> str:
    return f"{count / 1024**2:.0f} MiB"
