"""Build Debian root file systems that replace Docker Hub's Python images.

Run it as root with the system Python: `python3 -m lab.debian [MINOR ...]`. The slim image is a
minimal Debian with Python; the full one also has the build tools. Each becomes one layer (a
compressed tar) in the cache, with a description. Cached layers are not built again.
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
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO

from lab.cache import cache_folder, locked, recipe_key
from lab.errors import LabError, tail
from lab.processes import with_parent

SUITE = "bookworm"
"""The suite of this machine, and of the bases with its Python."""
MIRROR = "http://deb.debian.org/debian"
SCRIPTS = Path("/usr/share/debootstrap/scripts")
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
ANY_AGE = ("-o", "Acquire::Check-Valid-Until=false")
"""Accept the index of a mirror that lags behind: a stand-in needs no newest packages."""
# Mount and pid name spaces that end with their first process, so that an interrupted
# bootstrap leaves no mount or process behind.
APART = ("unshare", "--mount", "--pid", "--fork", "--kill-child")


@dataclass(frozen=True)
class Recipe:
    """The Debian suite with a Python, its packages, and the *links* of the image."""

    suite: str
    slim: tuple[str, ...]
    full: tuple[str, ...]
    links: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of_system(cls, suite: str) -> Recipe:
        """Return the recipe for the Python that the suite calls python3."""
        return cls(suite, _slim("python3"), _full("python3"))

    @classmethod
    def of_minor(cls, suite: str, minor: str) -> Recipe:
        """Return the recipe for one of several Pythons of a suite.

        Like the hub's images, it has `python3` in /usr/local/bin.
        """
        python = f"python{minor}"
        links = {"usr/local/bin/python3": f"/usr/bin/{python}"}
        return cls(suite, _slim(python), _full(python), links)

    def key(self) -> str:
        """Return the cache key of its layers."""
        parts = [FORMAT, self.suite, self.slim, self.full, LEFT_OUT, platform.machine()]
        return recipe_key([*parts, self.links] if self.links else parts)


def _slim(python: str) -> tuple[str, ...]:
    return (python, "ca-certificates")


def _full(python: str) -> tuple[str, ...]:
    return (f"{python}-venv", f"{python}-dev", "gcc", "libc6-dev", "git")


DEFAULT = "3.11"
RECIPES = {
    DEFAULT: Recipe.of_system(SUITE),
    "3.13": Recipe.of_system("trixie"),
    "3.14": Recipe.of_minor("forky", "3.14"),
    "3.15": Recipe.of_minor("forky", "3.15"),
}
"""The bases by Python minor version, the newest last.  No suite of Debian has 3.12."""
MINORS = tuple(RECIPES)
SHOWN = "3.14"
"""The Python of the example, of its master and of all pages."""


@dataclass(frozen=True)
class Layer:
    """A root file system as one image layer."""

    path: Path
    digest: str
    size: int
    diff_id: str


def layers_folder(cache: Path, minor: str = DEFAULT) -> Path:
    """Return the folder for the layers of the recipe for a Python."""
    return cache / "bases" / RECIPES[minor].key()


def cached_layers(cache: Path, minor: str = DEFAULT) -> dict[str, Layer] | None:
    """Return the cached layers by name, `slim` and `full`, or None."""
    folder = layers_folder(cache, minor)
    try:
        described = json.loads((folder / "layers.json").read_text(encoding="utf-8"))
    except OSError:
        return None
    return {
        name: Layer(**entry | {"path": folder / entry["path"]})
        for name, entry in described.items()
    }


def make_layers(cache: Path, minor: str = DEFAULT) -> dict[str, Layer]:
    """Return the layers; build them unless they are in the cache."""
    with locked(cache / "bases" / "lock"):
        if layers := cached_layers(cache, minor):
            return layers
        refuse_to_make_in_vain("the base images")
        folder = layers_folder(cache, minor)
        scratch = folder.with_name(f"{folder.name}.new")
        # We hold the lock, so an existing folder is from an interrupted attempt.
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        _make(RECIPES[minor], scratch)
        scratch.replace(folder)
        return cached_layers(cache, minor) or {}


def refuse_to_make_in_vain(what: str) -> None:
    """Raise LabError unless debootstrap can run on this machine."""
    if os.geteuid() != 0:
        raise LabError(f"only root can build {what}: run this command as root")
    if not shutil.which("debootstrap"):
        raise LabError(f"debootstrap is required to build {what}: install it with apt-get")


def bootstrap_argv(suite: str, packages: Sequence[str], root: Path) -> list[str]:
    """Return the command line of debootstrap.

    An older debootstrap lacks the script of a newer suite: those since trixie use sid's.
    """
    argv = ["debootstrap", "--variant=minbase", f"--include={','.join(packages)}"]
    script = [] if (SCRIPTS / suite).exists() else [MIRROR, str(SCRIPTS / "sid")]
    return [*APART, *argv, suite, str(root), *script]


def _make(recipe: Recipe, scratch: Path) -> None:
    slim, full, log = scratch / "slim", scratch / "full", scratch / "bootstrap.log"
    run_logged(bootstrap_argv(recipe.suite, recipe.slim, slim), log)
    for link, target in recipe.links.items():
        (slim / link).symlink_to(target)
    run_logged(["cp", "--archive", str(slim), str(full)], log)
    with ThreadPoolExecutor() as pool:
        slim_layer = pool.submit(_pack, slim)
        _install(full, recipe.full, log)
        layers = {"slim": slim_layer.result(), "full": _pack(full)}
    for root in (slim, full):
        shutil.rmtree(root)
    described = {
        name: asdict(layer) | {"path": layer.path.name} for name, layer in layers.items()
    }
    (scratch / "layers.json").write_text(json.dumps(described, indent=1), encoding="utf-8")


def _install(root: Path, packages: Sequence[str], log: Path) -> None:
    inside = [*APART, f"--root={root}"]
    run_logged([*inside, "apt-get", *ANY_AGE, "update"], log)
    install = ["apt-get", "install", "--yes", "--no-install-recommends", *packages]
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
        for wanted in sys.argv[1:] or [DEFAULT]:
            make_layers(cache_folder(), wanted)
    except LabError as error:
        sys.exit(str(error))
