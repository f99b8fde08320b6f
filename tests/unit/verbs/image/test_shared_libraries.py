"""What an image says of the shared libraries that it lacks, from records alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import pytest

from buildbot_ship.errors import LibraryMissing
from buildbot_ship.model.artefact import Binaries, Dependents, Layer, Pex
from buildbot_ship.model.request import ImageRequest
from buildbot_ship.model.request.wire import CONVERTER, structure
from buildbot_ship.source.interface import TreeFile
from buildbot_ship.store.disk_cache import DiskCache
from buildbot_ship.store.work_folder import Work
from buildbot_ship.verbs.image.image import image
from tests.fakes.builder import EnginesBuilder, layer_of
from tests.fakes.elf import elf
from tests.fakes.job_runner import make_job_runner
from tests.unit.verbs.image.test_image import BASE, COMMIT, World

X86 = "EM_X86_64/64"
ONE = Dependents("opt/ship/x/a.so", ("liba.so.1", "libb.so.1"), X86, 3, "x 1")
FOUND = Binaries((ONE,), {"opt/ship/y": ("libb.so.1",)})
LINE = f"liba.so.1 is neither in the image nor in {BASE}: needed by /opt/ship/x/a.so (x 1)"


@attrs.define
class Shelved(World):
    """A world with a cache."""

    def run(self, **options: Any) -> Any:
        store = DiskCache(self.work.root / "cache")
        return image(
            ImageRequest(image="app", load=True, **options),
            tree=self.tree,
            registry=self.registry,
            runner=make_job_runner(self.daemon, self.work, self.lines.append, None, (store,)),
            new_name=self.name,
        )

    def give(self, binaries: Binaries | None) -> None:
        """Let the one tree of a layered pex have *binaries*."""
        self.make_layered("twist.pex", b"tree")
        record = self.work.find(Pex, COMMIT, "twist.pex")
        layers = tuple(attrs.evolve(layer, binaries=binaries) for layer in record.layers)
        self.work.save(attrs.evolve(record, layers=layers))


@pytest.fixture
def world(tmp_path: Path) -> Shelved:
    return Shelved(Work(tmp_path / "work"))


def test_what_is_missing_is_a_warning_and_the_image_is_made(world: Shelved) -> None:
    world.give(FOUND)
    result = world.run()
    line, remedy = result.warnings
    assert line == f"{LINE} and 2 more files"
    assert "DeriveBase" in remedy
    assert result.texts == {"libraries.txt": f"{line}\n{remedy}\n"}
    assert world.record().loaded_as
    assert world.record().layers[0].binaries == FOUND


def test_it_may_be_an_error_before_anything_is_loaded(world: Shelved) -> None:
    world.give(FOUND)
    with pytest.raises(
        LibraryMissing, match=r"image app lacks shared libraries on example.*: liba"
    ) as caught:
        world.run(missing_libraries="fail")
    assert caught.value.details == f"{LINE} and 2 more files"
    assert "BuildRuntimeImage" not in caught.value.remedy
    assert world.daemon.loaded == []


def test_it_may_be_ignored(world: Shelved) -> None:
    world.give(FOUND)
    assert world.run(missing_libraries="ignore").warnings == ()


@pytest.mark.parametrize("binaries", [None, Binaries(), attrs.evolve(FOUND, dependents=())])
def test_records_without_a_need_cost_nothing(world: Shelved, binaries: Binaries | None) -> None:
    world.give(binaries)
    assert world.run().warnings == ()
    assert not list((world.work.root / "cache").rglob("libraries-*"))


def test_a_record_of_an_older_version_is_read() -> None:
    old = CONVERTER.unstructure(Layer("sha256:a", "sha256:b", 1))
    del old["binaries"]
    assert structure(old, Layer, "layer").binaries is None


def test_the_answer_is_kept_for_the_same_files_on_the_same_base(world: Shelved) -> None:
    world.give(FOUND)
    first = world.run()
    (listing,) = (world.work.root / "bases").iterdir()
    listing.unlink()
    assert world.run().warnings == first.warnings
    assert not listing.exists()
    world.give(attrs.evolve(FOUND, dependents=(attrs.evolve(ONE, needed=("libz.so.9",)),)))
    assert world.run().warnings[0].startswith("libz.so.9")
    assert listing.exists()


def test_a_variable_of_the_dockerfile_leads_to_a_copied_library(world: Shelved) -> None:
    world.give(FOUND)
    file = TreeFile(elf(soname="liba.so.1"))
    world.write("COPY liba.so.1 /deep/lib/\nCOPY twist.pex /", **{"liba.so.1": file})
    assert world.run().warnings == ()
    program = attrs.evolve(ONE, program=True, needed=("liba.so.1",))
    world.give(Binaries((program,), {}))
    line = world.run().warnings[0]
    assert line.startswith("liba.so.1 is in /deep/lib, where the loader does not look for it")
    text = "ENV LD_LIBRARY_PATH=/deep/lib\nCOPY liba.so.1 /deep/lib/\nCOPY twist.pex /"
    world.write(text, **{"liba.so.1": file})
    assert world.run().warnings == ()


def test_a_copied_file_is_looked_at_once(world: Shelved) -> None:
    file = TreeFile(elf("libc.so.6"), executable=True)
    world.write("COPY twist.pex tool.bin /", **{"tool.bin": file})
    lines = [world.run().warnings[0] for _ in range(2)]
    assert lines[0].endswith("needed by /tool.bin")
    assert lines[0] == lines[1]
    assert len([job for job in world.daemon.jobs if job.script == "compress"]) == 1


def test_a_zipapp_has_them_in_its_own_record(world: Shelved) -> None:
    record = world.work.find(Pex, COMMIT, "twist.pex")
    world.work.save(attrs.evolve(record, binaries=FOUND))
    assert world.run().warnings[0].startswith("liba.so.1 is neither")


def test_many_are_counted_and_all_are_in_the_text(world: Shelved) -> None:
    needed = tuple(f"lib{number:02}.so" for number in range(30))
    world.give(Binaries((attrs.evolve(ONE, needed=needed),), {"x": ("libx.so",)}))
    result = world.run()
    assert len(result.warnings) == 22
    assert result.warnings[-2] == "and 10 more: see libraries.txt"
    assert len(result.texts["libraries.txt"].splitlines()) == 31
    with pytest.raises(LibraryMissing, match=r"lib00.so, lib01.so, lib02.so and 27 more"):
        world.run(missing_libraries="fail")


def test_an_image_of_the_engine_s_is_looked_at_as_it_is(world: Shelved) -> None:
    above = (layer_of(elf("libgone.so"), "usr/tool"), layer_of(b"x", "usr/lib/liba.so.1"))
    world.daemon.builder = EnginesBuilder(above=above)
    world.work.save(attrs.evolve(world.work.find(Pex, COMMIT, "twist.pex"), binaries=FOUND))
    tool = TreeFile(b"in the commit, and built from it", executable=True)
    world.write("COPY twist.pex tool /usr/\nRUN make", tool=tool)
    (line, _) = world.run().warnings
    assert line.startswith("libgone.so is neither")
    assert line.endswith("needed by /usr/tool")
