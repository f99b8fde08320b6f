"""Images assembled by us, beside what `docker build` makes of the same Dockerfile."""

from __future__ import annotations

import io
import json
import os
import tarfile
import time
import uuid
from collections.abc import Iterator
from datetime import datetime, timezone
from functools import cached_property
from pathlib import Path
from typing import Any

import attrs
import pytest

import docker
from buildbot_ship.daemon.engine import Engine
from buildbot_ship.model.artefact import Image, Wheelhouse
from buildbot_ship.model.request import ImageRequest
from buildbot_ship.registry.client import RegistryClient
from buildbot_ship.source.interface import TreeFile
from buildbot_ship.store.ledger import Ledger
from buildbot_ship.store.work import Work
from buildbot_ship.verbs.image import image
from buildbot_ship.verbs.workshop import Workshop

from .conftest import Repository

COMMIT = "0123456789" * 4
FILES = {
    "a.txt": TreeFile(b"A"),
    "app.pex": TreeFile(
        b'#!/bin/sh\necho "hello $* $HOME_OF $(id -u) $PWD"\n', executable=True
    ),
    "sub/c": TreeFile(b"C" * 100_000),
    "d x": TreeFile(b"D"),
}
DOCKERFILES = {
    "the article's": 'COPY app.pex /\nENTRYPOINT ["/app.pex", "web", \\\n  "--wsgi"]',
    "renamed": "COPY app.pex /twist.pex\nCMD echo hi   \"there\"",
    "both commands": 'CMD ["a", "$b"]\nENTRYPOINT exec /app.pex\nCOPY app.pex /',
    "no command": "ENTRYPOINT []\nCMD []",
    "into new folders": "COPY a.txt sub/c /srv/new/deep/\nCOPY app.pex /opt/x/y",
    "over links and modes": "COPY a.txt /lib/x\nCOPY sub/c /bin\nCOPY a.txt /tmp/q/\n"
    "COPY a.txt /root/r\nCOPY app.pex /etc/os-release\nCOPY a.txt /var/tmp",
    "work folders": "WORKDIR /app/\nWORKDIR x/../y\nCOPY a.txt ./\nCOPY sub/c z/q\n"
    "WORKDIR /root\nWORKDIR /lib/zz\nCOPY app.pex .\nCOPY a.txt ../../up",
    "a work folder with spaces": "WORKDIR \"a b\"/c d\nCOPY [\"d x\", \"/e f/\"]",
    "copied twice": "COPY a.txt /x\nCOPY app.pex /x\nCOPY a.txt /e/f\nCOPY sub/c /e/f",
    "variables": "ENV A=1 B=\"x y\" C='l $m' D=e\\ f G=\nENV H the  rest of \"it\"\n"
    "ENV A=2 PATH=/x:/usr/bin \\\n  # comment\n\n  L=\"\\x\\\"\\\\\" M=\\n\\$o",
    "labels": "LABEL a=1 \"b c\"=\"d\\\"e\" f='g'\nLABEL h the rest\nLABEL a=3",
    "users and ports": "USER 1000:1000\nEXPOSE 8080 53/UDP 90-92\nUSER \"nobody\"\nEXPOSE 8080",
    "lines of windows": "\r\n# x\r\nENV a=b \\\r\n  c=d\r\nCMD [\"x\"]\r\n",
    "accents": "ENV \u00e9=\u00fc\nCOPY a.txt /\u00e4/\u00f6\nLABEL \u00e9=\"\u4e2d\"",
}  # fmt: skip
LISTING = """
import hashlib, json, os
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
        elif os.path.isfile(path) and stat.st_size < 200_000:
            content = hashlib.sha256(open(path, "rb").read()).hexdigest()
        found[path] = [oct(stat.st_mode), stat.st_uid, stat.st_gid, content]
print(json.dumps(found))
"""


@attrs.define
class Commit:
    """A tree in memory."""

    contents: dict[str, TreeFile]
    commit: str = COMMIT
    committed: datetime = datetime(2026, 11, 23, 4, 50, 49, tzinfo=timezone.utc)

    def read(self, path: str) -> TreeFile | None:
        return self.contents.get(path)

    def files(self, folder: str) -> Iterator[tuple[str, TreeFile]]:
        yield from self.contents.items()


@attrs.define(slots=False)
class Yard:
    """Where images are made, by us and by the engine; what was made goes in the end."""

    client: Any
    base: str
    folder: Path
    ledger: Ledger
    made: list[str] = attrs.field(factory=list)

    def build(self, dockerfile: str, name: str = "tests.local/built") -> str:
        """Give *dockerfile* to the engine's classic builder; return the image's name."""
        name = f"{name}:{uuid.uuid4().hex}"
        context = io.BytesIO()
        with tarfile.open(fileobj=context, mode="w") as tar:
            for path, file in {**FILES, "Dockerfile": TreeFile(dockerfile.encode())}.items():
                member = tarfile.TarInfo(path)
                member.size = len(file.data)
                member.mode = 0o755 if file.executable else 0o644
                member.uid = member.gid = 1000
                tar.addfile(member, io.BytesIO(file.data))
        context.seek(0)
        self.made.append(name)
        self.client.images.build(
            fileobj=context, custom_context=True, tag=name, rm=True, forcerm=True, nocache=True
        )
        return name

    def assemble(self, dockerfile: str, work: str = "work") -> Image:
        """Give *dockerfile* to our own verb; return the record."""
        folder = Work(self.folder / work)
        tree = Commit({"app.docker": TreeFile(dockerfile.encode()), **FILES})
        folder.save(Wheelhouse(COMMIT, self.base, self.tools, ()))
        image(
            ImageRequest(image="app"),
            tree=tree,
            registry=RegistryClient(),
            shop=Workshop(Engine(self.ledger, time.time, dict(os.environ)), folder, print),
            new_name=lambda: uuid.uuid4().hex,
        )
        record = folder.find(Image, COMMIT, "app")
        self.made.append(record.loaded_as)
        return record

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
        keys = ("Entrypoint", "Cmd", "Env", "Labels", "User", "WorkingDir", "ExposedPorts")
        return {key: found.get(key) or None for key in keys}

    def run(self, name: str, *command: str, **options: Any) -> str:
        output: bytes = self.client.containers.run(
            name, list(command), remove=True, network_mode="none", **options
        )
        return output.decode()

    def files(self, name: str) -> dict[str, Any]:
        """Return every file of an image: mode, owner, content or target."""
        how = {"entrypoint": ["/usr/bin/python3"], "user": "0:0", "working_dir": "/"}
        found: dict[str, Any] = json.loads(self.run(name, "-BIc", LISTING, **how))
        return found

    def clean(self) -> None:
        for name in self.made:
            self.client.images.remove(name, force=True)


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


@pytest.mark.parametrize("name", DOCKERFILES)
def test_docker_build_makes_the_same_of_a_dockerfile(yard: Yard, name: str) -> None:
    dockerfile = f"FROM {yard.base}\n{DOCKERFILES[name]}\n"
    ours, theirs = yard.assemble(dockerfile).loaded_as, yard.build(dockerfile)
    assert yard.config(ours) == yard.config(theirs)
    if "COPY" not in dockerfile and "WORKDIR" not in dockerfile:
        layers = yard.client.images.get(yard.base).attrs["RootFS"]["Layers"]
        assert yard.client.images.get(ours).attrs["RootFS"]["Layers"] == layers
        return
    mine, built = yard.files(ours), yard.files(theirs)
    assert {path for path in mine if mine[path] != built.get(path)} == set()
    assert mine.keys() == built.keys()


def test_an_image_runs_and_has_the_same_id_again(yard: Yard) -> None:
    dockerfile = (
        f"FROM {yard.base}\nENV HOME_OF=us\nUSER 65534\nWORKDIR /srv/app\n"
        'COPY app.pex /\nENTRYPOINT ["/app.pex", "one"]\nCMD ["two"]\n'
    )
    first, second = yard.assemble(dockerfile), yard.assemble(dockerfile, "elsewhere")
    assert attrs.evolve(second, loaded_as=first.loaded_as) == first
    assert yard.run(first.loaded_as) == "hello one two us 65534 /srv/app\n"
    assert yard.run(second.loaded_as, "three") == "hello one three us 65534 /srv/app\n"


def test_the_engine_calls_an_image_as_we_do(yard: Yard) -> None:
    record = yard.assemble(f"FROM {yard.base}\nCOPY app.pex /\n")
    found = yard.client.api.inspect_image(record.loaded_as)
    assert found["Id"] == record.image_id
    assert found["RootFS"]["Layers"][-1] == record.layers[0].diff_id
    assert found["Created"] == "2026-11-23T04:50:49Z"
    assert found["Config"]["Labels"]["org.opencontainers.image.revision"] == COMMIT


def test_an_image_is_loaded_though_the_engine_lacks_its_base(yard: Yard) -> None:
    # A base of its own, since others use the one of the tests.
    repository = f"{yard.base.partition('/')[0]}/tests/own-base"
    built = yard.build(f"FROM {yard.base}\nCOPY sub/c /marker\n")
    yard.client.api.tag(built, repository, "1")
    yard.client.api.push(repository, "1")
    for name in (f"{repository}:1", built):
        yard.client.images.remove(name, force=True)
    yard.made.remove(built)
    record = yard.assemble(f"FROM {repository}:1\nCOPY app.pex /\n")
    yard.made.append(record.base.replace(":1@", "@"))
    assert {"/marker", "/app.pex"} <= yard.files(record.loaded_as).keys()


def test_docker_history_reads_what_we_wrote(yard: Yard) -> None:
    record = yard.assemble(f"FROM {yard.base}\nCOPY app.pex /\n")
    newest = yard.client.api.history(record.loaded_as)[0]
    assert newest["CreatedBy"] == "buildbot-ship image: COPY app.pex /"
    assert newest["Size"] == len(FILES["app.pex"].data)


def test_the_command_line_makes_an_image_that_runs(repository: Repository, yard: Yard) -> None:
    repository.succeed("wheels", "--package", ".")
    repository.succeed("pex", "tiny.pex", "tiny", "--script", "tiny")
    first = repository.succeed("image", "tiny")["properties"]["ship_image_tiny"]
    second = repository.succeed("image", "tiny")["properties"]["ship_image_tiny"]
    assert first["image_id"] == second["image_id"]
    assert first["manifest_digest"] == second["manifest_digest"]
    yard.made += [first["loaded_as"], second["loaded_as"]]
    assert yard.run(first["loaded_as"], "a", "b") == "tiny ['a', 'b'] six\n"
