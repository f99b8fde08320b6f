"""Programs that end with us: whoever interrupts a benchmark interrupts what it started."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def child(
    argv: Sequence[str], folder: Path, log: Path, environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a program, its output at the end of a log; wait for it, however we leave."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            list(argv),
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield process
    except BaseException:
        # With what it started, so that a script's own clean-up is not kept waiting.
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        raise
    finally:
        process.wait()
