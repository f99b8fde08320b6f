"""What one flow has to itself in one round: a registry, bases, and a repository.

Cold is made without taking anything away from others who use the engine. The bases of each
world are its own: their layers are the usual ones, but a label makes their image IDs new, so
that no cache of an engine, no tools image and no earlier build has anything made of them;
and the registry holds these bases and nothing else.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import docker
from lab.bases import REPOSITORY, TAGS, publish_bases
from lab.bench.changes import first_files
from lab.bench.counter import Counter, counting
from lab.git_server import Developer, GitServer
from lab.registries import serve
from lab.runs import Run

TEAM = "team"
IMAGE = "fancycalculator"
BASES = {"python311": TAGS["full"], "python311-slim": TAGS["slim"]}


@dataclass
class World:
    """A world by its *name*, unique in the run; *commits* are those that were shipped."""

    run: Run
    name: str
    counter: Counter
    developer: Developer
    git_url: str
    commits: dict[str, str] = field(default_factory=dict)

    @property
    def repository(self) -> str:
        """Return where its image is published."""
        return f"{self.counter.address}/{TEAM}/{IMAGE}"

    @property
    def owner(self) -> str:
        """Return the owner of what the product puts into the engine for it."""
        return f"{self.run.name}-{self.name}"

    def reference(self, situation: str) -> str:
        """Return the image that a situation's commit was shipped as."""
        return f"{self.repository}:{self.commits[situation]}"


@contextmanager
def new_world(run: Run, name: str, git: GitServer) -> Iterator[World]:
    """Make a world, the engine holding its bases; take it out of the engine at the end."""
    registry = serve(run, name)
    with counting(registry.port) as counter:
        # The engine knows images by the proxy's address.
        run.note_registry(counter.port)
        publish_bases(run.cache, registry.address, mark=f"{run.name}-{name}")
        bases = {key: f"{counter.address}/{REPOSITORY}:{tag}" for key, tag in BASES.items()}
        client = docker.from_env()
        for reference in bases.values():
            client.images.pull(reference)
        developer = git.repository(name)
        developer.write(first_files(bases, f"{run.name}-{name}"))
        developer.commit("Two applications, one repository")
        developer.push()
        try:
            yield World(run, name, counter, developer, git.url(name))
        finally:
            _forget(counter.address, f"{run.name}-{name}")
    registry.stop()
    shutil.rmtree(run.folder / f"registry-{name}", ignore_errors=True)


def _forget(address: str, mark: str) -> None:
    # Imported late, like in `runs`.
    from lab import leftovers  # noqa: PLC0415

    leftovers.forget_images(address)
    leftovers.remove_marked(mark)
