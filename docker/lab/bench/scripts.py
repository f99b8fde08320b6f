"""The flows that are scripts around the `docker` command: the article's and Dockerfiles."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lab.bench.changes import CA_BUNDLE, FLOW_FILES
from lab.bench.children import child
from lab.bench.figures import ARTICLE, DEPS_FIRST, NAIVE, UV
from lab.bench.world import World
from lab.errors import LabError, tail
from lab.runs import LABEL
from lab.settings import INDEX_VARIABLE, host_ca_bundle, host_index_url

SCRIPTS = {
    ARTICLE: "article.sh",
    NAIVE: "dockerfile.sh",
    DEPS_FIRST: "dockerfile.sh",
    UV: "uv.sh",
}
CA_VARIABLE = "PIP_CERT"


@dataclass(frozen=True)
class ScriptFlow:
    """A flow whose commands are in tests/bench/flows."""

    world: World
    flow: str

    def start(self) -> None:
        """Need nothing that runs before."""

    def ship(self) -> float:
        """Ship the newest commit; return the seconds."""
        folder, log = (
            self.world.developer.tree,
            self.world.run.folder / f"{self.world.name}.log",
        )
        return run_script(SCRIPTS[self.flow], folder, log, self.variables())

    def variables(self) -> dict[str, str]:
        """Return what the script of the flow is told."""
        return {
            "IMAGE": self.world.repository,
            "LABEL": f"{LABEL}={self.world.run.name}",
            "BUILDER": f"{self.world.counter.address}/builder",
            "DOCKERFILE": f"bench/{self.flow}.docker",
        }

    def close(self) -> None:
        """Leave nothing but images, which the world takes away."""


def run_script(name: str, folder: Path, log: Path, variables: Mapping[str, str]) -> float:
    """Run a script of tests/bench/flows in a folder; return the seconds.  Raises LabError."""
    environment = script_environment(os.environ) | dict(variables)
    begun = time.perf_counter()
    with child(["sh", str(FLOW_FILES / name)], folder, log, environment) as process:
        status = process.wait()
    seconds = time.perf_counter() - begun
    if status != 0:
        raise LabError(f"{name} ended with status {status}:\n{tail(log)}")
    return seconds


def script_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what scripts see: how containers reach the index, and the classic builder."""
    kept = {name: value for name, value in environ.items() if name != CA_VARIABLE}
    if host_ca_bundle(environ):
        kept[CA_VARIABLE] = f"/src/{CA_BUNDLE}"
    kept.pop(INDEX_VARIABLE, None)
    if url := host_index_url(environ):
        kept[INDEX_VARIABLE] = url
    # The engine's own builder, whatever command is first in PATH; the flow `uv` has BuildKit.
    return kept | {"DOCKER_BUILDKIT": "0"}
