"""Write the build lock for a lock file of another tool."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...daemon.interface import JobFile
from ...errors import InvalidRequest
from ...model.dockerfile.document import base_of
from ...model.locks.lock import Lock
from ...model.request import HardenRequest
from ...model.requirements.build_lock import parse_build_lock
from ...model.requirements.changes import Changes, StrictFile, compare
from ...model.requirements.distribution_formats import Formats
from ...model.requirements.header import Header, Interpreter, split
from ...model.requirements.text import decode
from ...model.result import SUCCESS, Result, counted
from ...source.checkout import Checkout
from ...source.interface import read_text, required
from ...store.change_notes import ChangeNotes
from ..shared.job_result import reading_result
from ..shared.job_runner import JobRunner
from ..shared.locked_pins import read_locked
from ..shared.own_packages import export_package
from ..shared.tools_image import Tools


def harden_lock(
    request: HardenRequest, *, checkout: Checkout, runner: JobRunner, notes: ChangeNotes
) -> Result:
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
    interpreter = Interpreter.of(tools.facts)
    header = Header({}, interpreter, str(base), _versions(tools), sdists)
    new = header.text + body
    if _is_equivalent(old, new):
        new = old
    else:
        parse_build_lock(new, request.build_lock)
        checkout.write({request.build_lock: new})
    changes = compare(StrictFile(lock.pins), StrictFile(lock.pins))
    return _result(request, changes, len(lock.pins), {request.build_lock: new})


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
        files = _job_inputs(request, checkout, scratch)
        out = scratch / "out"
        result = runner.run("harden", tools.image, arguments, out, files, network=True)
        with reading_result("harden"):
            text = decode((out / "build.txt").read_bytes(), "build.txt")
            return text, tuple(str(sdist) for sdist in result["sdists"])


def _job_inputs(
    request: HardenRequest, checkout: Checkout, scratch: Path
) -> tuple[JobFile, ...]:
    files: list[JobFile] = []
    for folder in request.packages:
        files += export_package(checkout, folder, scratch)
    return tuple(files)


def _versions(tools: Tools) -> str:
    versions = tools.facts["tools"]
    return ", ".join(f"{name} {versions[name]}" for name in ("pip", "pip-tools"))


def _is_equivalent(old: str, new: str) -> bool:
    (old_header, old_body), (new_header, new_body) = split(old), split(new)
    return old_body == new_body and old_header.is_equivalent_to(new_header)


def _result(
    request: HardenRequest, changes: Changes, count: int, texts: dict[str, str]
) -> Result:
    file = request.strict
    notes = {"changes.txt": changes.text, "message.txt": changes.message(file)}
    summary = f"{file}: {counted(count, 'package')} locked: {changes.summary}"
    properties = {"ship_harden": changes.summary}
    return Result("harden", SUCCESS, summary, properties=properties, texts={**texts, **notes})
