"""One call: a request in, the verb run, a result out.

A step gives the request as JSON on standard input and takes the result from a file; a
person gives options (`arguments`) and reads the summary.  Nothing is decided here.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from ..errors import InvalidRequest, ShipError, printable
from ..model.log import Log
from ..model.request import BuildRequest, Envelope, Request
from ..model.request.wire import envelope_from_json, result_to_json
from ..model.result import BUG, FAILURE, RETRY, SUCCESS, Failure, Result
from .arguments import Call, read
from .collaborators import Collaborators
from .signals import Cancelled, listen
from .verbs import perform_step

if TYPE_CHECKING:
    from ..source.uncommitted import Uncommitted

CANCELLED = 143


def run(argv: Sequence[str]) -> int:
    """Run the command line; return the exit status: 0, or one per kind of error."""
    call = read(argv, dict(os.environ))
    looking = _look(call.checkout) if call.warns else None
    listen()
    try:
        request, result, status = _answer(call)
        if looking is not None and (warning := looking.warning()):
            result = attrs.evolve(result, warnings=(warning, *result.warnings))
    except Cancelled:
        say("cancelled; nothing is left behind")
        return CANCELLED
    except Exception:
        traceback.print_exc()
        say("this is a bug of buildbot-ship; please report it with the lines above")
        return BUG
    _report(call, result)
    if status == 0 and isinstance(request, BuildRequest):
        from .last_build import remember  # noqa: PLC0415

        remember(argv, request, result)
    return status


def _answer(call: Call) -> tuple[Request | None, Result, int]:
    """Run the verb; return what was asked, the result and the exit status."""
    try:
        envelope = call.envelope or _from_standard_input()
        return envelope.request, *_run(call, envelope, say if not call.json else murmur)
    except ShipError as error:
        return None, _failed(call.verb, error), error.status


def _look(checkout: Path) -> Uncommitted:
    """Begin to look for uncommitted files, while the verb works."""
    from ..source.uncommitted import Uncommitted  # noqa: PLC0415

    return Uncommitted(str(checkout))


def say(line: str) -> None:
    """Print one line for people, at once."""
    print(printable(line), flush=True)


def murmur(line: str) -> None:
    """Print one line on standard error: standard output is for the result."""
    print(printable(line), file=sys.stderr, flush=True)


def _from_standard_input() -> Envelope:
    try:
        return envelope_from_json(json.loads(sys.stdin.buffer.read()))
    except ValueError as error:
        raise InvalidRequest("request", f"standard input is not JSON: {error}") from None


def _run(call: Call, envelope: Envelope, log: Log) -> tuple[Result, int]:
    if envelope.verb != call.verb:
        raise InvalidRequest("request", f"it is for {envelope.verb}, not for {call.verb}")
    collaborators = Collaborators(envelope, Path.cwd() / call.checkout, dict(os.environ), log)
    try:
        return perform_step(collaborators, envelope.request), 0
    finally:
        collaborators.close()


def _failed(verb: str, error: ShipError) -> Result:
    failure = Failure(type(error).__name__, str(error), error.remedy, error.details)
    status = RETRY if error.transient else FAILURE
    return Result(verb, status, str(error), failure=failure)


def _report(call: Call, result: Result) -> None:
    """Leave the result for the master, or show it."""
    if call.result is not None:
        call.result.parent.mkdir(parents=True, exist_ok=True)
        new = call.result.with_name(call.result.name + ".new")
        new.write_text(json.dumps(result_to_json(result)), encoding="utf-8")
        os.replace(new, call.result)
    for warning in result.warnings:
        (murmur if call.json else say)(f"warning: {warning}")
    if result.failure and result.failure.details not in ("", result.summary):
        say(result.failure.details)
    if result.status != SUCCESS and result.failure:
        say(f"buildbot-ship {result.verb}: {result.summary}\n  remedy: {result.failure.remedy}")
        return
    if call.json:
        say(json.dumps(result_to_json(result), indent=2, sort_keys=True))
        return
    if "changes.txt" in result.texts:
        say(result.texts["changes.txt"].rstrip())
    say(f"{result.verb}: {result.summary}")
