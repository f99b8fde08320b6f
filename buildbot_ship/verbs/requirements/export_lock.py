"""Write the strict file in the checkout as ``pylock.toml``, for other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...errors import InvalidRequest
from ...model.dockerfile.document import base_of
from ...model.locks.export import ListedFile, pylock_text
from ...model.request import LockRequest
from ...model.request.wire import structure
from ...model.requirements.header import split
from ...model.requirements.lock_names import is_lock, is_pylock
from ...model.requirements.reader import Pin, parse_strict
from ...model.result import SUCCESS, Result, counted
from ...source.checkout import Checkout
from ...source.interface import read_hardened, required
from ..shared.job_result import reading_result
from ..shared.job_runner import JobRunner
from ..shared.tools_image import BUILD_TOOLS


def export_lock(request: LockRequest, *, checkout: Checkout, runner: JobRunner) -> Result:
    """Look up names and URLs of the pinned files in the index; write the lock.

    Raises FileMissing, InvalidFile, InvalidRequest, JobFailed, and the errors of engines.
    """
    if is_lock(request.strict):
        raise InvalidRequest("strict", f"{request.strict} is a lock file already")
    if not is_pylock(request.output):
        why = f"{request.output!r} is not pylock.toml or pylock.NAME.toml, as PEP 751 requires"
        raise InvalidRequest("output", why)
    text = read_hardened(checkout, request.strict)
    pins = parse_strict(text, request.strict)
    base = base_of(required(checkout, request.dockerfile), request.dockerfile)
    tools = runner.tools(runner.build_base(base).reference, BUILD_TOOLS)
    with runner.work.scratch() as scratch:
        files = _listed(pins, tools.image, runner, scratch)
    with reading_result("listing"):
        lock = pylock_text(pins, files, split(text)[0].interpreter)
    checkout.write({request.output: lock})
    summary = f"{counted(len(pins), 'package')} of {request.strict}: {request.output}"
    return Result("lock", SUCCESS, summary, texts={request.output: lock})


def _listed(
    pins: tuple[Pin, ...], image: str, runner: JobRunner, scratch: Path
) -> dict[str, tuple[ListedFile, ...]]:
    arguments: dict[str, Any] = {
        "pins": [
            {"name": pin.name, "version": pin.version, "hashes": list(pin.hashes)}
            for pin in pins
        ]
    }
    result = runner.run("listing", image, arguments, scratch / "out", network=True)
    with reading_result("listing"):
        files = structure(result["files"], tuple[tuple[ListedFile, ...], ...], "files")
        return {pin.key: found for pin, found in zip(pins, files, strict=True)}
