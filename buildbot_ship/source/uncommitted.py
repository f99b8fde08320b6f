"""Warn about uncommitted files of a working directory, which are not built.

Only the standard library is imported, because the fastest call of the command line uses this.
"""

from __future__ import annotations

import os
import subprocess

SHOWN = 5
"""Names in the warning; the others are only counted."""
_FIELDS = {b"1": 8, b"u": 10}
"""Number of fields before the path (git-status, porcelain format version 2)."""
_DISTRUST = b"dubious ownership"


class Uncommitted:
    """A ``git status`` that runs in the background.

    Unlike other calls of git, it respects ``safe.directory``.  To find changes, git runs
    programs from the configuration of the checkout, so its owner must be trusted.
    """

    def __init__(self, checkout: str) -> None:
        """Start git in *checkout*."""
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
        """Return a warning about uncommitted files, or an empty string."""
        if self._process is None:
            return ""
        out, errors = self._process.communicate()
        if self._process.returncode:
            return UNKNOWN if _DISTRUST in errors else ""
        return describe(out)


UNKNOWN = (
    "did not check for uncommitted files: git refuses a checkout of another user until you run "
    "git config --global --add safe.directory FOLDER"
)


def describe(status: bytes) -> str:
    """Return the output of ``git status`` as one line, empty if everything is committed."""
    commit, names = b"", []
    for entry in status.split(b"\0"):
        kind, _, rest = entry.partition(b" ")
        if kind == b"#":
            commit = rest.removeprefix(b"branch.oid ") if b"oid" in rest else commit
        elif kind == b"?":
            names.append(f"{_printable(rest)} (untracked)")
        elif kind in _FIELDS:
            *facts, path = entry.split(b" ", _FIELDS[kind])
            names.append(f"{_printable(path)} ({_state(facts[1], facts[2], kind)})")
    if not names:
        return ""
    shown = ", ".join(names[:SHOWN])
    shown += f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    what = "1 uncommitted file is" if len(names) == 1 else f"{len(names)} uncommitted files are"
    return f"{what} not in commit {commit[:12].decode()}, which buildbot-ship reads: {shown}"


def _state(change: bytes, module: bytes, kind: bytes) -> str:
    if module[:1] == b"S":
        return (
            "submodule at another commit" if module[1:2] == b"C" else "changes in a submodule"
        )
    if kind == b"u":
        return "in conflict"
    return "deleted" if b"D" in change else "added" if b"A" in change else "modified"


def _printable(path: bytes) -> str:
    """Return a path with control characters and line ends escaped."""
    text = path.decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
