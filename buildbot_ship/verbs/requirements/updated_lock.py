"""Update a lock file of another tool with that tool, in a throw-away container."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from pathlib import Path

import attrs

from ... import inside
from ...daemon.interface import JobFile
from ...model.locks.formats import MAX_LINES, PYLOCK, format_of
from ...model.locks.upgrade import names_to_upgrade
from ...model.request import HardenRequest
from ...model.requirements.text import decode
from ...source.checkout import Checkout
from ...source.interface import Files, TreeFile, read_text
from ..shared.job_result import reading_result
from ..shared.job_runner import JobRunner
from ..shared.locked_pins import read_projects
from ..shared.tools_image import Tools
from .hardened import export_packages


@attrs.frozen
class Edited:
    """The *files* of a repository with other *texts* by path."""

    base: Files
    texts: Mapping[str, str]

    def read(self, path: str) -> TreeFile | None:
        """Return the plain file at *path*; see `Files`."""
        if path in self.texts:
            return TreeFile(self.texts[path].encode())
        return self.base.read(path)

    def files(self, folder: str) -> Iterator[tuple[str, TreeFile]]:
        """Yield the plain files below *folder* as they are in the repository."""
        return self.base.files(folder)


def update_lock(
    request: HardenRequest, checkout: Checkout, runner: JobRunner, tools: Tools
) -> str:
    """Return the new text of the lock file of *request*.

    Raises InvalidRequest if the option ``upgrade`` is wrong, JobFailed, LimitExceeded.
    """
    kind = format_of(request.strict)
    assert kind is not None  # noqa: S101  # the caller asked
    text = read_text(checkout, request.strict)
    names = names_to_upgrade(request.upgrade, kind, text, request.strict)
    arguments = {
        "lock": request.strict,
        "tool": kind.tool,
        "upgrade": names,
        "packages": list(request.packages),
        "requirements": _requirements(request, checkout) if kind is PYLOCK else [],
        "cooldown": request.cooldown,
        "cooldown_except": list(request.cooldown_except),
    }
    with runner.work.scratch() as scratch:
        files = _project_files(request, text, checkout, scratch)
        if kind.tool not in tools.facts["tools"]:
            locked = inside.locks(kind.tool)[f"py{tools.minor}.txt"]
            files = (*files, JobFile(f"{kind.tool}.txt", locked))
        out = scratch / "out"
        runner.run("relock", tools.image, arguments, out, files, network=True)
        with reading_result("relock"):
            return decode((out / "lock.txt").read_bytes(), request.strict, MAX_LINES)


def _requirements(request: HardenRequest, checkout: Checkout) -> list[str]:
    """Return the requirements of the project beside a ``pylock.toml`` without extras."""
    return [str(item.requirement) for item in read_projects(request, checkout).required()]


def _project_files(
    request: HardenRequest, text: str, checkout: Checkout, scratch: Path
) -> tuple[JobFile, ...]:
    """Return the files beside the lock and those of own packages, and the lock itself."""
    folders = (posixpath.dirname(request.strict) or ".", *request.packages)
    files = {
        posixpath.normpath(file.path): file
        for file in export_packages(checkout, folders, scratch)
    }
    if text:
        path = f"tree/{request.strict}"
        files[path] = JobFile(path, text.encode())
    return tuple(files.values())
