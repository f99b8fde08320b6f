"""A yard where images are made of one Dockerfile, by us and by the engine."""

from __future__ import annotations

import json
import os
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import attrs
import pytest

import docker
from buildbot_ship.daemon.engine import Engine
from buildbot_ship.model.artefact import Image, Pex, Wheelhouse
from buildbot_ship.model.image.layer import EPOCH
from buildbot_ship.model.reference import digest_of
from buildbot_ship.model.request import ImageRequest
from buildbot_ship.model.request.settings import Limits
from buildbot_ship.model.result import Result
from buildbot_ship.registry.client import RegistryClient
from buildbot_ship.source.interface import History, TreeEntry, TreeFile
from buildbot_ship.store.ledger import Ledger
from buildbot_ship.store.work_folder import Work
from buildbot_ship.verbs.image.image import image
from tests.fakes.job_runner import make_job_runner

COMMIT = "0123456789" * 4
COMMITTED = datetime(2026, 11, 23, 4, 50, 49, tzinfo=UTC)
Contents = Mapping[str, TreeFile | str]
"""Files by path; a text is a link's target."""
APP = TreeFile(b'#!/bin/sh\necho "hello $* $HOME_OF $(id -u) $PWD"\n', executable=True)
FILES: dict[str, TreeFile | str] = {
    "a.txt": TreeFile(b"A"),
    "app.pex": APP,
    "sub/c": TreeFile(b"C" * 100_000),
    "d x": TreeFile(b"D"),
}
LISTING = """
import hashlib, json, os, sys
ours, newer_than = map(float, sys.argv[1:])
found = {}
skipped = {"/proc", "/sys", "/dev", "/etc/hostname", "/etc/hosts", "/etc/resolv.conf",
           "/etc/mtab", "/.dockerenv"}
for folder, folders, files in os.walk("/"):
    folders[:] = [n for n in folders if os.path.join(folder, n) not in skipped]
    for name in folders + files:
        path = os.path.join(folder, name)
        if path in skipped or path.endswith(".pyc") or name == "__pycache__":
            continue
        stat = os.lstat(path)
        content = ""
        if os.path.islink(path):
            content = os.readlink(path)
        elif os.path.isfile(path) and stat.st_size < 200_000 and (
            stat.st_mtime == ours or stat.st_mtime > newer_than
        ):
            content = hashlib.sha256(open(path, "rb").read()).hexdigest()
        found[path] = [oct(stat.st_mode), stat.st_uid, stat.st_gid, content]
print(json.dumps(found))
"""


@attrs.define
class Commit:
    """A tree in memory."""

    contents: Contents
    commit: str = COMMIT
    committed: datetime = COMMITTED

    def history(self, folder: str) -> History:
        raise AssertionError("no package here has a version from git")

    def read(self, path: str) -> TreeFile | None:
        found = self.contents.get(path)
        return found if isinstance(found, TreeFile) else None

    def files(self, folder: str) -> Iterator[tuple[str, TreeFile]]:
        for path, file in self.contents.items():
            if isinstance(file, TreeFile):
                yield path, file

    def entries(self) -> Iterator[tuple[str, TreeEntry]]:
        for path, file in sorted(self.contents.items()):
            if isinstance(file, TreeFile):
                yield path, TreeEntry(len(file.data), file.executable)
            else:
                yield path, TreeEntry(len(file), target=file)


@attrs.define(slots=False)
class Yard:
    """Where images are made, by us and by the engine; what was made goes in the end."""

    client: Any
    base: str
    folder: Path
    ledger: Ledger
    made: list[str] = attrs.field(factory=list)
    lines: list[str] = attrs.field(factory=list)
    limits: Limits = attrs.field(factory=Limits)

    def build(
        self, dockerfile: str, name: str = "tests.local/built", files: Contents = FILES
    ) -> str:
        """Give *dockerfile* to the engine's classic builder; return the image's name."""
        name = f"{name}:{uuid.uuid4().hex}"
        self.made.append(name)
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            write(Path(folder), {**files, "app.docker": TreeFile(dockerfile.encode())})
            self.client.images.build(
                path=folder, dockerfile="app.docker", tag=name, rm=True, forcerm=True,
                nocache=True,
            )  # fmt: skip
        return name

    def assemble(self, dockerfile: str, work: str = "work", files: Contents = FILES) -> Image:
        """Give *dockerfile* to our own verb; return the record."""
        self.ship(dockerfile, work, files)
        record = Work(self.folder / work).find(Image, COMMIT, "app")
        self.made.append(record.loaded_as)
        return record

    def ship(self, dockerfile: str, work: str = "work", files: Contents = FILES) -> Result:
        """Give *dockerfile* to our own verb; return what it says."""
        folder = Work(self.folder / work)
        folder.save(Wheelhouse(COMMIT, self.base, self.tools, ()))
        return image(
            ImageRequest(image="app", load=True),
            tree=Commit({**files, "app.docker": TreeFile(dockerfile.encode())}),
            registry=RegistryClient(),
            runner=make_job_runner(
                Engine(self.ledger, time.time, {**os.environ, "DOCKER_BUILDKIT": "0"}),
                folder,
                self.lines.append,
                RegistryClient(),
                limits=self.limits,
            ),
            new_name=lambda: uuid.uuid4().hex,
        )

    def make_pex(self, name: str, data: bytes, work: str = "pexes") -> None:
        """Leave a pex of the commit in the folder *work*, of one file."""
        folder = Work(self.folder / work)
        folder.pex(name).parent.mkdir(parents=True, exist_ok=True)
        folder.pex(name).write_bytes(data)
        folder.save(Pex(COMMIT, name, digest_of(data), len(data)))

    @cached_property
    def tools(self) -> str:
        """Return an image with a Python where the tools image has it."""
        link = "mkdir -p /ship/tools/bin && ln -s $(which python3) /ship/tools/bin/python"
        return self.build(f"FROM {self.base}\nRUN {link}\n", "tests.local/tools")

    def config(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.client.api.inspect_image(name)["Config"]
        labels = (found["Labels"] or {}).items()
        ours = "org.opencontainers.image."
        found["Labels"] = {key: text for key, text in labels if not key.startswith(ours)}
        keys = (
            "Entrypoint", "Cmd", "Env", "Labels", "User", "WorkingDir", "ExposedPorts",
            "Volumes", "StopSignal", "Healthcheck",
        )  # fmt: skip
        return {key: found.get(key) or None for key in keys}

    def run(self, name: str, *command: str, **options: Any) -> str:
        """Run an image; return its output."""
        # `containers.run` follows the log; Engine 20.10 may then lose the end of a long one.
        container = self.client.containers.create(
            name, list(command), network_mode="none", **options
        )
        try:
            container.start()
            status = container.wait()["StatusCode"]
            output: bytes = container.logs(stderr=status != 0)
        finally:
            container.remove(force=True)
        assert status == 0, output.decode()
        return output.decode()

    def files(self, name: str) -> dict[str, Any]:
        """Return every file of an image: mode, owner, target or content.

        The content of the base's older files is left out: reading them takes long.
        """
        times = [str(EPOCH), str(COMMITTED.timestamp())]
        how = {"entrypoint": ["/usr/bin/python3"], "user": "0:0", "working_dir": "/"}
        found: dict[str, Any] = json.loads(self.run(name, "-BIc", LISTING, *times, **how))
        return found

    def clean(self) -> None:
        for name in self.made:
            self.client.images.remove(name, force=True)

    def assert_same(self, dockerfile: str, files: Contents = FILES) -> None:
        """See that we and the engine make the same files and config of *dockerfile*."""
        ours = self.assemble(dockerfile, files=files).loaded_as
        theirs = self.build(dockerfile, files=files)
        assert self.config(ours) == self.config(theirs)
        if "COPY" not in dockerfile and "WORKDIR" not in dockerfile:
            layers = self.client.images.get(self.base).attrs["RootFS"]["Layers"]
            assert self.client.images.get(ours).attrs["RootFS"]["Layers"] == layers
            return
        mine, built = self.files(ours), self.files(theirs)
        different = {path for path in {*mine, *built} if mine.get(path) != built.get(path)}
        assert {path: (mine.get(path), built.get(path)) for path in different} == {}


def write(folder: Path, files: Contents) -> None:
    """Write *files* as a checkout has them."""
    for name, file in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(file, str):
            path.symlink_to(file)
            continue
        path.write_bytes(file.data)
        path.chmod(0o755 if file.executable else 0o644)
    for path in folder.rglob("*"):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o755)


@pytest.fixture(scope="module")
def yard(
    client: docker.DockerClient, bases: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Yard]:
    folder = tmp_path_factory.mktemp("images")
    ledger = Ledger(folder / "ledger", "tests", "images")
    yard = Yard(client, bases.slim.reference, folder, ledger)
    yield yard
    yard.clean()
    ledger.close()
