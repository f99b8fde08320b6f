"""What the Docker SDK raises, as errors that a user can mend."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

import requests
import urllib3
from docker.errors import APIError, DockerException

from ...errors import EngineError, EngineForbidden, EngineUnavailable


def _causes(error: BaseException | None) -> Iterator[BaseException]:
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


def _connection(address: str, error: BaseException) -> EngineUnavailable | EngineForbidden:
    for cause in _causes(error):
        if isinstance(cause, PermissionError):
            return EngineForbidden(address)
        if isinstance(cause, FileNotFoundError):
            return EngineUnavailable(address, "there is no such socket")
        if isinstance(cause, OSError) and cause.errno in (errno.ECONNREFUSED, errno.ENOENT):
            return EngineUnavailable(address, "nothing listens there")
    return EngineUnavailable(address, f"the connection broke ({type(error).__name__})")


@contextmanager
def translated(address: str, what: str) -> Iterator[None]:
    """Raise our own errors for what the SDK raises while it does *what*."""
    try:
        yield
    except APIError as error:
        why = str(error.explanation or error).strip().splitlines()
        raise EngineError(what, why[0] if why else "no reason given") from error
    except (
        requests.exceptions.ConnectionError,
        requests.exceptions.ChunkedEncodingError,
        requests.exceptions.Timeout,
        urllib3.exceptions.HTTPError,
        ConnectionError,
        TimeoutError,
        DockerException,
    ) as error:
        raise _connection(address, error) from error
