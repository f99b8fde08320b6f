"""Build Debian root file systems that replace Docker Hub's two Python images.

Run it as root with the system Python: `python3 -m lab.debian`. The slim image is a minimal
Debian with python3; the full one also has the build tools. Each becomes one layer (a compressed
tar) in the cache, with a description. Cached layers are not built again.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from lab.cache import cache_folder, locked, recipe_key
from lab.errors import LabError, tail
from lab.processes import with_parent

SUITE = "bookworm"
SLIM_PACKAGES = ("python3", "ca-certificates")
FULL_PACKAGES = ("python3-venv", "python3-dev", "gcc", "libc6-dev", "git")
FORMAT = 1
CHUNK = 1 << 20
# Not in the images: names of the host, files that apt can download again, and bytecode. Docker
# Hub's images have no bytecode (see the Dockerfiles of docker-library/python).
LEFT_OUT = (
    "*.pyc",
    "./dev/*",
    "./proc/*",
    "./sys/*",
    "./run/*",
    "./tmp/*",
    "./etc/hostname",
    "./etc/resolv.conf",
    "./usr/share/locale/*",
    "./usr/share/man/*",
    "./var/cache/apt/*",
    "./var/lib/apt/lists/*",
    "./var/log/*",
)
# Mount and pid name spaces that end with their first process, so that an interrupted
# bootstrap leaves no mount or process behind.
APART = ("unshare", "--mount", "--pid", "--fork", "--kill-child")


@dataclass(frozen=True)
class Layer:
    """A root file system as one image layer."""

    path: Path
    digest: str
    size: int
    diff_id: str


def layers_folder(cache: Path) -> Path:
    """Return the folder for the layers of this recipe."""
    recipe = [FORMAT, SUITE, SLIM_PACKAGES, FULL_PACKAGES, LEFT_OUT, platform.machine()]
    return cache / "bases" / recipe_key(recipe)


def cached_layers(cache: Path) -> dict[str, Layer] | None:
    """Return the cached layers by name, `slim` and `full`, or None."""
    folder = layers_folder(cache)
    try:
        described = json.loads((folder / "layers.json").read_text(encoding="utf-8"))
    except OSError:
        return None
    return {
        name: Layer(**entry | {"path": folder / entry["path"]})
        for name, entry in described.items()
    }


def make_layers(cache: Path) -> dict[str, Layer]:
    """Return the layers; build them unless they are in the cache."""
    with locked(cache / "bases" / "lock"):
        if layers := cached_layers(cache):
            return layers
        refuse_to_make_in_vain("the base images")
        folder = layers_folder(cache)
        scratch = folder.with_name(f"{folder.name}.new")
        # We hold the lock, so an existing folder is from an interrupted attempt.
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        _make(scratch)
        scratch.replace(folder)
        return cached_layers(cache) or {}


def refuse_to_make_in_vain(what: str) -> None:
    """Raise LabError unless debootstrap can run on this machine."""
    if os.geteuid() != 0:
        raise LabError(f"only root can build {what}: run this command as root")
    if not shutil.which("debootstrap"):
        raise LabError(f"debootstrap is required to build {what}: install it with apt-get")


def _make(scratch: Path) -> None:
    slim, full, log = scratch / "slim", scratch / "full", scratch / "bootstrap.log"
    include = f"--include={','.join(SLIM_PACKAGES)}"
    run_logged([*APART, "debootstrap", "--variant=minbase", include, SUITE, str(slim)], log)
    run_logged(["cp", "--archive", str(slim), str(full)], log)
    with ThreadPoolExecutor() as pool:
        slim_layer = pool.submit(_pack, slim)
        _install(full, log)
        layers = {"slim": slim_layer.result(), "full": _pack(full)}
    for root in (slim, full):
        shutil.rmtree(root)
    described = {
        name: asdict(layer) | {"path": layer.path.name} for name, layer in layers.items()
    }
    (scratch / "layers.json").write_text(json.dumps(described, indent=1), encoding="utf-8")


def _install(root: Path, log: Path) -> None:
    inside = [*APART, f"--root={root}"]
    run_logged([*inside, "apt-get", "update"], log)
    install = ["apt-get", "install", "--yes", "--no-install-recommends", *FULL_PACKAGES]
    run_logged([*inside, *install], log)


def run_logged(argv: Sequence[str], log: Path) -> None:
    """Run a program that ends with this process; if it fails, raise LabError with its log."""
    environ = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    with log.open("ab") as output:
        status = subprocess.run(
            with_parent(argv),
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environ,
        ).returncode
    if status != 0:
        raise LabError(f"{' '.join(argv)} failed:\n{tail(log)}")


def _pack(root: Path) -> Layer:
    left_out = [f"--exclude={pattern}" for pattern in LEFT_OUT]
    argv = ["tar", "--sort=name", "--numeric-owner", *left_out, "--create", "."]
    target = root.with_suffix(".tar.gz")
    with subprocess.Popen(argv, cwd=root, stdout=subprocess.PIPE) as tar:
        assert tar.stdout is not None  # noqa: S101  (it is a pipe)
        diff_id = _compress(tar.stdout, target)
    if tar.returncode != 0:
        raise LabError(f"tar of {root.name} failed with status {tar.returncode}")
    return Layer(target, _sha256(target), target.stat().st_size, diff_id)


def _compress(source: IO[bytes], target: Path) -> str:
    whole = hashlib.sha256()
    with target.open("wb") as raw, gzip.GzipFile("", "wb", 3, raw, mtime=0) as packed:
        while chunk := source.read(CHUNK):
            whole.update(chunk)
            packed.write(chunk)
    return f"sha256:{whole.hexdigest()}"


def _sha256(path: Path) -> str:
    whole = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            whole.update(chunk)
    return f"sha256:{whole.hexdigest()}"


if __name__ == "__main__":
    try:
        make_layers(cache_folder())
    except LabError as error:
        sys.exit(str(error))
