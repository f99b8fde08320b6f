"""Read files on the worker, and fetch and parse the result file that a verb leaves there."""

from __future__ import annotations

from typing import Any

from buildbot.process.remotecommand import RemoteCommand
from buildbot.worker.protocols.base import FileWriterImpl

from ...errors import InvalidRequest, ResultUnusable
from ...model import result
from ...model.json_text import read_json
from ...model.request import wire

_BLOCK = 64 * 1024
_STATES = (result.SUCCESS, result.FAILURE, result.RETRY)


class Collector(FileWriterImpl):  # type: ignore[misc]
    """Receive a file from a worker, and keep at most *limit* bytes of it."""

    def __init__(self, limit: int) -> None:
        """Start with no data."""
        self.limit = limit
        self.data = bytearray()

    def remote_write(self, data: bytes | str) -> None:
        """Add one block."""
        block = data.encode() if isinstance(data, str) else data
        self.data += block[: self.limit - len(self.data)]

    def remote_close(self) -> None:
        """Do nothing: the data is in memory."""


async def fetch(step: Any, path: str) -> bytes | None:
    """Read the file at *path* as `read` does, and remove it."""
    data = await read(step, path)
    full = step.build.path_module.join(step.workdir, path)
    await step.runCommand(RemoteCommand("rmfile", {"path": full, "logEnviron": False}))
    return data


async def read(step: Any, path: str) -> bytes | None:
    """Return the file at *path*, relative to the step's workdir.

    Return None if there is no such file, and at most ``result.MAX_BYTES + 1`` bytes of it.
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
    return None if upload.didFail() and not collector.data else bytes(collector.data)


def parse(data: bytes | None, verb: str, status: int | None) -> result.Result:
    """Return the Result in *data*; raise ResultUnusable.

    *verb* is the verb that ran, and *status* its exit status.
    """
    if data is None:
        raise ResultUnusable(verb, f"there is no result file, and the exit status is {status}")
    if len(data) > result.MAX_BYTES:
        raise ResultUnusable(verb, f"it is larger than {result.MAX_BYTES} bytes")
    try:
        plain = read_json(data)
    except ValueError:
        raise ResultUnusable(verb, "it is not JSON") from None
    schema = plain.get("schema") if isinstance(plain, dict) else None
    if not isinstance(schema, int):
        raise ResultUnusable(verb, "it has no schema number")
    if schema != result.SCHEMA:
        older = "worker" if schema < result.SCHEMA else "master"
        raise ResultUnusable(
            verb,
            f"its schema is {schema}, this master's {result.SCHEMA}",
            f"upgrade buildbot-ship on the {older}",
        )
    try:
        parsed = wire.result_from_json(plain)
    except InvalidRequest as error:
        raise ResultUnusable(verb, error.why) from None
    if parsed.status not in _STATES or parsed.verb != verb:
        raise ResultUnusable(verb, f"it has status {parsed.status!r} and verb {parsed.verb!r}")
    if parsed.status == result.SUCCESS and status != 0:
        raise ResultUnusable(verb, f"its status is success, but the exit status is {status}")
    return parsed
