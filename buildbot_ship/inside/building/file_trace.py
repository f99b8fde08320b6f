"""Run a hook of a build backend, and record which files it reads and which it only copies.

Called as ``python file_trace.py NOTES SCRIPT ARGUMENT...``.  At the end it writes NOTES, JSON:
``{"read": [PATH], "copied": [PATH], "opaque": WHY}``.

- *copied*: files that only one of `COPIERS` opened, and only once, and the same for each copy.
  Copiers pass the bytes on to another file or to the wheel without reading them.
- *read*: all other files that were opened or written, directly or through a copy.
- *opaque*: null, or the reason why the lists may be incomplete.

The record comes from Python's audit events (PEP 578).  Another process, or compiled code, can
open files without an event, so either makes the notes opaque.
Only the standard library is used: this runs in the build environment.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any

COPIERS = {
    ("/distutils/file_util.py", "_copy_file_contents"),
    ("/setuptools/_distutils/file_util.py", "_copy_file_contents"),
    ("/flit_core/wheel.py", "_add_file"),
    ("/hatchling/builders/wheel.py", "add_file"),
    ("/poetry/core/masonry/builders/wheel.py", "_add_file"),
    ("/pdm/backend/wheel.py", "_add_file_to_zip"),
    ("/shutil.py", "copyfile"),
    ("/wheel/wheelfile.py", "write"),
    ("/zipfile.py", "write"),
    ("/zipfile/__init__.py", "write"),
}
"""Functions that copy files: the end of the path of their module, and their name."""
PLACES = (os.path.dirname(os.__file__) + os.sep, os.path.join(sys.prefix, "lib") + os.sep)
"""The folders of copiers; a module of the same name elsewhere is not a copier."""
OPAQUE_EVENTS = {
    "ctypes.dlopen",
    "os.exec",
    "os.fork",
    "os.forkpty",
    "os.link",
    "os.posix_spawn",
    "os.spawn",
    "os.symlink",
    "os.system",
    "os.truncate",
    "pty.spawn",
    "sqlite3.connect",
    "subprocess.Popen",
}
"""Events after which files may be opened without an event, or under another name."""
OPAQUE_MODULES = {"multiprocessing.popen_spawn_posix", "multiprocessing.popen_forkserver"}
"""Modules that start processes without an event."""


class Notes:
    """The files that were opened; *origin* has the source of each copy, by path."""

    def __init__(self) -> None:
        """Start with no files."""
        self.read: set[str] = set()
        self.copied: set[str] = set()
        self.taken: set[str] = set()
        self.origin: dict[str, str] = {}
        self.opaque: str | None = None
        self.last = threading.local()
        self.ended = False

    def hook(self, event: str, arguments: Sequence[Any]) -> None:
        """Record an audit event."""
        if self.ended:
            return
        if event == "open":
            path, mode, flags = arguments
            self._open(path, mode, flags, sys._getframe(1))
        elif event == "os.rename":
            self._rename(*arguments)
        elif event in OPAQUE_EVENTS:
            self.opaque = self.opaque or event

    def _open(self, path: Any, mode: str | None, flags: int, frame: FrameType) -> None:
        if isinstance(path, int):
            return
        text = os.fsdecode(path)
        if mode is None and not os.path.isabs(text):
            # It may be relative to an open folder (dir_fd); `shutil.rmtree` opens folders only.
            if not _is(frame, "shutil", "rmtree"):
                self.opaque = self.opaque or f"os.open {text}"
            return
        self._record(os.path.abspath(text), flags, _copies(frame))

    def _record(self, path: str, flags: int, copies: bool) -> None:
        source = self.origin.get(path, path)
        writes = flags & os.O_ACCMODE != os.O_RDONLY
        if writes:
            self.read.add(path)
        if copies and writes:
            self.origin[path] = getattr(self.last, "path", path)
        elif copies and path not in self.taken:
            self.last.path = source
            self.taken.add(path)
            self.copied.add(source)
        elif flags & os.O_TRUNC:
            self.origin.pop(path, None)
        else:
            self.read.add(source)

    def _rename(self, source: Any, target: Any, *folders: int) -> None:
        old, new = (os.path.abspath(os.fsdecode(path)) for path in (source, target))
        if any(folder != -1 for folder in folders):
            self.opaque = self.opaque or "os.rename"
        moved = [old]
        if os.path.isdir(old):
            moved = [
                os.path.join(top, name) for top, _, names in os.walk(old) for name in names
            ]
        for path in moved:
            there = new + path.removeprefix(old)
            self.read.add(there)
            self.origin[there] = self.origin.get(path, path)

    def write(self, path: Path) -> None:
        """Write the notes to *path*."""
        self.ended = True
        foreign = next(filter(_is_foreign, list(sys.modules)), None)
        opaque = self.opaque or (f"import {foreign}" if foreign else None)
        copied = sorted(self.copied - self.read)
        notes = {"read": sorted(self.read), "copied": copied, "opaque": opaque}
        path.write_text(json.dumps(notes), encoding="utf-8")


def _copies(frame: FrameType | None) -> bool:
    """Return whether a copier opens the file."""
    if frame is not None and _is(frame, "pathlib", "open"):
        frame = frame.f_back
    if frame is None:
        return False
    file, name = frame.f_code.co_filename, frame.f_code.co_name
    return file.startswith(PLACES) and any(
        name == function and file.endswith(end) for end, function in COPIERS
    )


def _is(frame: FrameType, module: str, function: str) -> bool:
    """Return whether *frame* runs *function* of the standard library's *module*."""
    code = frame.f_code
    name, file = code.co_name, code.co_filename
    return function in name and file.startswith(PLACES[0] + module)


def _is_foreign(name: str) -> bool:
    """Return whether a module is a compiled one outside the standard library, or opaque."""
    file = getattr(sys.modules[name], "__file__", None) or ""
    compiled = file.endswith(".so") and not file.startswith(f"{PLACES[0]}lib-dynload")
    return compiled or name in OPAQUE_MODULES


def main(notes_path: str, *command: str) -> None:
    """Run a script as its interpreter would, and write the notes."""
    notes = Notes()
    sys.argv = list(command)
    sys.path[0] = os.path.dirname(command[0])
    sys.addaudithook(notes.hook)
    try:
        runpy.run_path(command[0], run_name="__main__")
    finally:
        notes.write(Path(notes_path))


if __name__ == "__main__":
    main(*sys.argv[1:])
