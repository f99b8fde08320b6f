"""Errors of the Docker SDK, translated to errors with a remedy."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
import urllib3
from docker.errors import APIError, DockerException

from ...errors import EngineError, EngineForbidden, EngineFull, EngineUnavailable

NO_SPACE = "no space left on device"
"""The text of ENOSPC, in lower case."""


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield *error* and every error that led to it."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        current = waiting.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        waiting += [current.__cause__, current.__context__]
        waiting += [arg for arg in current.args if isinstance(arg, BaseException)]


def _connection_error(
    address: str, error: BaseException
) -> EngineUnavailable | EngineForbidden:
    for cause in _causes(error):
        if isinstance(cause, PermissionError):
            return EngineForbidden(address, _group_of(address))
        if isinstance(cause, FileNotFoundError):
            return EngineUnavailable(address, "the socket does not exist")
        if isinstance(cause, OSError) and cause.errno in (errno.ECONNREFUSED, errno.ENOENT):
            return EngineUnavailable(address, "no process listens there")
    return EngineUnavailable(address, f"the connection broke ({type(error).__name__})")


def _group_of(address: str) -> str:
    """Return the group that owns the socket at *address*; empty if nobody can tell."""
    try:
        return Path(address.removeprefix("unix://")).group()
    except (OSError, KeyError):
        return ""


def reason(error: APIError) -> str:
    """Return the first line of the engine's message."""
    lines = str(error.explanation or error).strip().splitlines()
    return lines[0] if lines else "it gives no reason"


def _refusal(action: str, why: str) -> EngineError:
    # In a push it is more likely the registry's disk.
    is_full = NO_SPACE in why.lower() and not action.startswith("push ")
    return (EngineFull if is_full else EngineError)(action, why)


@contextmanager
def translated_errors(address: str, action: str) -> Iterator[None]:
    """Raise EngineError, EngineFull, EngineUnavailable or EngineForbidden for the SDK's errors.

    *action* completes the message "the Docker Engine could not ...".  An EngineError that says
    that the disk is full, such as one from a stream of progress, also becomes EngineFull.
    """
    try:
        yield
    except APIError as error:
        raise _refusal(action, reason(error)) from error
    except EngineError as error:
        raise _refusal(error.what, error.why) from error
    except (
        requests.exceptions.ConnectionError,
        requests.exceptions.ChunkedEncodingError,
        requests.exceptions.Timeout,
        urllib3.exceptions.HTTPError,
        ConnectionError,
        TimeoutError,
        DockerException,
    ) as error:
        raise _connection_error(address, error) from error
