"""The file in which a verb leaves its Result: fetched from the worker, capped, removed."""

from __future__ import annotations

import json
from typing import Any

from buildbot.process.remotecommand import RemoteCommand
from buildbot.worker.protocols.base import FileWriterImpl

from ...errors import InvalidRequest, ResultUnusable
from ...model import result
from ...model.request import wire

_BLOCK = 64 * 1024
_STATES = (result.SUCCESS, result.FAILURE, result.RETRY)


class Collector(FileWriterImpl):  # type: ignore[misc]
    """Take what a worker sends, and keep no more than *limit* bytes of it."""

    def __init__(self, limit: int) -> None:
        """Begin with nothing."""
        self.limit = limit
        self.data = bytearray()

    def remote_write(self, data: bytes | str) -> None:
        """Take one more block."""
        block = data.encode() if isinstance(data, str) else data
        self.data += block[: self.limit - len(self.data)]

    def remote_close(self) -> None:
        """Take note of the end: there is nothing to close."""


async def fetch(step: Any, path: str) -> bytes | None:
    """Return the bytes at *path* below the step's workdir, and remove the file.

    None when there is no such file.  One byte more than `result.MAX_BYTES` comes back
    of a file that is larger.
    """
    limit = result.MAX_BYTES + 1
    collector = Collector(limit)
    upload = RemoteCommand(
        "uploadFile",
        {
            "workersrc": path,
            "workdir": step.workdir,
            "writer": collector,
            "maxsize": limit,
            "blocksize": _BLOCK,
            "keepstamp": False,
        },
    )
    await step.runCommand(upload)
    full = step.build.path_module.join(step.workdir, path)
    await step.runCommand(RemoteCommand("rmfile", {"path": full, "logEnviron": False}))
    return None if upload.didFail() and not collector.data else bytes(collector.data)


def parse(data: bytes | None, verb: str, status: int | None) -> result.Result:
    """Return the Result of *verb*, which ended with exit *status*; raise ResultUnusable."""
    if data is None:
        raise ResultUnusable(verb, f"there is none, and the exit status is {status}")
    if len(data) > result.MAX_BYTES:
        raise ResultUnusable(verb, f"it is larger than {result.MAX_BYTES} bytes")
    try:
        plain = json.loads(data)
    except ValueError:
        raise ResultUnusable(verb, "it is not JSON") from None
    theirs = plain.get("schema") if isinstance(plain, dict) else None
    if not isinstance(theirs, int):
        raise ResultUnusable(verb, "it has no schema number")
    if theirs != result.SCHEMA:
        older = "worker" if theirs < result.SCHEMA else "master"
        raise ResultUnusable(
            verb,
            f"its schema is {theirs}, this master's {result.SCHEMA}",
            f"upgrade buildbot-ship on the {older}",
        )
    try:
        parsed = wire.result_from_json(plain)
    except InvalidRequest as error:
        raise ResultUnusable(verb, error.why) from None
    if parsed.status not in _STATES or parsed.verb != verb:
        raise ResultUnusable(verb, f"it says {parsed.status!r} for {parsed.verb!r}")
    if parsed.status == result.SUCCESS and status != 0:
        raise ResultUnusable(verb, f"it says success, but the command ended with {status}")
    return parsed
