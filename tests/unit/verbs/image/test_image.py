from __future__ import annotations

import gzip
import json
import tarfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from hashlib import sha1
from pathlib import Path
from typing import Any

import attrs
import pytest

from buildbot_ship.daemon.interface import Job
from buildbot_ship.errors import (
    BaseNotFound,
    BaseUnfit,
    DigestMismatch,
    EngineError,
    FileMissing,
    InvalidFile,
    OutputMissing,
)
from buildbot_ship.model.artefact import Image, Layer, Needs, Pex, Wheelhouse
from buildbot_ship.model.image.manifest import DOCKER_LIST, DOCKER_MANIFEST
from buildbot_ship.model.reference import Reference, digest_of
from buildbot_ship.model.request import ImageRequest
from buildbot_ship.model.result import Result
from buildbot_ship.registry.interface import Manifest
from buildbot_ship.source.interface import History, TreeEntry, TreeFile
from buildbot_ship.store.work_folder import Work
from buildbot_ship.verbs.image.image import image
from tests.fakes.builder import EnginesBuilder, base_layer
from tests.fakes.daemon import MemoryDaemon
from tests.fakes.job_runner import make_job_runner
from tests.fakes.registry import MemoryRegistry

COMMIT = "0123456789" * 4
TOOLS = "ship.local/tools:1"
BASE = Reference.parse("example.com/team/slim:2026")
PEX = b"#!/usr/bin/env python3\n" + bytes(range(256)) * 100
DOCKERFILE = b'FROM example.com/team/slim:2026\nCOPY twist.pex /\nENTRYPOINT ["/twist.pex"]\n'


@attrs.define
class Commit:
    """A tree in memory."""

    contents: dict[str, TreeFile]
    commit: str = COMMIT
    committed: datetime = datetime(2026, 11, 23, 4, 50, 49, tzinfo=UTC)

    def history(self, folder: str) -> History:
        raise AssertionError("no package here has a version from git")

    def read(self, path: str) -> TreeFile | None:
        return self.contents.get(path)

    def files(self, folder: str) -> Iterator[tuple[str, TreeFile]]:
        yield from self.contents.items()

    def entries(self) -> Iterator[tuple[str, TreeEntry]]:
        for path, file in self.contents.items():
            name = sha1(file.data, usedforsecurity=False).hexdigest()
            yield path, TreeEntry(len(file.data), file.executable, identity=name)


@attrs.define
class World:
    """Everything that the verb works with, and the verb."""

    work: Work
    registry: MemoryRegistry = attrs.field(factory=MemoryRegistry)
    tree: Commit = attrs.field(factory=lambda: Commit({"app.docker": TreeFile(DOCKERFILE)}))
    lines: list[str] = attrs.field(factory=list)
    names: int = 0
    base_layer: str = ""
    daemon: MemoryDaemon = attrs.field(factory=MemoryDaemon)

    def __attrs_post_init__(self) -> None:
        layer = base_layer()
        document = {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Env": ["PATH=/bin"], "Cmd": ["python3"]},
            "rootfs": {"type": "layers", "diff_ids": [digest_of(layer)]},
        }
        manifest = {
            "schemaVersion": 2,
            "config": self.upload(json.dumps(document).encode()),
            "layers": [self.upload(gzip.compress(layer, mtime=0))],
        }
        self.registry.put(BASE, Manifest(DOCKER_MANIFEST, json.dumps(manifest).encode()))
        self.base_layer = digest_of(gzip.compress(layer, mtime=0))
        self.daemon.registry = self.registry
        self.daemon.add(TOOLS, b'{"rootfs": {"diff_ids": []}}')
        self.work.save(Wheelhouse(COMMIT, str(BASE), TOOLS, ()))
        self.make_pex()

    def upload(self, data: bytes) -> dict[str, Any]:
        self.registry.upload(BASE.repository, digest_of(data), data)
        return {"mediaType": "application/x", "digest": digest_of(data), "size": len(data)}

    def make_pex(self, data: bytes = PEX, commit: str = COMMIT) -> None:
        path = self.work.pex("twist.pex")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        self.work.save(Pex(commit, "twist.pex", digest_of(PEX), len(PEX)))

    def make_layered(self, name: str, *contents: bytes, minor: str = "3.11") -> list[str]:
        """Leave a layered pex with a layer for each of *contents*; return their digests."""
        self.work.pex(name).parent.mkdir(parents=True, exist_ok=True)
        self.work.pex(name).write_bytes(PEX)
        layers = []
        for data in contents:
            packed = gzip.compress(data, mtime=0)
            told = digest_of(data), digest_of(packed), len(packed)
            layer = Layer(*told, data.decode(), of_pex=True)
            self.work.layer(layer.digest).parent.mkdir(exist_ok=True)
            self.work.layer(layer.digest).write_bytes(packed)
            layers.append(layer)
        record = Pex(COMMIT, name, digest_of(PEX), len(PEX), tuple(layers), Needs(minor))
        self.work.save(record)
        return [layer.digest for layer in layers]

    def write(self, text: str, **files: TreeFile) -> None:
        dockerfile = f"FROM {BASE}\n{text}\n".encode()
        self.tree = Commit({"app.docker": TreeFile(dockerfile), **files})

    def name(self) -> str:
        self.names += 1
        return f"name{self.names}"

    def run(self, **options: Any) -> Result:
        return image(
            ImageRequest(image="app", **{"load": True, **options}),
            tree=self.tree,
            registry=self.registry,
            runner=make_job_runner(self.daemon, self.work, self.lines.append),
            new_name=self.name,
        )

    def record(self) -> Image:
        return self.work.find(Image, COMMIT, "app")

    def layer(self) -> Path:
        (layer,) = self.record().layers
        return self.work.layer(layer.digest)

    def members(self) -> dict[str, tarfile.TarInfo]:
        with tarfile.open(self.layer()) as tar:
            return {member.name: member for member in tar}

    def content(self, name: str) -> bytes:
        with tarfile.open(self.layer()) as tar:
            file = tar.extractfile(name)
            assert file is not None
            return file.read()


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(Work(tmp_path / "work"))


def test_the_pex_becomes_an_image_in_the_engine(world: World) -> None:
    result = world.run()
    record = world.record()
    assert world.daemon.images["ship.local/app:name1"].image_id == record.image_id
    assert record.loaded_as == "ship.local/app:name1"
    assert world.content("twist.pex") == PEX
    assert world.members()["twist.pex"].mode == 0o755
    size = record.layers[0].size / 1e3
    assert result.summary == f"1 layer, {size:.1f} KB on slim:2026: app"
    assert result.properties == {
        "ship_image_app": {
            "image_id": record.image_id,
            "commit": record.commit,
            "manifest_digest": record.manifest_digest,
            "size": record.size,
            "loaded_as": record.loaded_as,
            "base": f"{BASE}@{world.registry.head(BASE)}",
        }
    }


def test_what_is_kept_is_what_the_record_says(world: World) -> None:
    world.run()
    record, folder = world.record(), world.work.image("app")
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", "manifest.json"]
    assert digest_of((folder / "config.json").read_bytes()) == record.image_id
    assert digest_of((folder / "manifest.json").read_bytes()) == record.manifest_digest
    (layer,) = record.layers
    data = world.layer().read_bytes()
    assert (digest_of(data), len(data)) == (layer.digest, layer.size)
    assert digest_of(gzip.decompress(data)) == layer.diff_id
    assert sorted(path.name for path in world.work.root.iterdir()) == [
        "images",
        "layers",
        "pex",
        "records",
    ]


def test_the_same_commit_gives_the_same_image_under_a_new_name(world: World) -> None:
    world.run()
    first = world.record()
    world.run()
    assert world.record() == attrs.evolve(first, loaded_as="ship.local/app:name2")


def test_labels_say_where_it_comes_from(world: World) -> None:
    world.run(source="https://example.com/app.git", labels={"team": "blue"})
    labels = world.daemon.images["ship.local/app:name1"].labels
    prefix = "org.opencontainers.image"
    assert labels == {
        "team": "blue",
        f"{prefix}.source": "https://example.com/app.git",
        f"{prefix}.revision": COMMIT,
        f"{prefix}.created": "2026-11-23T04:50:49Z",
        f"{prefix}.base.name": str(BASE),
        f"{prefix}.base.digest": world.registry.head(BASE),
    }


def test_layers_are_compressed_in_the_tools_image_without_network(world: World) -> None:
    world.run()
    (job,) = world.daemon.jobs
    assert (job.script, job.image, job.network) == ("compress", TOOLS, False)


def test_a_base_that_the_engine_has_is_not_pulled_again(world: World) -> None:
    world.run()
    world.daemon.registry = None
    world.run()
    assert world.daemon.loaded == ["ship.local/app:name1", "ship.local/app:name2"]


def test_files_of_the_commit_are_copied_with_plain_modes(world: World) -> None:
    world.write(
        "COPY a b /bin/new/\nCOPY a /tmp/x", a=TreeFile(b"A"), b=TreeFile(b"B", executable=True)
    )
    world.run()
    found = {name: (member.mode, member.type) for name, member in world.members().items()}
    folder, file = tarfile.DIRTYPE, tarfile.REGTYPE
    assert found == {
        "tmp": (0o1777, folder),
        "tmp/x": (0o644, file),
        "usr": (0o755, folder),
        "usr/new": (0o755, folder),
        "usr/new/a": (0o644, file),
        "usr/new/b": (0o755, file),
    }


def test_the_base_is_read_once_and_only_when_it_matters(world: World) -> None:
    reading = f"listing the files of {BASE}@{world.registry.head(BASE)} (once per base)"
    world.run()
    assert reading not in world.lines
    world.write("COPY twist.pex /tmp/")
    world.run()
    first = world.record()
    world.run()
    assert world.lines.count(reading) == 1
    assert world.record().image_id == first.image_id


def test_a_base_that_cannot_be_read_is_named(world: World) -> None:
    world.write("COPY twist.pex /tmp/")
    world.registry.blobs = {
        key: b"\x28\xb5\x2f\xfd" if data.startswith(b"\x1f\x8b") else data
        for key, data in world.registry.blobs.items()
    }
    with pytest.raises(BaseNotFound, match=r"team/slim:2026.*is not available: .*zstd"):
        world.run()


def test_a_pex_of_this_commit_wins_over_a_file_of_that_name(world: World) -> None:
    world.tree.contents["twist.pex"] = TreeFile(b"checked in")
    world.run()
    assert world.content("twist.pex") == PEX


def test_a_pex_of_another_commit_is_not_taken(world: World) -> None:
    world.make_pex(commit="f" * 40)
    with pytest.raises(FileMissing) as caught:
        world.run()
    assert str(caught.value) == (
        "app.docker:2: twist.pex is not in commit 012345678901, nor a pex made for it"
    )
    world.tree.contents["twist.pex"] = TreeFile(b"checked in")
    world.run()
    assert world.content("twist.pex") == b"checked in"


def test_a_pex_that_was_changed_since_is_refused(world: World) -> None:
    world.make_pex(PEX + b"!")
    with pytest.raises(DigestMismatch, match=r"pex twist\.pex has digest sha256:"):
        world.run()
    assert world.daemon.loaded == []


def test_a_pex_whose_file_is_gone_has_to_be_made_again(world: World) -> None:
    world.work.pex("twist.pex").unlink()
    with pytest.raises(OutputMissing, match=r"pex twist\.pex was not built") as caught:
        world.run()
    assert "BuildPex" in caught.value.remedy


def test_every_missing_file_is_named_with_its_line(world: World) -> None:
    world.write("COPY b a /x/\nCOPY c /y")
    with pytest.raises(FileMissing, match=r"app\.docker:2, 3: a, b, c is not in commit"):
        world.run()


def test_what_dockerignore_leaves_out_is_named(world: World) -> None:
    world.write("COPY a b /x/", a=TreeFile(b"A"), b=TreeFile(b"B"))
    world.tree.contents[".dockerignore"] = TreeFile(b"a\n")
    with pytest.raises(FileMissing, match=r"a is not in .* \(\.dockerignore leaves it out\)"):
        world.run()


IGNORED = {
    "nothing": None,
    "the pex": b"*.pex\n",
    "all but some": b"*\n!photos/*.jpeg\n",
}


@pytest.mark.parametrize("ignored", IGNORED)
@pytest.mark.parametrize("copied", [".", "./", "*", "*.pex"])
def test_a_pex_is_copied_where_it_is_named_and_nowhere_else(
    world: World, copied: str, ignored: str
) -> None:
    photo = {"photos/a.jpeg": TreeFile(b"P"), "a.pex": TreeFile(b"A"), "x": TreeFile(b"X")}
    text = IGNORED[ignored]
    if text is not None:
        photo[".dockerignore"] = TreeFile(text)
    source = "photos" if text and copied == "*.pex" else copied
    world.write(f"COPY twist.pex /\nCOPY {source} /taken/", **photo)
    world.run()
    assert world.content("twist.pex") == PEX
    assert "taken/twist.pex" not in world.members()
    assert any(name.startswith("taken/") for name in world.members())


@pytest.mark.parametrize("pattern", ["twist.*", "[t]wist.pex", "twist.pe?"])
def test_a_pattern_does_not_name_a_pex(world: World, pattern: str) -> None:
    world.write(f"COPY twist.pex /\nCOPY {pattern} /taken/", a=TreeFile(b"A"))
    with pytest.raises(FileMissing, match=r"app\.docker:3: .* is not in commit"):
        world.run()


def test_a_committed_file_of_the_pexs_name_is_in_its_folder_and_the_pex_by_its_name(
    world: World,
) -> None:
    committed = {"twist.pex": TreeFile(b"committed"), "other.pex": TreeFile(b"O")}
    world.write("COPY ./twist.pex /\nCOPY . /all/\nCOPY *.pex /some/", **committed)
    world.run()
    assert world.content("twist.pex") == PEX
    assert world.content("all/twist.pex") == b"committed"
    assert world.content("some/twist.pex") == b"committed"


def test_of_two_pexes_the_one_that_is_named_is_there(world: World) -> None:
    world.make_layered("other.pex", b"tree")
    world.write("COPY twist.pex /a/\nCOPY . /all/", a=TreeFile(b"A"))
    world.run()
    names = [name for name in world.members() if name.endswith(".pex")]
    assert names == ["a/twist.pex"]


def test_the_base_s_variables_count(world: World) -> None:
    world.write("COPY a $PATH/new/", a=TreeFile(b"A"))
    world.run()
    assert "usr/new/a" in world.members()


@pytest.mark.parametrize("gzipped", [False, True])
def test_what_we_do_not_assemble_the_engine_builds(world: World, gzipped: bool) -> None:
    world.daemon.builder = builder = EnginesBuilder(gzipped=gzipped)
    world.write("COPY twist.pex /\nRUN make", a=TreeFile(b"A", executable=True))
    result = world.run(labels={"own": "default", "team": "blue"})
    (build,) = world.daemon.builds
    assert (build.dockerfile, build.name) == ("app.docker", "ship.local/build/app:name1")
    assert build.places["Step 3"] == build.places["3"] == "app.docker:3: RUN"
    assert builder.context == {"a": 0o755, "app.docker": 0o644, "twist.pex": 0o755}
    note = "; built by the classic builder; not reproducible: RUN in app.docker:3"
    assert result.summary.endswith(note)
    assert result.properties["ship_image_app"]["builder"] == "classic"
    record = world.record()
    assert [layer.diff_id for layer in record.layers] == list(map(digest_of, builder.above))
    folder = world.work.image("app")
    for made, layer in zip(record.layers, builder.above, strict=True):
        assert gzip.decompress(world.work.layer(made.digest).read_bytes()) == layer
    config = json.loads((folder / "config.json").read_bytes())
    assert config["created"] == "2026-11-23T04:50:49Z"
    assert config["config"]["Env"] == ["A=1"]
    assert "Hostname" not in config["config"]
    labels = config["config"]["Labels"]
    assert (labels["own"], labels["team"]) == ("x", "blue")
    assert not [name for name in labels if "buildbot-ship" in name]


def test_the_engine_gets_the_ignored_dockerfile_too(world: World) -> None:
    world.daemon.builder = builder = EnginesBuilder()
    world.write("RUN make", a=TreeFile(b"A"), b=TreeFile(b"B"))
    world.tree.contents[".dockerignore"] = TreeFile(b"*.docker\na\n")
    world.run()
    assert set(builder.context) == {".dockerignore", "app.docker", "b"}


def test_an_image_on_another_base_than_the_registry_s_is_refused(world: World) -> None:
    world.daemon.builder = EnginesBuilder(below=(b"another",))
    world.write("RUN make")
    with pytest.raises(EngineError, match=f"was not built on {BASE}"):
        world.run()
    assert world.daemon.loaded == []


def test_without_a_dockerfile_there_is_no_image(world: World) -> None:
    world.tree = Commit({})
    with pytest.raises(FileMissing, match=r"app\.docker is not in the repository"):
        world.run()


def test_a_bad_dockerfile_is_refused_before_anything_is_asked(world: World) -> None:
    world.write("RUM make")
    world.registry.tags.clear()
    with pytest.raises(InvalidFile, match=r"app\.docker:2: RUM is not one of"):
        world.run()


def test_a_base_that_its_registry_does_not_have_is_named(world: World) -> None:
    world.registry.tags.clear()
    with pytest.raises(BaseNotFound, match=f"{BASE} is not available: its registry does not"):
        world.run()


def test_an_index_leads_to_the_platform_s_base(world: World) -> None:
    digest = world.registry.head(BASE)
    platform = {"os": "linux", "architecture": "amd64"}
    entry = {"mediaType": DOCKER_MANIFEST, "size": 1, "digest": digest, "platform": platform}
    index = {"manifests": [entry]}
    world.registry.put(BASE, Manifest(DOCKER_LIST, json.dumps(index).encode()))
    world.run()
    assert world.record().base == f"{BASE}@{digest}"


def test_an_image_that_copies_nothing_has_the_base_s_layers_only(world: World) -> None:
    world.write("USER 1000")
    result = world.run()
    assert world.record().layers == ()
    assert result.summary == "0 layers, 0.0 KB on slim:2026: app"
    assert world.daemon.jobs == []


def test_without_wheels_there_is_nothing_to_compress_in(world: World) -> None:
    (world.work.root / "records" / "wheelhouse-all.json").unlink()
    with pytest.raises(OutputMissing, match="the wheelhouse") as caught:
        world.run()
    assert "BuildWheels" in caught.value.remedy


def test_what_came_back_compressed_is_verified(world: World) -> None:
    def other(job: Job, out: Path) -> dict[str, Any]:
        data = gzip.compress(b"something else")
        (out / "layer.tar.gz").write_bytes(data)
        entry = {"digest": digest_of(data), "size": len(data)}
        return {"ok": True, "files": {"layer.tar": entry}}

    world.daemon.scripts["compress"] = other
    with pytest.raises(DigestMismatch, match="unpacked"):
        world.run()


def test_an_engine_that_has_another_image_is_not_believed(world: World) -> None:
    class Wrong(MemoryDaemon):
        def load(self, archive: Path, images: Mapping[str, tuple[str, ...]]) -> None:
            for name in images:
                self.add(name, b"{}")

    world.daemon = Wrong(world.registry, images=world.daemon.images)
    why = r"could not load ship\.local/app:name1: its image ID is sha"
    with pytest.raises(EngineError, match=why):
        world.run()
    with pytest.raises(OutputMissing):
        world.record()


# --- Layered pexes -------------------------------------------------------------------


def layers_of(world: World) -> list[str]:
    manifest = json.loads((world.work.image("app") / "manifest.json").read_text())
    return [layer["digest"] for layer in manifest["layers"]]


def test_the_layers_of_a_pex_lie_between_base_and_dockerfile(world: World) -> None:
    trees = world.make_layered("twist.pex", b"big", b"own")
    world.run()
    below, *rest, above = layers_of(world)
    assert rest == trees
    assert below == world.base_layer
    assert above == world.record().layers[-1].digest
    history = json.loads((world.work.image("app") / "config.json").read_text())["history"]
    assert [entry["created_by"] for entry in history[1:]] == [
        "buildbot-ship pex: big",
        "buildbot-ship pex: own",
        "buildbot-ship image: COPY twist.pex /",
    ]
    for layer in world.record().layers:
        assert digest_of(world.work.layer(layer.digest).read_bytes()) == layer.digest


def test_two_pexes_share_what_they_have_in_common(world: World) -> None:
    first = world.make_layered("twist.pex", b"shared", b"one")
    second = world.make_layered("other.pex", b"shared", b"two")
    world.write("COPY twist.pex other.pex /")
    world.run()
    assert set(layers_of(world)[1:-1]) == {*first, *second}
    assert len(layers_of(world)) == 5


def test_a_layer_that_changed_since_is_not_shipped(world: World) -> None:
    (tree,) = world.make_layered("twist.pex", b"tree")
    world.work.layer(tree).write_bytes(b"other")
    with pytest.raises(OutputMissing, match="the layer of tree was not built"):
        world.run()
    assert (
        "the layer of tree in the work folder is damaged: replacing it from the cache"
        in world.lines
    )


def test_the_engine_gets_nothing_where_nobody_runs_it(world: World) -> None:
    (tree,) = world.make_layered("twist.pex", b"tree")
    world.work.layer(tree).unlink()
    world.run(load=False)
    assert world.daemon.loaded == []
    assert world.record().loaded_as == ""


def test_a_launcher_starts_with_the_python_of_its_base(world: World) -> None:
    world.make_layered("twist.pex", b"tree")
    world.run()
    (layer,) = world.record().layers[-1:]
    with tarfile.open(world.work.layer(layer.digest)) as archive:
        file = archive.extractfile("twist.pex")
        assert file is not None
        assert file.read() == b"#!/opt/ship/bin/python\n" + PEX.partition(b"\n")[2]
        assert archive.getmember("opt/ship/bin/python").linkname == "/usr/python3.11"
        assert "opt/ship/pyvenv.cfg" in archive.getnames()


def variables(world: World) -> list[str]:
    config = json.loads((world.work.image("app") / "config.json").read_bytes())
    found: list[str] = config["config"]["Env"]
    return found


def test_the_environment_is_on_the_path_of_an_image_with_a_layered_pex(world: World) -> None:
    world.run()
    assert variables(world) == ["PATH=/bin"]
    world.make_layered("twist.pex", b"tree")
    world.run()
    assert variables(world) == ["PATH=/opt/ship/bin:/bin", "VIRTUAL_ENV=/opt/ship"]
    world.write("ENV PATH=/own:$PATH VIRTUAL_ENV=/none\nCOPY twist.pex /")
    world.run()
    assert variables(world) == ["PATH=/own:/opt/ship/bin:/bin", "VIRTUAL_ENV=/none"]
    world.write("ENV PATH=/bin\nCOPY twist.pex /")
    world.run()
    assert variables(world) == ["PATH=/bin", "VIRTUAL_ENV=/opt/ship"]


@pytest.mark.parametrize("place", ["/opt", "/opt/ship", "/opt/ship/bin"])
def test_a_copy_over_the_environment_is_refused(world: World, place: str) -> None:
    world.make_layered("twist.pex", b"tree")
    world.write(f"COPY twist.pex /\nCOPY a {place}", a=TreeFile(b"A"))
    with pytest.raises(
        InvalidFile, match=rf"app.docker:3: COPY: {place} is reserved for the pex"
    ):
        world.run()


def test_a_base_that_cannot_run_the_pex_is_refused(world: World) -> None:
    world.make_layered("twist.pex", b"tree", minor="3.12")
    with pytest.raises(BaseUnfit) as caught:
        world.run()
    assert str(caught.value).endswith("it needs Python 3.12 on the PATH, the base has 3.11")
    assert world.daemon.loaded == []
