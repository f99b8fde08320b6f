"""Show in the log what a verb does: phases with their seconds, and bytes that are moved."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import attrs

from ...model.log import HEADING, Log
from ...model.result import size_text

TITLES = {
    "compress": "compress the layer",
    "fetch": "download",
    "harden": "resolve",
    "install": "make layers",
    "listing": "look up files",
    "pex": "make the pex",
    "relock": "resolve",
    "repack": "repack wheels",
    "stdlib_bytecode": "compile the standard library",
    "tools": "install the tools",
    "wheels": "build wheels",
}
"""The phase of each job: a script of ``inside/jobs/``."""
_PAUSE = 2.0
"""Seconds between two lines about the bytes of one file."""


@contextmanager
def phase(title: str, log: Log, clock: Callable[[], float] = time.monotonic) -> Iterator[None]:
    """Log the heading *title* before a phase, and once more with its seconds after it."""
    log(f"{HEADING}{title}")
    start = clock()
    try:
        yield
    except Exception:
        log(f"{HEADING}{title}: failed after {clock() - start:.1f} s")
        raise
    log(f"{HEADING}{title}: {clock() - start:.1f} s")


@attrs.define
class ByteProgress:
    """Logs how many bytes of the file *title* are sent, every two seconds."""

    title: str
    log: Log
    clock: Callable[[], float] = time.monotonic
    _next: float = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        """Wait before the first line: most files take less."""
        self._next = self.clock() + _PAUSE

    def __call__(self, sent: int, size: int) -> None:
        """Show that *sent* of *size* bytes are sent, unless a moment ago something was."""
        if (now := self.clock()) >= self._next:
            self._next = now + _PAUSE
            self.log(f"{self.title}, {size_text(sent)} of {size_text(size)}")
