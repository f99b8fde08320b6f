"""Virtual environments in the cache, one for each set of inputs."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from lab.cache import locked
from lab.errors import LabError, tail
from lab.processes import with_parent
from lab.progress import Say

EXTRAS = "master,worker,cli"
# Add the checkout to sys.path like an installed package. Otherwise every process imports the
# finder of the editable install.
EDITABLE = ("--no-build-isolation", "--config-settings", "editable_mode=compat", "--editable")
MARKER = "complete"
INCLUDE = "-r "


def requirement_files(first: Path) -> list[Path]:
    """Return a requirements file and all files that it includes."""
    files = [first]
    for line in first.read_text(encoding="utf-8").splitlines():
        if line.startswith(INCLUDE):
            files += requirement_files(first.parent / line.removeprefix(INCLUDE))
    return files


def environment_key(checkout: Path, requirements: Path) -> str:
    """Return the cache key of an environment for this checkout, these files, this Python."""
    parts = [sys.version, sys.base_prefix, str(checkout), EXTRAS, *EDITABLE]
    parts += [file.read_text(encoding="utf-8") for file in requirement_files(requirements)]
    parts.append((checkout / "setup.py").read_text(encoding="utf-8"))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def make_environment(cache: Path, checkout: Path, requirements: Path, say: Say) -> Path:
    """Return the folder of a complete environment; create it unless it is in the cache."""
    folder = cache / "venvs" / environment_key(checkout, requirements)
    return _complete(folder, lambda new: _fill(new, checkout, requirements), str(checkout), say)


def _complete(folder: Path, fill: Callable[[Path], None], note: str, say: Say) -> Path:
    """Return a complete environment; fill it unless it is there."""
    with locked(folder.with_suffix(".lock")):
        if not (folder / MARKER).exists():
            say(f"installing Python packages into {folder}")
            # Without the marker, the folder is from an interrupted attempt.
            shutil.rmtree(folder, ignore_errors=True)
            fill(folder)
            (folder / MARKER).write_text(f"{note}\n", encoding="utf-8")
    return folder


def _fill(folder: Path, checkout: Path, requirements: Path) -> None:
    log = folder.with_suffix(".log")
    _run([sys.executable, "-m", "venv", str(folder)], log)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--no-input"]
    # The requirements contain the build tools, so nothing is downloaded twice.
    _run([*pip, "--requirement", str(requirements)], log)
    _run([*pip, *EDITABLE, f"{checkout}[{EXTRAS}]"], log)


def make_locked_environment(cache: Path, lock: Path, say: Say) -> Path:
    """Return the folder of an environment with the packages of a lock, without the project."""
    parts = [sys.version, sys.base_prefix, lock.read_text(encoding="utf-8")]
    key = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
    return _complete(
        cache / "venvs" / key, lambda folder: _fill_locked(folder, lock), str(lock), say
    )


def _fill_locked(folder: Path, lock: Path) -> None:
    log = folder.with_suffix(".log")
    _run([sys.executable, "-m", "venv", str(folder)], log)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--no-input"]
    _run([*pip, "--require-hashes", "--requirement", str(lock)], log)


def _run(argv: Sequence[str], log: Path) -> None:
    with log.open("ab") as output:
        done = subprocess.run(
            # An orphaned process must not write into the next environment.
            with_parent(argv),
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    if done.returncode != 0:
        raise LabError(f"{' '.join(argv)} failed:\n{tail(log)}")
