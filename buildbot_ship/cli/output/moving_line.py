"""Progress on a terminal: what tools print takes turns on one line, at the bottom.

Sequences: ECMA-48, CR and EL (erase in line).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import TextIO

import attrs

from ...errors import printable
from ...model.log import OUTPUT

_CLEAR = "\r\x1b[K"
_CUT = "..."


def _columns() -> int:
    return shutil.get_terminal_size().columns


@attrs.define
class MovingLine:
    """Writes lines to the terminal *stream*; the output of tools is drawn over.

    *columns* returns the width of the terminal.
    """

    stream: TextIO
    columns: Callable[[], int] = _columns
    _is_drawn: bool = attrs.field(default=False, init=False)

    def __call__(self, line: str) -> None:
        """Show one line of a log."""
        self.end()
        text = printable(line)
        if not line.startswith(OUTPUT):
            print(text, file=self.stream, flush=True)
            return
        most = max(self.columns() - 1, len(_CUT))
        shown = text if len(text) <= most else f"{text[: most - len(_CUT)]}{_CUT}"
        print(shown, end="", file=self.stream, flush=True)
        self._is_drawn = True

    def end(self) -> None:
        """Remove the line that moves, if there is one."""
        if self._is_drawn:
            print(_CLEAR, end="", file=self.stream, flush=True)
            self._is_drawn = False
