"""The repository of an application, and the command line as its owner would use it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from lab.corpus.apps import App
from lab.errors import LabError, tail
from lab.git_server import BRANCH, git

CORPUS_APPS = Path(__file__).resolve().parents[3] / "tests" / "corpus_apps"
DOCKERFILE = 'FROM {base}\nCOPY {name}.pex /\nENTRYPOINT ["/{name}.pex"]\n'
CACHES = shutil.ignore_patterns("__pycache__", "*.egg-info", "build")


class ShipFailed(LabError):
    """A verb of the product that ended badly: which, and what it said."""


@dataclass(frozen=True)
class Conditions:
    """What differs between two builds of one commit, besides their folders."""

    name: str
    umask: int
    environment: dict[str, str]


FIRST = Conditions(
    "first",
    0o022,
    {"TZ": "America/St_Johns", "LC_ALL": "C", "PYTHONHASHSEED": "1"},
)
SECOND = Conditions(
    "second-and-longer",
    0o077,
    {"TZ": "Pacific/Kiritimati", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "4711"},
)


@dataclass
class CommandLine:
    """Calls of the product as processes, all of which can be told to stop."""

    owner: str
    states: Path
    running: set[subprocess.Popen[str]] = field(default_factory=set)
    stopped: bool = False

    def ship(self, folder: Path, conditions: Conditions, *arguments: str) -> dict[str, Any]:
        """Run a verb in a repository; return the properties of its result."""
        log = folder.with_name(f"{folder.name}.log")
        with log.open("a", encoding="utf-8") as lines:
            process = self._start(folder, conditions, arguments, lines)
            said, _ = process.communicate()
        self.running.discard(process)
        if process.returncode != 0:
            why = reason(said) or tail(log, 1)
            raise ShipFailed(f"{arguments[0]}: {why} (status {process.returncode})")
        properties: dict[str, Any] = json.loads(said)["properties"]
        return properties

    def _start(
        self, folder: Path, conditions: Conditions, arguments: Sequence[str], log: IO[str]
    ) -> subprocess.Popen[str]:
        state = {"BUILDBOT_SHIP_STATE": str(self._state(conditions))}
        process = subprocess.Popen(
            [sys.executable, "-I", "-m", "buildbot_ship", *arguments, "--json"],
            cwd=folder,
            env=os.environ | conditions.environment | state,
            umask=conditions.umask,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        self.running.add(process)
        if self.stopped:
            process.terminate()
        return process

    def stop(self) -> None:
        """Tell all that run to end, and those to come."""
        self.stopped = True
        for process in list(self.running):
            process.terminate()

    def _state(self, conditions: Conditions) -> Path:
        """Return the state folder; its owner's name is how a killed run is cleaned up."""
        ledger = self.states / conditions.name / "ledger"
        if not (ledger / "owner").exists():
            ledger.mkdir(parents=True, exist_ok=True)
            (ledger / "owner").write_text(f"{self.owner}-{conditions.name}", encoding="ascii")
        return ledger.parent


def reason(said: str) -> str:
    """Return what a failed verb says, in one line, without the remedy."""
    lines = said.splitlines()
    summaries = [line for line in lines if line.startswith("buildbot-ship ")]
    return summaries[-1].partition(": ")[2] if summaries else "".join(lines[-1:])


def make_repository(app: App, folder: Path, bases: dict[str, str]) -> None:
    """Write what the owner of an application has by hand, and commit it."""
    if app.package:
        shutil.copytree(CORPUS_APPS / app.package, folder, ignore=CACHES)
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        "requirements.loose.txt": "".join(f"{line}\n" for line in app.loose),
        "build.docker": f"FROM {bases['full']}\n",
        f"{app.name}.docker": DOCKERFILE.format(base=bases["slim"], name=app.name),
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    git(folder, "init", "--quiet", f"--initial-branch={BRANCH}")
    commit(folder, f"Ship {app.name}")


def commit(folder: Path, message: str) -> None:
    """Commit the whole tree."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", message)


def clone(repository: Path, folder: Path) -> None:
    """Make the second checkout of a commit."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    git(repository, "clone", "--quiet", str(repository), str(folder))


def own_package(app: App) -> Sequence[str]:
    """Return the option for a package of the repository's own."""
    return ("--package", ".") if app.package else ()
