"""Lock the tools that containers use, for one Python minor version or for several.

Each lock is compiled by the Python that it is for, so that environment markers are right. All
locks pin the same versions: a new lock takes those of the existing ones, and `--upgrade`
takes the newest versions for the locks of all Pythons at once.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError
from lab.settings import INDEX_VARIABLE, host_ca_bundle

LAB = Path(__file__).resolve().parent
INSIDE = LAB.parent.parent / "buildbot_ship" / "inside"
FOLDERS = tuple(INSIDE / name for name in ("tools", "poetry"))
"""The folders with locks: the tools of every build base, and those of lock files."""
JOB = LAB / "tool_lock_job.py"
TOOLS = "tools.in"
PIN = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)
LOCKED = re.compile(r"^# Locked on (\d{4}-\d\d-\d\d)\b", re.MULTILINE)
CA_IN_CONTAINER = "/etc/ssl/lock-tools.pem"
OLDEST = "3.11"
"""The oldest supported Python minor version, as in setup.py."""
ABOUT = "Write buildbot_ship/inside/*/pyX.Y.txt with each Python that you name."


@dataclass(frozen=True)
class Lock:
    """A lock of the tools for one Python minor version."""

    minor: str
    text: str

    @property
    def pins(self) -> dict[str, str]:
        """Return the pinned versions by name."""
        return dict(PIN.findall(self.text))

    @property
    def locked_on(self) -> datetime.date | None:
        """Return the day in its header, or None if it has none."""
        found = LOCKED.search(self.text)
        return datetime.date.fromisoformat(found[1]) if found else None


def read_locks(folder: Path) -> dict[str, Lock]:
    """Return the locks in *folder* by minor version, the oldest Python first."""
    found = [Lock(path.stem.removeprefix("py"), path.read_text()) for path in _files(folder)]
    return {lock.minor: lock for lock in sorted(found, key=lambda lock: order(lock.minor))}


def order(minor: str) -> tuple[int, ...]:
    """Return the key that sorts 3.9 before 3.10."""
    return tuple(map(int, minor.split(".")))


def find_faults(locks: Mapping[str, Lock], tools: str, oldest: str) -> list[str]:
    """Return what is wrong with *locks*, whatever the date is.

    *tools* is the text of `tools.in`, *oldest* the oldest supported Python minor version.
    """
    newest = max(locks, key=order, default=oldest)
    minors = [f"3.{number}" for number in range(order(oldest)[1], order(newest)[1] + 1)]
    faults = [f"py{minor}.txt is missing" for minor in minors if minor not in locks]
    faults += [f"py{minor}.txt is not supported" for minor in locks if minor not in minors]
    wanted = {re.split(r"[^\w-]", line)[0] for line in tools.splitlines() if line[:1].isalpha()}
    for minor, lock in locks.items():
        faults += [f"py{minor}.txt lacks {name}" for name in sorted(wanted - lock.pins.keys())]
        if lock.locked_on is None:
            faults.append(f"py{minor}.txt does not say when it was locked")
    return faults + _differences(locks)


def _differences(locks: Mapping[str, Lock]) -> list[str]:
    versions: dict[str, dict[str, list[str]]] = {}
    for minor, lock in locks.items():
        for name, version in lock.pins.items():
            versions.setdefault(name, {}).setdefault(version, []).append(minor)
    return [
        f"{name} has several versions: "
        + "; ".join(f"{version} for {', '.join(minors)}" for version, minors in found.items())
        for name, found in sorted(versions.items())
        if len(found) > 1
    ]


def read_tools(folder: Path) -> str:
    """Return the text of `tools.in`."""
    return (folder / TOOLS).read_text(encoding="utf-8")


def compile_lock(
    python: str, tools: str, seed: str, upgrade: bool, today: datetime.date
) -> Lock:
    """Return the lock of *tools*, the text of a `tools.in`, that *python* compiles.

    *python* is an interpreter, or the reference of an image.
    """
    request = {"requirements": tools, "lock": seed, "upgrade": upgrade}
    argv = [*command(python, os.environ), "-I", "-c", JOB.read_text(encoding="utf-8")]
    done = subprocess.run(
        argv, check=False, input=json.dumps(request), stdout=subprocess.PIPE, text=True
    )
    if done.returncode != 0:
        raise LabError(f"{python} could not lock the tools (its log is above)")
    made = json.loads(done.stdout.splitlines()[-1])
    return Lock(made["minor"], header(made["minor"], today) + made["lock"])


def header(minor: str, day: datetime.date) -> str:
    """Return the first lines of a lock."""
    about = f"# The tools of containers with Python {minor}.\n"
    return f"{about}# Locked on {day} by docker/lock-tools.\n"


def command(python: str, environ: Mapping[str, str]) -> list[str]:
    """Return the command line of a Python.  Raises LabError if there is none."""
    if program := shutil.which(python):
        return [program]
    if ":" not in python:
        raise LabError(f"no program {python}: name an interpreter, or an image with its tag")
    options = ["--rm", "--interactive"]
    if INDEX_VARIABLE in environ:
        options += ["--env", INDEX_VARIABLE]
    if bundle := host_ca_bundle(environ):
        options += ["--volume", f"{bundle.resolve()}:{CA_IN_CONTAINER}:ro"]
        options += ["--env", f"PIP_CERT={CA_IN_CONTAINER}"]
    return ["docker", "run", *options, python, "python3"]


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Parse the arguments; `--help` ends the program."""
    parser = argparse.ArgumentParser(prog="docker/lock-tools", description=ABOUT)
    parser.add_argument(
        "python", nargs="+", help="an interpreter (python3.14) or an image (python:3.14)"
    )
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions")
    parser.add_argument(
        "--check",
        action="store_true",
        help="write nothing; fail if --upgrade would change pins",
    )
    return parser.parse_args(argv)


def main(argv: Sequence[str]) -> int:
    """Write the locks, or with `--check` only tell which versions would change."""
    chosen = parse(argv)
    write = not chosen.check
    try:
        found = [
            _lock(folder, chosen.python, upgrade=chosen.upgrade or chosen.check, write=write)
            for folder in FOLDERS
        ]
    except LabError as error:
        print(error, file=sys.stderr)
        return 1
    return max(found)


def _lock(folder: Path, pythons: Sequence[str], *, upgrade: bool, write: bool) -> int:
    before, tools = read_locks(folder), read_tools(folder)
    newest = before[max(before, key=order)].text if before else ""
    today = datetime.datetime.now(datetime.UTC).date()
    locks = [compile_lock(python, tools, newest, upgrade, today) for python in pythons]
    for lock in locks:
        changed = sorted(lock.pins.items() - before.get(lock.minor, Lock("", "")).pins.items())
        pins = ", ".join("==".join(pin) for pin in changed) or "same"
        print(f"{folder.name}/py{lock.minor}.txt: {pins}")
        if write:
            (folder / f"py{lock.minor}.txt").write_text(lock.text, encoding="utf-8")
    if not write:
        return int(any(before[lock.minor].pins != lock.pins for lock in locks))
    faults = find_faults(read_locks(folder), tools, OLDEST)
    print("".join(f"{folder.name}: {fault}\n" for fault in faults), end="")
    return int(bool(faults))


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("py*.txt"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
