"""Lines of a log: the interface for code outside the verbs, headings, and readable texts."""

from __future__ import annotations

import re
from collections.abc import Callable

Log = Callable[[str], None]
"""Write one line to the log."""
HEADING = "== "
"""The start of a line that begins or ends a phase."""
OUTPUT = "  "
"""The start of a line that a tool printed: it is no progress."""
_SEQUENCE = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x9b[0-?]*[ -/]*[@-~]"  # colours, cursor
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"  # titles, links
    r"|\x1b[ -/]*[0-~]?"
)
"""Control sequences of terminals: ECMA-48, sections 5.3 and 5.4, and OSC of xterm."""
_ESCAPED = re.compile(r"\\x1b\[[0-?]*[ -/]*[@-~]")


def readable(text: str) -> str:
    """Return *text* as a terminal would leave it, without control characters.

    Colours go.  Of a progress bar, which is drawn again and again on one line, the last state
    stays.
    """
    if text.isprintable():
        return text
    return "\n".join(map(_readable_line, text.split("\n")))


def _readable_line(line: str) -> str:
    if line.isprintable():
        return line
    line = _SEQUENCE.sub("", line)
    indent = OUTPUT if line.startswith(OUTPUT) else ""
    states = [state for state in line.split("\r") if state.strip()]
    last = states[-1] if states else ""
    shown: list[str] = []
    for character in last if last.startswith(indent) else f"{indent}{last}":
        if character == "\b":
            del shown[-1:]
        elif character == "\t" or not (character < " " or "\x7f" <= character <= "\x9f"):
            shown.append(character)
    return "".join(shown).rstrip()


def in_one_line(text: str) -> str:
    """Return a message, which may quote a tool's output, as one line without colours."""
    return _ESCAPED.sub("", " ".join(text.splitlines()))
