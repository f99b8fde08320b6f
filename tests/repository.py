"""A repository with a small application, and the command line as a person uses it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab.git_server import git
from lab.tiny import tiny_files

import docker

OWNER = "org.buildbot-ship.owner"
LOOSE = "six\ndocopt\n"
"""A wheel, and a project that only has an sdist; neither needs another one."""
MOMENT = {f"GIT_{who}_DATE": "1700000000 +0000" for who in ("AUTHOR", "COMMITTER")}


@dataclass
class Said:
    """How a call of the command line ended, and what it said."""

    status: int
    output: str
    result: dict[str, Any]

    @property
    def failure(self) -> dict[str, str]:
        found: dict[str, str] = self.result["failure"]
        return found


@dataclass
class Repository:
    """A git repository with a small application, and the way to ship it."""

    folder: Path
    state: Path
    environment: dict[str, str] = field(default_factory=dict)
    images_before: frozenset[str] = field(default_factory=lambda: frozenset(our_images()))

    def commit(self) -> str:
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "change")
        return self.git("rev-parse", "HEAD")

    def git(self, *arguments: str) -> str:
        return git(self.folder, *arguments, env=MOMENT)

    def start(self, *arguments: str, before: Sequence[str] = ()) -> subprocess.Popen[str]:
        environment = os.environ | {"BUILDBOT_SHIP_STATE": str(self.state)} | self.environment
        return subprocess.Popen(
            [*before, sys.executable, "-I", "-m", "buildbot_ship", *arguments],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def ship(self, *arguments: str) -> Said:
        path = self.state / f"result-{uuid.uuid4().hex}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        process = self.start(*arguments, "--result", str(path))
        output, _ = process.communicate(timeout=300)
        result = json.loads(path.read_text()) if path.exists() else {}
        path.unlink(missing_ok=True)
        return Said(process.returncode, output, result)

    def succeed(self, *arguments: str) -> dict[str, Any]:
        said = self.ship(*arguments)
        assert said.status == 0, said.output
        return said.result

    @property
    def owner(self) -> str:
        path = self.state / "ledger" / "owner"
        return path.read_text() if path.exists() else "nobody"

    @property
    def cache(self) -> Path:
        """Return the cache of its worker."""
        return self.state / "cache"

    @property
    def work(self) -> Path:
        return self.folder.parent / f"{self.folder.name}.ship"


def our_images() -> list[str]:
    """Return the temporary images in the engine, whoever left them."""
    with closing(docker.from_env()) as client:
        tags = (tag for image in client.api.images() for tag in image["RepoTags"] or ())
        return [tag for tag in tags if tag.startswith("ship.local/tiny:")]


def new_repository(folder: Path, bases: Any, cache: Path | None = None) -> Repository:
    """Return a repository in *folder* with the small application, not hardened.

    Its worker has never built anything, or has a copy of the folder *cache*.
    """
    repository = Repository(folder / "app", folder / "state")
    repository.folder.mkdir(parents=True)
    if cache:
        shutil.copytree(cache, repository.cache)
    for name, text in tiny_files(bases, LOOSE).items():
        path = repository.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    repository.git("init", "-q", "-b", "main")
    repository.commit()
    return repository


def copy_of(
    hardened: Repository, folder: Path, bases: Any, cache: Path | None = None
) -> Repository:
    """Return a `new_repository` with the commit of *hardened*."""
    new = new_repository(folder, bases, cache)
    for name in ("requirements.strict.txt", "requirements.build.txt"):
        (new.folder / name).write_text((hardened.folder / name).read_text())
    new.commit()
    return new


def replace_setup(repository: Repository, head: str) -> None:
    path = repository.folder / "setup.py"
    path.write_text(head + path.read_text())
    repository.commit()


def left_behind(client: docker.DockerClient, repository: Repository) -> list[str]:
    """Return the names of what the repository's builds have in the engine."""
    label = f"{OWNER}={repository.owner}"
    containers = client.api.containers(all=True, filters={"label": label})
    names = [name.lstrip("/") for found in containers for name in found["Names"]]
    return names + [tag for tag in our_images() if tag not in repository.images_before]


def wait_for_container(client: docker.DockerClient, repository: Repository, script: str) -> str:
    """Return the name of the running container of *script*, once there is one."""
    return wait_for_containers(client, repository, script, 1)[0]


def wait_for_containers(
    client: docker.DockerClient, repository: Repository, script: str, count: int
) -> list[str]:
    """Return the names of *count* running containers of *script*, once there are as many."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        label = f"{OWNER}={repository.owner}"
        running = client.api.containers(filters={"label": label})
        names = [found["Names"][0].lstrip("/") for found in running]
        found = [name for name in names if name.startswith(f"ship-{script}-")]
        if len(found) == count:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{count} containers for {script} were not started")
