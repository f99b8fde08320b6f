"""Distrust the result of a job: code of others may have run in its container."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ...errors import InvalidReference, InvalidRequest, JobFailed

_FAULTS = (
    InvalidReference, InvalidRequest, FileNotFoundError, IsADirectoryError, LookupError,
    TypeError, ValueError, AttributeError,
)  # fmt: skip
_HINT = (
    "find the package or build script that wrote it; read the step's log for the output of "
    "the tools"
)


@contextmanager
def reading_result(script: str) -> Iterator[None]:
    """Raise JobFailed for what is missing or malformed in the result of *script*.

    Keep the block small: it must not hide other faults.
    """
    try:
        yield
    except _FAULTS as error:
        what = f"{type(error).__name__}: {error}"
        why = f"inside/{script}.py returned an invalid result ({what})"
        raise JobFailed(script, why, _HINT) from None
