"""Read what Docker's command line prints while BuildKit builds, with ``--progress=plain``.

https://github.com/moby/buildkit/blob/master/util/progress/progressui/printer.go

A line ``#5 [2/3] RUN make`` begins a step, ``#5 0.123 text`` is a line of its output, and
``#5 ERROR: why`` ends it.  Lines without a number are the client's own.
"""

from __future__ import annotations

import re
from collections import deque

import attrs

from .buildkit_progress import Output, Vertex

_LINE = re.compile(r"#([1-9]\d*) (.*)")
_OUTPUT = re.compile(r"\d[\d.]*(?:e\+\d+)?(?: (.*))?")
_DONE = re.compile(r"#\d+ DONE [\d.]+s$")
"""What 20.10 prints directly after output that has no end of line."""
_ERROR = "ERROR: "
_BEFORE_THE_REASON = re.compile(
    r"^(?:ERROR: )?(?:failed to build: )?(?:failed to solve(?: with frontend \S+)?: )?"
    r"(?:failed to build LLB: )?"
)
_KEPT = 20
"""Lines of the client itself, of which the last ones have the reason of a failure."""


@attrs.define
class PlainProgress:
    """Reads the lines of one build; *steps* has the name of each step by its number."""

    steps: dict[str, str] = attrs.field(factory=dict)
    said: deque[str] = attrs.field(factory=lambda: deque(maxlen=_KEPT))

    def read(self, line: str) -> Vertex | Output | None:
        """Return what a line tells of a step, or None."""
        match = _LINE.fullmatch(line)
        if match is None:
            self.said += [line] if line.strip() else []
            return None
        number, text = match.groups()
        if number not in self.steps:
            self.steps[number] = text
            return Vertex(number, text, started=True, error="")
        if text.startswith(_ERROR):
            error = text.removeprefix(_ERROR)
            return Vertex(number, self.steps[number], started=True, error=error)
        if output := _OUTPUT.fullmatch(text):
            printed = _DONE.sub("", output[1] or "")
            return Output(number, f"{printed}\n".encode())
        return None

    @property
    def reason(self) -> str:
        """Return the reason of a failure in one line."""
        marked = [line for line in self.said if line.startswith(_ERROR)]
        line = (marked or self.said or ["it gives no reason"])[-1]
        return _BEFORE_THE_REASON.sub("", line, count=1)
