"""Which files of a working directory the commit lacks: people should know what is not built.

Only the standard library is imported: the quickest call of the command line asks this.
"""

from __future__ import annotations

import os
import subprocess

SHOWN = 5
"""How many names are shown; of the others only their number."""
_FIELDS = {b"1": 8, b"u": 10}
"""How many fields stand before a path (git-status, porcelain format version 2)."""
_DISTRUST = b"dubious ownership"


class Uncommitted:
    """A look at a checkout, which goes on while other work does.

    Unlike other calls of git this one heeds ``safe.directory``: git runs programs that the
    settings of a checkout name to find its changes, so its owner must be trusted.
    """

    def __init__(self, checkout: str) -> None:
        """Begin to look."""
        options = [
            "--porcelain=v2",
            "--branch",
            "-z",
            "--no-renames",
            "--untracked-files=normal",
        ]
        try:
            self._process: subprocess.Popen[bytes] | None = subprocess.Popen(
                ["git", "--no-optional-locks", "-C", checkout, "status", *options],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={**os.environ, "LC_ALL": "C"},
            )
        except OSError:
            self._process = None

    def warning(self) -> str:
        """Return what to say of files that are not committed; nothing where there are none."""
        if self._process is None:
            return ""
        out, errors = self._process.communicate()
        if self._process.returncode:
            return UNKNOWN if _DISTRUST in errors else ""
        return describe(out)


UNKNOWN = (
    "uncommitted files were not looked for: git refuses a checkout of another user until you "
    "run git config --global --add safe.directory FOLDER"
)


def describe(status: bytes) -> str:
    """Return one line for people about what ``git status`` answered."""
    commit, found = b"", []
    for entry in status.split(b"\0"):
        kind, _, rest = entry.partition(b" ")
        if kind == b"#":
            commit = rest.removeprefix(b"branch.oid ") if b"oid" in rest else commit
        elif kind == b"?":
            found.append(f"{_shown(rest)} (untracked)")
        elif kind in _FIELDS:
            *facts, path = entry.split(b" ", _FIELDS[kind])
            found.append(f"{_shown(path)} ({_state(facts[1], facts[2], kind)})")
    if not found:
        return ""
    names = ", ".join(found[:SHOWN])
    names += f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    what = "1 uncommitted file is" if len(found) == 1 else f"{len(found)} uncommitted files are"
    return f"{what} not in commit {commit[:12].decode()}, which buildbot-ship reads: {names}"


def _state(change: bytes, module: bytes, kind: bytes) -> str:
    if module[:1] == b"S":
        return (
            "submodule at another commit" if module[1:2] == b"C" else "changes in a submodule"
        )
    if kind == b"u":
        return "in conflict"
    return "deleted" if b"D" in change else "added" if b"A" in change else "modified"


def _shown(path: bytes) -> str:
    """Return a name as a terminal may have it: no line ends, no control characters."""
    text = path.decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
