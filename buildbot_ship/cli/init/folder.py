"""The folder of `buildbot-ship init`: its files, and what its git knows."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import attrs

from ...errors import InvalidRequest
from ...model.project.files import ProjectFiles

MAX_FILES = 50_000
MAX_BYTES, MAX_LOCK = 1024**2, 64 * 1024**2
"""Larger files are not read: lock files, and all others."""
WROTE, KEPT, UNCHANGED, WOULD_WRITE = "wrote", "kept", "unchanged", "would write"
_SKIPPED = {"node_modules", "venv", "env", "build", "dist", "__pycache__", "site-packages"}


@attrs.define(slots=False)
class Folder:
    """The top of a repository.  It need not be a git repository yet."""

    root: Path

    @property
    def name(self) -> str:
        """Return the name of the folder."""
        return self.root.name or "app"

    @cached_property
    def is_repository(self) -> bool:
        """Return whether the folder is the top of a git repository."""
        top = self._git("rev-parse", "--show-toplevel")
        if top and Path(top).resolve() != self.root:
            why = f"{self.root} is inside the git repository {top}: run init there"
            raise InvalidRequest("folder", why)
        return bool(top)

    def files(self) -> ProjectFiles:
        """Return the files that git tracks or would track; without git, all files.

        Raises InvalidRequest if the folder is not the top of a repository.
        """
        if not self.root.is_dir():
            raise InvalidRequest("folder", f"{self.root} is not a folder")
        listed = self._listed() if self.is_repository else self._walked()
        paths = (path for path, _ in zip(listed, range(MAX_FILES), strict=False))
        return ProjectFiles(frozenset(paths), self._read)

    def remote(self) -> str:
        """Return the URL of the remote ``origin``, empty if there is none."""
        return self._git("remote", "get-url", "origin")

    def branch(self) -> str:
        """Return the current branch, ``main`` if there is none."""
        return self._git("symbolic-ref", "--short", "HEAD") or "main"

    def write(self, path: str, text: str, *, dry_run: bool) -> str:
        """Write a new file; return what was done with it.  Raises InvalidRequest."""
        file = self.root / path
        if os.path.lexists(file):
            return UNCHANGED if self._read(path) == text.encode() else KEPT
        if dry_run:
            return WOULD_WRITE
        try:
            with open(file, "x", encoding="utf-8") as new:
                new.write(text)
        except OSError as error:
            why = f"{path} cannot be written: {error.strerror}"
            raise InvalidRequest("folder", why) from None
        return WROTE

    def _read(self, path: str) -> bytes | None:
        file = self.root / path
        if file.is_symlink() or not file.is_file():
            return None
        most = MAX_LOCK if path.endswith((".lock", ".toml")) else MAX_BYTES
        return file.read_bytes() if file.stat().st_size <= most else None

    def _listed(self) -> Iterator[str]:
        listing = self._git("ls-files", "-z", "--cached", "--others", "--exclude-standard")
        yield from filter(None, listing.split("\0"))

    def _walked(self) -> Iterator[str]:
        for folder, folders, names in os.walk(self.root):
            here = Path(folder)
            folders[:] = sorted(
                each
                for each in folders
                if not each.startswith(".")
                and each not in _SKIPPED
                and not (here / each / "pyvenv.cfg").exists()
            )
            for name in sorted(names):
                yield (here / name).relative_to(self.root).as_posix()

    def _git(self, *arguments: str) -> str:
        try:
            done = subprocess.run(
                ["git", "-C", str(self.root), *arguments],
                capture_output=True,
                stdin=subprocess.DEVNULL,
                check=False,
                env={**os.environ, "LC_ALL": "C"},
            )
        except OSError:
            return ""
        text = os.fsdecode(done.stdout)
        return text.rstrip("\n") if done.returncode == 0 else ""
