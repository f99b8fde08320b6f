"""The chain from wheels to push, in one process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..model.log import Log
from ..model.request import BuildRequest, GarbageRequest, Request
from ..model.result import SUCCESS, Result


def build(request: BuildRequest, *, perform: Callable[[Request], Result], log: Log) -> Result:
    """Perform every request in turn, and take what this build left in the engine away.

    With no pushes the images stay in the engine, under the names that are shown.
    """
    properties: dict[str, Any] = {}
    chain = [request.wheels, *request.pexes, *request.images, *request.pushes]
    try:
        for part in chain:
            result = perform(part)
            log(f"{result.verb}: {result.summary}")
            properties |= result.properties
    except BaseException:
        perform(GarbageRequest(finish=True))
        raise
    if request.pushes:
        perform(GarbageRequest(finish=True))
    names = ", ".join(image.image for image in request.images)
    done = "published" if request.pushes else "in the engine"
    return Result("build", SUCCESS, f"{names}: {done}", properties=properties)
