"""uv on this machine: its program, from the wheel that this project locks, and an image of it.

No image hub is in reach of every machine, so the image is ours; it has what uv's own has.
"""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import docker
from lab.archive import tar_of
from lab.bases import MARK
from lab.cache import locked
from lab.debian import DEFAULT
from lab.errors import LabError
from lab.runs import Run

LOCK = Path(__file__).resolve().parents[3] / f"buildbot_ship/inside/tools/py{DEFAULT}.txt"
REPOSITORY = "ship.local/uv"
PROGRAM = re.compile(r"uv-[\w.]+\.data/scripts/uv")
EXECUTABLE = 0o755


ENTRY = re.compile(r"^uv==(?P<version>[\w.]+)(?: \\\n    --hash=\S+)+", re.MULTILINE)


def locked_entry(lock: str) -> re.Match[str]:
    """Return the entry of uv in the text of a lock file: its version and its hashes."""
    found = ENTRY.search(lock)
    assert found is not None  # noqa: S101  # our own file
    return found


@dataclass(frozen=True)
class Uv:
    """The program *path*, and its version."""

    path: Path
    version: str

    @classmethod
    def get(cls, cache: Path) -> Uv:
        """Download uv unless it is in the cache.  Raises LabError."""
        entry = locked_entry(LOCK.read_text(encoding="utf-8"))
        version = entry["version"]
        path = cache / "uv" / version / "uv"
        with locked(cache / "uv" / "lock"):
            if not path.exists():
                path.parent.mkdir(exist_ok=True)
                scratch = path.with_name(".uv")
                scratch.write_bytes(program_in(_download(path.parent, entry[0])))
                scratch.chmod(EXECUTABLE)
                scratch.replace(path)
        return cls(path, version)

    def put_into_engine(self, run: Run) -> None:
        """Create the image from which Dockerfiles copy `/uv`, until the end of the run."""
        client = docker.from_env()
        if not client.images.list(f"{REPOSITORY}:{self.version}"):
            client.api.import_image_from_data(
                tar_of({"uv": self.path.read_bytes()}, mode=EXECUTABLE),
                repository=REPOSITORY,
                tag=self.version,
                changes=[f"LABEL {MARK}={run.name}"],
            )


def _download(folder: Path, entry: str) -> Path:
    """Download the wheel that the *entry* of a lock pins; return its path."""
    lock = folder / "uv.txt"
    lock.write_text(f"{entry}\n", encoding="utf-8")
    argv = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
    argv += ["--only-binary", ":all:", "--requirement", str(lock), "--dest", str(folder)]
    done = subprocess.run(argv, check=False, capture_output=True, text=True)
    wheels = sorted(folder.glob("uv-*.whl"))
    if done.returncode != 0 or not wheels:
        raise LabError(f"uv can not be downloaded:\n{done.stderr.strip()}")
    return wheels[0]


def program_in(wheel: Path) -> bytes:
    """Return the program in a wheel of uv.  Raises LabError."""
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if PROGRAM.fullmatch(name)]
        if len(names) != 1:
            raise LabError(f"{wheel.name} has {len(names)} programs uv, not one")
        return archive.read(names[0])
