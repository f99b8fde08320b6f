"""An engine in memory: it implements `daemon.interface.Daemon`, with either image store.

It runs the scripts of ``inside/`` in a process instead of a container.  *scripts* replaces a
script by a function.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import attrs

from buildbot_ship.daemon.containers.returned import job_failure
from buildbot_ship.daemon.interface import RESULT, Build, EngineImage, Job, Service
from buildbot_ship.errors import (
    BaseNotFound,
    BuildKitMissing,
    EngineError,
    JobFailed,
    LimitExceeded,
)
from buildbot_ship.model.decision.garbage import CONTAINER, NETWORK, Entry
from buildbot_ship.model.dockerfile.buildkit import BUILDKIT, CLASSIC
from buildbot_ship.model.image.base import choose, content_of
from buildbot_ship.model.image.manifest import is_index
from buildbot_ship.model.log import Log
from buildbot_ship.model.reference import Reference, digest_of
from buildbot_ship.registry.copy import copy
from buildbot_ship.registry.interface import Registry
from buildbot_ship.verbs.shared.job_runner import PYTHON
from tests.fakes.services import MemoryServices
from tests.scripts import scripts_folder

PYTHONS = ("python3", PYTHON)
Script = Callable[[Job, Path], dict[str, Any]]
Builder = Callable[[Build, Path], None]


@attrs.define
class MemoryDaemon:
    """An engine with *images*, by every name and ID; it pulls from *registry*.

    With *containerd*, the ID of an image is the digest of its manifest, or of its index.
    """

    registry: Registry | None = None
    images: dict[str, EngineImage] = attrs.field(factory=dict)
    configs: dict[str, dict[str, Any]] = attrs.field(factory=dict)
    scripts: dict[str, Script] = attrs.field(factory=dict)
    builder: Builder | None = None
    offers: str = CLASSIC
    builds: list[Build] = attrs.field(factory=list)
    jobs: list[Job] = attrs.field(factory=list)
    containerd: bool = False
    prepared: list[Callable[[], Job | None]] = attrs.field(factory=list)
    loaded: list[str] = attrs.field(factory=list)
    used: list[str] = attrs.field(factory=list)
    tagged: list[str] = attrs.field(factory=list)
    containers: set[str] = attrs.field(factory=set)
    networks: set[str] = attrs.field(factory=set)
    served: list[tuple[Service, ...]] = attrs.field(factory=list)
    # The manifest of our platform, by the ID of each pulled image.
    parts: dict[str, Reference] = attrs.field(factory=dict)

    def add(
        self, name: str, config: bytes, digests: tuple[str, ...] = (), manifest: str = ""
    ) -> EngineImage:
        """Add an image with this config under *name* and under its ID."""
        document = json.loads(config)
        run = document.get("config") or {}
        image_id = manifest if self.containerd and manifest else digest_of(config)
        labels, environment = run.get("Labels") or {}, tuple(run.get("Env") or ())
        health_check = tuple((run.get("Healthcheck") or {}).get("Test") or ())
        content = content_of((document.get("rootfs") or {}).get("diff_ids") or (), run)
        made = EngineImage(
            image_id, digests, labels, environment, (), health_check, content=content
        )
        self.configs[image_id] = document
        self.images[name] = self.images[image_id] = made
        return made

    def platform(self) -> str:
        return "linux/amd64"

    def image(self, reference: str) -> EngineImage | None:
        return self.images.get(reference)

    def pull(self, reference: Reference, *, temporary: bool = False) -> EngineImage:
        manifest = self.registry.manifest(reference) if self.registry else None
        if self.registry is None or manifest is None:
            raise BaseNotFound(str(reference), "manifest unknown")
        pinned = reference.repository.at(manifest.digest)
        part = pinned
        if is_index(manifest.media_type):
            part = reference.repository.at(choose(manifest.data, self.platform(), reference))
        document = json.loads(self.registry.manifest(part).data)  # type: ignore[union-attr]
        config = self.registry.blob(reference.repository, document["config"]["digest"])
        made = self.add(str(reference), config, (str(pinned),), manifest.digest)
        self.images[str(pinned)] = made
        self.parts[made.image_id] = part
        return made

    def tag(self, image_id: str, reference: Reference, *, temporary: bool = True) -> None:
        self.images[str(reference)] = self.images[image_id]
        if temporary:
            self.tagged.append(str(reference))

    def push(self, reference: Reference) -> str:
        image = self.images.get(str(reference))
        if image is None:
            raise EngineError(f"push {reference}", "no such image")
        part = self.parts.get(image.image_id)
        if self.registry is None or part is None:
            return image.image_id
        copy(self.registry, part, reference)
        return str(part.digest)

    def load(self, archive: Path, images: Mapping[str, tuple[str, ...]]) -> None:
        names = list(images)
        with tarfile.open(archive) as tar:
            members = set(tar.getnames())
            entries = json.loads(_member(tar, "manifest.json"))
            configs = [_member(tar, entry["Config"]) for entry in entries]
            listed = json.loads(_member(tar, "index.json"))["manifests"]
        for entry, config, image in zip(entries, configs, listed, strict=True):
            chain = json.loads(config)["rootfs"]["diff_ids"]
            for depth, (path, _) in enumerate(zip(entry["Layers"], chain, strict=True), 1):
                if path not in members and not self._has_chain(chain[:depth]):
                    raise EngineError(f"load {names}", f"open {path}: no such file")
            for name in entry["RepoTags"]:
                self.add(name, config, manifest=image["digest"])
        self.loaded += names

    def _has_chain(self, chain: list[str]) -> bool:
        chains = (config["rootfs"]["diff_ids"] for config in self.configs.values())
        return any(diff_ids[: len(chain)] == chain for diff_ids in chains)

    def run(
        self, job: Job, *, out: Path, log: Log, prepare_next: bool = False
    ) -> dict[str, Any]:
        assert not any(out.iterdir()), "the out folder is not empty"
        self.jobs.append(job)
        if job.python not in PYTHONS:
            raise JobFailed(job.script, f"{job.image} has no {job.python}")
        script = self.scripts.get(job.script)
        result = script(job, out) if script else _run(job, out, log)
        if not result.pop("ok", False):
            raise job_failure(result, job.script, network=job.network)
        return result

    def keep(self, job: Job, reference: str, *, scratch: Path, log: Log) -> dict[str, Any]:
        result = self.run(job, out=scratch, log=log)
        labels: Mapping[str, str] = {RESULT: json.dumps(result)}
        self.images[reference] = EngineImage(f"sha256:{len(self.images):064x}", (), labels, ())
        return result

    def build(self, build: Build, *, out: Path, log: Log) -> str:
        self.builds.append(build)
        if build.needs and self.offers != BUILDKIT:
            raise BuildKitMissing(build.needs[0], "it has none", build.needs)
        if self.builder is None:
            raise JobFailed("build", f"{build.dockerfile}: there is no builder here")
        self.builder(build, out)
        return self.offers

    def serve(
        self, services: Sequence[Service], jobs: Mapping[str, Job] | None = None
    ) -> AbstractContextManager[MemoryServices]:
        self.served.append(tuple(services))
        started = MemoryServices(lambda job, out, log: self.run(job, out=out, log=log))
        return started.running(services)

    def prepare_container(self, job: Callable[[], Job | None]) -> None:
        self.prepared.append(job)

    def close(self) -> None:
        assert not self.containers, "containers are left"

    def use(self, reference: str) -> None:
        self.used.append(reference)

    def remove_image(self, reference: str) -> bool:
        image = self.images.pop(reference, None)
        if image is None:
            return False
        if all(name == image.image_id for name, held in self.images.items() if held == image):
            self.images.pop(image.image_id, None)
        return True

    def remove_container(self, name: str) -> bool:
        there = name in self.containers
        self.containers.discard(name)
        return there

    @property
    def owned(self) -> MemoryDaemon:
        return self

    def owns(self, entry: Entry) -> bool | None:
        if entry.kind == CONTAINER:
            return True if entry.name in self.containers else None
        if entry.kind == NETWORK:
            return True if entry.name in self.networks else None
        return True if entry.name in self.images else None

    def labelled(self) -> tuple[tuple[str, str], ...]:
        return tuple((CONTAINER, name) for name in sorted(self.containers))

    def remove_network(self, name: str) -> bool:
        there = name in self.networks
        self.networks.discard(name)
        return there


def _member(tar: tarfile.TarFile, name: str) -> bytes:
    content = tar.extractfile(name)
    assert content is not None
    return content.read()


def _run(job: Job, out: Path, log: Log) -> dict[str, Any]:
    script = scripts_folder() / f"{job.script}.py"
    with TemporaryDirectory() as folder:
        for file in job.inputs:
            path = Path(folder) / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            content = file.content
            path.write_bytes(content if isinstance(content, bytes) else content.read_bytes())
        (Path(folder) / "job.json").write_text(json.dumps(dict(job.arguments)))
        command = [sys.executable, str(script), folder, str(out)]
        try:
            ran = subprocess.run(
                command, check=True, capture_output=True, text=True, timeout=job.limits.seconds
            )
        except subprocess.TimeoutExpired:
            limit = f"{job.limits.seconds} seconds"
            raise LimitExceeded(f"the container of {job.script}", limit, "seconds") from None
        except subprocess.CalledProcessError as ended:
            why = f"inside/{job.script}.py exited with status {ended.returncode}"
            raise JobFailed(job.script, why) from None
    for line in ran.stdout.splitlines():
        log(line)
    path = out / "result.json"
    result: dict[str, Any] = json.loads(path.read_text())
    path.unlink()
    return result
