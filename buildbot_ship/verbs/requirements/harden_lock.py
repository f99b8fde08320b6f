"""Write the build lock for a lock file of another tool."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...errors import InvalidRequest
from ...model.dockerfile.document import base_of
from ...model.locks.lock import Lock
from ...model.request import HardenRequest
from ...model.requirements.build_lock import parse_build_lock
from ...model.requirements.changes import StrictFile, compare
from ...model.requirements.distribution_formats import Formats
from ...model.requirements.header import are_equivalent
from ...model.requirements.text import decode
from ...model.result import Result, counted
from ...source.checkout import Checkout
from ...source.interface import read_text, required
from ..shared.job_result import reading_result
from ..shared.job_runner import JobRunner
from ..shared.locked_pins import read_locked
from ..shared.tools_image import Tools
from .hardened import export_packages, hardened, header_of


def harden_lock(request: HardenRequest, *, checkout: Checkout, runner: JobRunner) -> Result:
    """Write the build lock of the lock file in the working directory.

    If nothing relevant changed, the build lock keeps its bytes.  Raises what `harden` raises.
    """
    _check_options(request)
    base = base_of(required(checkout, request.dockerfile), request.dockerfile)
    old = read_text(checkout, request.build_lock)
    tools = runner.tools(base)
    environment: Mapping[str, str] = tools.facts["environment"]
    lock = read_locked(request, checkout, environment)[0]
    body, sdists = _build_lock(request, lock, checkout, runner, tools)
    new = header_of({}, base, tools, sdists).text + body
    if are_equivalent(old, new):
        new = old
    else:
        parse_build_lock(new, request.build_lock)
        checkout.write({request.build_lock: new})
    changes = compare(StrictFile(lock.pins), StrictFile(lock.pins))
    what = f"{counted(len(lock.pins), 'package')} locked"
    return hardened(request.strict, what, changes, {request.build_lock: new})


def _check_options(request: HardenRequest) -> None:
    """Raise InvalidRequest for options that the tool of the lock has instead."""
    if request.upgrade != "nothing":
        why = f"only nothing is possible: update {request.strict} with the tool that wrote it"
        raise InvalidRequest("upgrade", why)
    for option, words in Formats.of(request).options().items():
        if words:
            why = f"{request.strict} has all files of a release: set this in the project's tool"
            raise InvalidRequest(option, why)


def _build_lock(
    request: HardenRequest, lock: Lock, checkout: Checkout, runner: JobRunner, tools: Tools
) -> tuple[str, tuple[str, ...]]:
    """Return the build lock without its header, and the sdists that it has."""
    arguments: dict[str, Any] = {
        "strict": "".join(pin.text for pin in lock.pins),
        "packages": list(request.packages),
        "cooldown": request.cooldown,
        "cooldown_except": list(request.cooldown_except),
        "no_binary": [],
        "only_binary": [],
    }
    with runner.work.scratch() as scratch:
        files = export_packages(checkout, request.packages, scratch)
        out = scratch / "out"
        result = runner.run("harden", tools.image, arguments, out, files, network=True)
        with reading_result("harden"):
            text = decode((out / "build.txt").read_bytes(), "build.txt")
            return text, tuple(str(sdist) for sdist in result["sdists"])
