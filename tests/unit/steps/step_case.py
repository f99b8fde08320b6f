"""A step run by Buildbot's own test helpers, with a verb that answers what a test says."""

from __future__ import annotations

import json
import posixpath
import uuid
from typing import Any
from unittest import mock

from buildbot.process.results import SUCCESS
from buildbot.test.reactor import TestReactorMixin
from buildbot.test.steps import (
    Expect,
    ExpectRemoteRef,
    ExpectRmfile,
    ExpectUploadFile,
    TestBuildStepMixin,
)
from twisted.trial import unittest

from buildbot_ship.model.request.wire import result_to_json
from buildbot_ship.model.result import BUG, MAX_BYTES, Failure, Result
from buildbot_ship.steps.base.result_file import Collector
from buildbot_ship.steps.base.step import ShipStep

UNIQUE = uuid.UUID(int=7)
BUILDER, NUMBER = 100, 7
COMMIT = "0123456789" * 4
DIGEST = f"sha256:{'a' * 64}"


class ExpectVerb(Expect):  # type: ignore[misc]
    """Expect the shell command that runs a verb, whatever it is, and keep it."""

    def __init__(self) -> None:
        super().__init__("shell", {})
        self.sent: dict[str, Any] = {}

    def _check(self, case: StepCase, command: Any) -> None:
        assert command.remote_command == "shell", case
        self.sent = command.args


class StepCase(TestBuildStepMixin, TestReactorMixin, unittest.TestCase):  # type: ignore[misc]
    """One step, one build; the secret `password` is known."""

    password = "hunter2"
    work = "../ship"
    python: str | None = "python3"

    def setUp(self) -> Any:
        self.setup_test_reactor()
        self.built: dict[str, dict[str, str]] = {}
        unique = mock.patch.object(uuid, "uuid4", return_value=UNIQUE)
        unique.start()
        self.addCleanup(unique.stop)
        return self.setup_test_build_step(
            want_db=True, want_mq=True, with_secrets={"password": self.password}
        )

    def set_built(self, digest: str = DIGEST, image: str = "app") -> None:
        """Let the next step belong to a build that made an *image*."""
        self.built[f"ship_image_{image}"] = {"commit": COMMIT, "manifest_digest": digest}

    def setup_step(self, step: Any, *args: Any, **options: Any) -> Any:
        """Set up *step*, with the properties of the images that its build made.

        It uses the interpreter `python`, unless it has the option.
        """
        made = super().setup_step(step, *args, **options)
        self.build.executedSteps = []
        if isinstance(made, ShipStep):
            made.python = made.python or self.python
        for name, value in self.built.items():
            self.build.setProperty(name, value, "BuildRuntimeImage")
        return made

    def path(self, verb: str) -> str:
        """Return where the verb's result is expected."""
        return f"{self.work}/result-{verb}-{UNIQUE.hex}.json"

    def expect_verb(
        self,
        verb: str,
        answer: bytes | Result | None,
        rc: int = 0,
        *,
        checks_python: bool = True,
    ) -> ExpectVerb:
        """Expect that *verb* runs, ends with *rc*, and leaves *answer*.

        If it leaves nothing, the step looks whether the interpreter has our package, unless
        *checks_python* is false.
        """
        expected = ExpectVerb().exit(rc)
        path = self.path(verb)
        upload = ExpectUploadFile(
            blocksize=64 * 1024,
            maxsize=MAX_BYTES + 1,
            workersrc=path,
            workdir="wkdir",
            writer=ExpectRemoteRef(Collector),
            keepstamp=False,
        )
        if answer is None:
            upload.exit(1)
        else:
            data = answer if isinstance(answer, bytes) else encode(answer)
            upload.upload_string(data).exit(0)
        remove = ExpectRmfile(path=posixpath.join("wkdir", path), log_environ=False).exit(0)
        self.expect_commands(expected, upload, remove)
        if answer is None and rc not in (0, BUG) and checks_python:
            self.expect_commands(ExpectVerb().exit(0))
        verb_expected: ExpectVerb = expected
        return verb_expected

    async def run_and_read(self, step: Any, results: int, verb: ExpectVerb) -> dict[str, Any]:
        """Run *step*, which ends with *results*; return the envelope that was sent."""
        self.setup_step(step)
        self.expect_outcome(result=results)
        await self.run_step()
        envelope: dict[str, Any] = json.loads(verb.sent["initial_stdin"])
        return envelope

    async def run_and_say(self, step: Any, results: int) -> str:
        """Run *step*, which ends with *results*; return its summary."""
        made = self.setup_step(step)
        self.expect_outcome(result=results)
        await self.run_step()
        said: str = made.getResultSummary()["step"]
        return said


def encode(result: Result) -> bytes:
    """Return *result* as a verb writes it."""
    return json.dumps(result_to_json(result)).encode()


def ended(verb: str, status: str = "success", **fields: Any) -> Result:
    """Return a Result of *verb*."""
    return Result(verb, status, fields.pop("summary", "done"), **fields)


def failed(verb: str, status: str = "failure", details: str = "") -> Result:
    """Return a Result of a *verb* that failed."""
    failure = Failure("TagTaken", "app:1 names another", "push elsewhere", details)
    return ended(verb, status, summary="not this", failure=failure)


__all__ = ["SUCCESS", "ExpectVerb", "StepCase", "encode", "ended", "failed"]
