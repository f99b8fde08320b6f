"""The tool of a lock file: find or install it, run it, and explain how it fails.

uv is in the tools image.  Poetry is installed by hash, for one run, into a folder of the job.
"""

from __future__ import annotations

import os
import platform
import re
import sys
import venv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from job import Failed, call, say

BY_HAND = 'update {lock} with your own {tool}, and set upgrade to "nothing"'
UNREACHABLE = re.compile(
    r"error sending request|Request failed after|operation timed out|connection closed"
    r"|All attempts to connect to|ConnectionError|Read timed out"
)
REFUSED = re.compile(r"HTTP status \w+ error \((\d+)|(\d{3}) Client Error|HTTP (\d{3})\b")
PERMANENT = ("501", "505")
UNRESOLVED = re.compile(r"No solution found when resolving|version solving failed")
OTHER_VERSION = re.compile(r"Required uv version|This project requires Poetry")
OTHER_FORMAT = re.compile(r"unsupported schema version|lock file is not compatible with")
OTHER_PYTHON = re.compile(
    r"No interpreter found for Python|incompatible with the project'?s Python requirement"
    r"|is not allowed by the project|Python requirement.{0,40}not compatible"
)


@dataclass(frozen=True)
class LockTool:
    """A tool at *program* that updates the file *lock*; *name* has its version."""

    name: str
    program: Path
    lock: str

    def run(
        self, words: Sequence[str | Path], environment: Mapping[str, str], folder: Path
    ) -> None:
        """Run the tool in *folder*.  Raises Failed."""
        say(f"updating {self.lock} with {self.name}")
        try:
            call(
                [self.program, *words],
                f"{self.name} cannot update {self.lock}",
                hint=f"correct the project; the reason of {self.name} is in the step's log",
                environment=environment,
                folder=folder,
            )
        except Failed as failed:
            raise self._explain(failed) from None

    def check_format(self, before: str, after: str) -> None:
        """Raise Failed if the lock had a newer format than this tool writes."""
        old, new = (lock_format(text) for text in (before, after))
        if old > new:
            found, written = (".".join(map(str, parts)) for parts in (old, new))
            raise self._too_old(f"has format {found}, and {self.name} writes {written}")

    def _too_old(self, why: str) -> Failed:
        return Failed(
            f"{self.lock} {why}",
            f"upgrade buildbot-ship, which locks {self.name}; or {self._by_hand}",
        )

    @property
    def _by_hand(self) -> str:
        return BY_HAND.format(lock=self.lock, tool=self.name.split()[0])

    def _explain(self, failed: Failed) -> Failed:
        """Return the error for the *output* of a run that failed."""
        output = failed.output
        explained = failed
        if UNRESOLVED.search(output):
            hint = f"correct the requirements of the project; {self.name} says why in the log"
            explained = Failed(f"{self.lock} does not resolve", hint)
        elif OTHER_VERSION.search(output):
            why = f"the project requires another version of its tool than {self.name}"
            explained = Failed(why, f"admit {self.name} in pyproject.toml; or {self._by_hand}")
        elif OTHER_FORMAT.search(output):
            explained = self._too_old(f"has a format that {self.name} cannot read")
        elif OTHER_PYTHON.search(output):
            why = f"the build base has Python {platform.python_version()}, which the project "
            hint = "use a build base that requires-python in pyproject.toml admits"
            explained = Failed(f"{why}excludes", hint)
        elif refused := REFUSED.search(output):
            status = next(filter(None, refused.groups()))
            later = status in ("408", "429") or (status >= "500" and status not in PERMANENT)
            explained = _no_index(f"HTTP status {status}", transient=later)
        elif UNREACHABLE.search(output):
            explained = _no_index("no answer", transient=True)
        explained.output = output
        return explained


def _no_index(why: str, *, transient: bool) -> Failed:
    return Failed(
        f"the package index cannot be reached ({why})",
        "check the options index_url, proxy and ca_bundle, and the indexes in pyproject.toml: "
        "containers must reach them",
        transient=transient,
    )


def lock_format(text: str) -> tuple[int, ...]:
    """Return the version and the revision of the format of a lock file; empty if unknown."""
    found = re.search(r'^(?:lock-)?version = "?([\d.]+)"?$', text, re.MULTILINE)
    revision = re.search(r"^revision = (\d+)$", text, re.MULTILINE)
    numbers = found[1].split(".") if found else []
    return tuple(int(number) for number in [*numbers, *(revision.groups() if revision else ())])


def find(
    name: str, job: Path, lock: str, environment: Mapping[str, str], folder: Path
) -> LockTool:
    """Return the tool *name* of *lock*; one that is not here is installed into *folder*.

    The job folder has its locked requirements as ``NAME.txt``.  Raises Failed.
    """
    program = Path(sys.executable).with_name(name)
    if program.exists():
        return LockTool(f"{name} {version(name)}", program, lock)
    return install(job / f"{name}.txt", lock, environment, folder)


def install(
    requirements: Path, lock: str, environment: Mapping[str, str], folder: Path
) -> LockTool:
    """Install the tool of *lock* from locked *requirements* into *folder*.  Raises Failed.

    The name of the requirements file is that of the tool.
    """
    tool = requirements.stem
    pin = re.search(rf"^{tool}==(\S+)", requirements.read_text("utf-8"), re.MULTILINE)
    assert pin is not None  # noqa: S101  # our own file
    say(f"installing {tool} {pin[1]}")
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "-q"]
    call(
        [
            *pip,
            "--no-cache-dir",
            "--require-hashes",
            "--only-binary",
            ":all:",
            "--no-deps",
            "-r",
            str(requirements),
        ],
        f"{tool} cannot be installed in the build base",
        hint="check the options index_url, proxy, ca_bundle: containers must reach the index; "
        f"or {BY_HAND.format(lock=lock, tool=tool)}",
        environment=environment,
    )
    return LockTool(f"{tool} {pin[1]}", python.with_name(tool), lock)


def clean_environment(scratch: Path) -> dict[str, str]:
    """Return the variables that keep the files of a tool in *scratch*."""
    path = f"{scratch / 'tool' / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return {"HOME": str(scratch), "PATH": path, "NO_COLOR": "1"}
