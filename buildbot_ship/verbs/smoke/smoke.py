"""Run the images of a commit as they will be pushed, and check that they work."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

import attrs

from ...daemon.interface import RunningServices
from ...errors import SmokeTestFailed
from ...model.artefact import Image, PassedTest
from ...model.request import SmokeRequest
from ...model.result import SUCCESS, Result, counted
from ..shared.job_runner import JobRunner
from ..shared.phases import phase
from .images import LoadedImage, loaded_images
from .running_test import RunningTest, last_lines

POLL = 0.1
"""Seconds between two looks at the containers."""
READ_ONLY = "Read-only file system"


def smoke(
    request: SmokeRequest, *, commit: str, runner: JobRunner, new_name: Callable[[], str]
) -> Result:
    """Run the tests of *request*, all at once, with the images that were built for *commit*.

    1. Load the images into the engine, from the files that `PushTagged` pushes.
    2. Start all containers, those of each test on a private network, with a probe if needed.
    3. Repeat the checks until all have passed, a container ends, or the deadline is over.
    4. Remove containers, networks and images.
    5. Record which manifests were tested, for `PushTagged`.  Records of earlier tests of these
       images are deleted first.

    *new_name* returns a unique tag.  Raises SmokeTestFailed with the logs of the containers,
    ServiceNotStarted, OutputMissing, InvalidRequest, and the errors of registry and engine.
    """
    records = [runner.work.find(Image, commit, name) for name in request.images]
    for record in records:
        runner.work.forget(PassedTest, record.name)
    with (
        loaded_images(request, records, runner, new_name) as images,
        phase("run the tests", runner.log),
    ):
        seconds, logs = _run(request, images, runner)
    for record in records:
        digests = record.manifest_digest, record.image_id
        runner.work.save(PassedTest(commit, record.name, *digests))
    count = counted(sum(len(test.checks) for test in request.tests), "check")
    names = ", ".join(record.name for record in records)
    return Result(
        "smoke",
        SUCCESS,
        f"{count} passed in {seconds:.1f} s: {names}",
        {f"ship_tested_{record.name}": record.manifest_digest for record in records},
        logs,
    )


def _run(
    request: SmokeRequest, images: dict[str, LoadedImage], runner: JobRunner
) -> tuple[float, dict[str, str]]:
    """Run all tests; return the seconds until the last check had passed, and all logs."""
    tests = [
        RunningTest(number, test, images, runner.limits)
        for number, test in enumerate(request.tests, 1)
    ]
    services = [service for test in tests for service in test.services.values()]
    probes = {test.network: test.probe for test in tests if test.probe is not None}
    threads = sum(len(test.test.checks) + 1 for test in tests)
    start = time.monotonic()
    with (
        runner.work.scratch() as scratch,
        ThreadPoolExecutor(threads) as executor,
        runner.daemon.serve(services, probes) as running,
    ):
        for test in tests:
            test.begin(running, executor, scratch, runner.log)
        try:
            _watch(tests, running)
        except SmokeTestFailed as failed:
            raise attrs.evolve(failed, logs=_logs(tests, running)) from None
        return time.monotonic() - start, _logs(tests, running)


def _watch(tests: Sequence[RunningTest], running: RunningServices) -> None:
    """Wait until all checks have passed and the containers have settled.

    Raises SmokeTestFailed for the first failure.
    """
    waiting = list(tests)
    while waiting := [test for test in waiting if not _passes(test, test.poll, running)]:
        _pause(waiting)
    for test in tests:
        _passes(test, test.settle, running)


def _passes(
    test: RunningTest, call: Callable[[RunningServices], bool], running: RunningServices
) -> bool:
    """Return the result of *call*; add the last lines of a container's log to its failure."""
    try:
        return call(running)
    except SmokeTestFailed as failed:
        raise _explained(failed, test.logs(running).get(failed.container, "")) from None


def _pause(tests: Sequence[RunningTest]) -> None:
    """Wait until a thread has finished a check, at most until the next look."""
    if background := [future for test in tests for future in test.background]:
        wait(background, timeout=POLL, return_when=FIRST_COMPLETED)
    else:
        time.sleep(POLL)


def _logs(tests: Sequence[RunningTest], running: RunningServices) -> dict[str, str]:
    """Return the log of each container, by the name of the container."""
    logs: dict[str, str] = {}
    for test in tests:
        for name, text in test.logs(running).items():
            unique = f"{name}.log" if f"{name}.log" not in logs else f"{name}-{test.number}.log"
            logs[unique] = text
    return logs


def _explained(failed: SmokeTestFailed, log: str) -> SmokeTestFailed:
    """Return *failed* with the last lines of *log*, and the remedy if they show one."""
    hint = failed.hint
    if READ_ONLY in log or READ_ONLY in failed.why:
        hint = (
            f"the root of a container is read-only: name the folder that {failed.container} "
            "writes to in the volumes of the container, for example /tmp"
        )
    elif ": nothing listens" in failed.why:
        hint = (
            f"let {failed.container} listen on all addresses (0.0.0.0, not 127.0.0.1) and on "
            "the port of the check, and raise deadline if it needs more time to start"
        )
    return attrs.evolve(failed, tail=last_lines(log), hint=hint)
