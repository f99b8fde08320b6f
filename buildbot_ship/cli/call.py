"""Run one call: read the request, run the verb, report the result.

A step sends the request as JSON on standard input, and reads the result from a file.  On the
command line, options form the request (`arguments`) and the summary is printed.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import attrs

from ..errors import InvalidRequest, ShipError, printable
from ..model.json_text import read_json
from ..model.log import Log, in_one_line, readable
from ..model.request import BuildRequest, Envelope, GarbageRequest, Request
from ..model.request.wire import envelope_from_json, result_to_json
from ..model.result import BUG, FAILURE, RETRY, SUCCESS, Failure, Result, published_lines
from .arguments import Call, read
from .collaborators import Collaborators
from .secrets_arguments import prints_secret
from .signals import Cancelled, handle_stop_signals, stop_without_reader
from .verbs import perform

if TYPE_CHECKING:
    from ..model.secrets.masking import Mask

CANCELLED = 143
PRINTED_TEXTS = {"changes.txt", "secrets.txt", "plan.txt"}
"""The texts of a result that are printed before its summary."""
BEFORE_GC = {"find": GarbageRequest(), "push": GarbageRequest(finish=True)}
"""The request of the garbage collection that may follow a verb."""
PRINTED_LINES = 20
"""The number of last lines that are printed of each text of a failure."""


@attrs.define
class OutputMask:
    """Replaces the secrets of a call in what it prints; it has none before `hide`."""

    mask: Mask | None = None

    def hide(self, secrets: Iterable[str]) -> None:
        """Replace *secrets* from now on, in every encoding."""
        if values := list(secrets):
            from ..model.secrets.masking import hiding  # noqa: PLC0415

            self.mask = hiding(values)

    def __call__(self, text: str) -> str:
        """Return *text* without secrets."""
        return text if self.mask is None else self.mask(text)

    def readable(self, text: str) -> str:
        """Return *text* without secrets and without the control characters of terminals.

        A secret may have such characters, or may have been divided by them.
        """
        masked = self(text)
        shown = readable(masked)
        return masked if shown == masked else self(shown)

    def readable_result(self, result: Result) -> Result:
        """Return *result* without secrets; what programs printed in it is readable."""
        result = result.changed(self) if self.mask else result
        logs = {n: self.readable(t) for n, t in result.texts.items() if n.endswith(".log")}
        warnings = tuple(map(self.readable, result.warnings))
        result = attrs.evolve(result, texts={**result.texts, **logs}, warnings=warnings)
        if (failure := result.failure) is None:
            return result
        failure = attrs.evolve(
            failure,
            message=self.readable(in_one_line(failure.message)),
            details=self.readable(failure.details),
        )
        return attrs.evolve(
            result, summary=self.readable(in_one_line(result.summary)), failure=failure
        )


def run(argv: Sequence[str]) -> int:
    """Run the command line; return 0, or the exit status of the error."""
    call = read(argv, dict(os.environ))
    mask = OutputMask()
    warnings = _find_warnings(call)
    note = print_error_line if call.json else print_line
    handle_stop_signals()
    # A call by hand may go on when its shell ends, as with nohup.
    if call.envelope is None:
        stop_without_reader()
    try:
        request, result, status = _execute(call, mask)
        result = attrs.evolve(result, warnings=(*warnings(), *result.warnings))
    except Cancelled:
        note("cancelled; all leftovers are removed")
        return CANCELLED
    except Exception:
        print(mask(traceback.format_exc()), end="", file=sys.stderr)
        note("this is a bug of buildbot-ship: please report it with the lines above")
        return BUG
    result = mask.readable_result(result)
    try:
        _report(call, result)
    except InvalidRequest as error:
        print_error_line(f"buildbot-ship {call.verb}: {error}\n  remedy: {error.remedy}")
        return error.status
    if status == 0 and isinstance(request, BuildRequest) and not request.dry_run:
        from .last_build import note_published  # noqa: PLC0415

        note_published(argv, request, result)
    return status


def _execute(call: Call, mask: OutputMask) -> tuple[Request | None, Result, int]:
    """Run the verb; return its request, its result and the exit status."""
    log, end = _progress(call)
    try:
        envelope = call.envelope or _from_standard_input()
        mask.hide(envelope.secrets())
        return envelope.request, *_run(call, envelope, lambda line: log(mask.readable(line)))
    except ShipError as error:
        return None, _failure_result(call.verb, error), error.status
    except ModuleNotFoundError as error:
        from .output.missing_extra import CLI, WORKER, missing_extra  # noqa: PLC0415

        missing = missing_extra(error, CLI if call.envelope else WORKER)
        return None, _failure_result(call.verb, missing), missing.status
    finally:
        end()


def _progress(call: Call) -> tuple[Log, Callable[[], None]]:
    """Return what writes progress, and what ends it.

    Somebody at a terminal sees the output of tools on one line that moves.
    """
    is_error = call.json or _prints_secret(call)
    stream = sys.stderr if is_error else sys.stdout
    by_hand = call.envelope is not None
    if not (by_hand and stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"):
        return print_error_line if is_error else print_line, lambda: None
    from .output.moving_line import MovingLine  # noqa: PLC0415

    line = MovingLine(stream)
    return line, line.end


def _find_warnings(call: Call) -> Callable[[], tuple[str, ...]]:
    """Start to look for faults of the checkout while the verb runs."""
    is_head, makes_images = call.warns_of_uncommitted, call.verb in ("build", "image")
    if call.envelope is None or not (is_head or makes_images):
        return tuple
    from .output.checkout_warnings import find_warnings  # noqa: PLC0415

    return find_warnings(call.envelope.request, call.checkout, is_head=is_head)


def print_line(line: str) -> None:
    """Print one line to standard output, and flush it."""
    _print(line, sys.stdout)


def print_error_line(line: str) -> None:
    """Print one line to standard error; with --json, standard output is for the result."""
    _print(line, sys.stderr)


def _print(line: str, stream: TextIO) -> None:
    # Without a reader, the call is about to be cancelled: see `stop_without_reader`.
    with suppress(BrokenPipeError):
        print(printable(line), file=stream, flush=True)


def _from_standard_input() -> Envelope:
    try:
        return envelope_from_json(read_json(sys.stdin.buffer.read()))
    except ValueError as error:
        raise InvalidRequest("request", f"standard input is not JSON: {error}") from None


def _run(call: Call, envelope: Envelope, log: Log) -> tuple[Result, int]:
    if envelope.verb != call.verb:
        raise InvalidRequest(
            "request", f"its verb is {envelope.verb}, but the command is {call.verb}"
        )
    collaborators = Collaborators(envelope, Path.cwd() / call.checkout, dict(os.environ), log)
    try:
        return _perform(collaborators, envelope.request), 0
    finally:
        collaborators.close()


def _perform(collaborators: Collaborators, request: Request) -> Result:
    """Run the verb; after find and push, also report whether leftovers exist."""
    result = perform(collaborators, request)
    if request.verb not in BEFORE_GC:
        return result
    from ..verbs.maintenance.gc import add_leftovers_property  # noqa: PLC0415

    state = collaborators.worker_state
    return add_leftovers_property(result, BEFORE_GC[request.verb], state, time.time())


def _failure_result(verb: str, error: ShipError) -> Result:
    failure = Failure(
        type(error).__name__, str(error), error.remedy, error.details, error.unpublished
    )
    status = RETRY if error.transient else FAILURE
    return Result(verb, status, str(error), texts=error.texts, failure=failure)


def _prints_secret(call: Call) -> bool:
    """Return true if standard output is for a secret, and messages go to standard error."""
    return call.envelope is not None and prints_secret(call.envelope.request)


def _report(call: Call, result: Result) -> None:
    """Write the result file if the call names one, and print the result."""
    if call.result is not None:
        from .output.result_file import write_result  # noqa: PLC0415

        write_result(call.result, json.dumps(result_to_json(result)))
    say = print_error_line if _prints_secret(call) else print_line
    # With --json, standard output has the result and nothing else.
    note = print_error_line if call.json else say
    for warning in result.warnings:
        note(f"warning: {warning}")
    for name, text in result.texts.items() if result.failure else ():
        note("\n".join([f"--- the last lines of {name}", *text.splitlines()[-PRINTED_LINES:]]))
    if result.failure and result.failure.details not in ("", result.summary):
        note(result.failure.details)
    failed = result.status != SUCCESS and result.failure
    if failed:
        remedy = failed.remedy
        note(f"buildbot-ship {result.verb}: {result.summary}\n  remedy: {remedy}")
    if failed and not call.json:
        return
    if call.json:
        say(json.dumps(result_to_json(result), indent=2, sort_keys=True))
        return
    for name in PRINTED_TEXTS & result.texts.keys():
        say(result.texts[name].rstrip())
    for line in published_lines(result):
        say(line)
    say(f"{result.verb}: {result.summary}")
