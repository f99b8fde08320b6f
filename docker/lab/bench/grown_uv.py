"""The generated repositories of `growth`, shipped by a Dockerfile with uv.

The Dockerfile is that of the flow `uv`; only its own package and the index are others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.bench.buildkit import SETTINGS, Cache, buildkit_client
from lab.bench.changes import CACHE_MOUNT, FLOW_FILES
from lab.bench.figures import UV
from lab.bench.scripts import SCRIPTS, run_script
from lab.bench.uv import Uv
from lab.bench.world import TEAM, World
from lab.pins import pin
from lab.settings import host_ca_bundle

DOCKERFILE = "uv.docker"
OWN_FILES = "COPY setup.py ./\nCOPY src src/\n"
TARGET = "COPY ca-bundle.pem* ./\n"


def uv_files(
    bases: Mapping[str, str], package: str, index: str, mark: str
) -> Iterator[tuple[str, str]]:
    """Yield the files for uv: the own package is in the folder *package*.

    The *mark* is in the name of the cache that the Dockerfile mounts, so it begins empty.
    """
    text = pin((FLOW_FILES / DOCKERFILE).read_text(encoding="utf-8"), bases)
    text = text.replace(CACHE_MOUNT, f"{CACHE_MOUNT}id={mark},")
    text = text.replace(OWN_FILES, f"COPY {package} ./\n")
    yield DOCKERFILE, text.replace(TARGET, f"{TARGET}ENV UV_INDEX={index}\n")
    if bundle := host_ca_bundle():
        yield "ca-bundle.pem", bundle.read_text(encoding="utf-8")


@dataclass(frozen=True)
class UvBuilds:
    """Builds of generated repositories by uv and BuildKit, as in the flow `uv`."""

    world: World
    cache: Cache

    def ship(self, tree: Path, name: str) -> float:
        """Build the newest commit of a repository and push it; return the seconds."""
        log = self.world.run.folder / f"{name}.log"
        image = f"{self.world.counter.address}/{TEAM}/{name}"
        told = {"IMAGE": image, "DOCKERFILE": DOCKERFILE, "CLIENT": buildkit_client()}
        with self.cache.noted():
            return run_script(SCRIPTS[UV], tree, log, told | SETTINGS)


@contextmanager
def uv_builds(world: World) -> Iterator[UvBuilds]:
    """Have uv in the engine; remove what BuildKit kept of the builds at the end."""
    Uv.get(world.run.cache).put_into_engine(world.run)
    builds = UvBuilds(world, Cache())
    try:
        yield builds
    finally:
        builds.cache.remove()
