from __future__ import annotations

from pathlib import Path

import pytest

from buildbot_ship.errors import FileMissing, ImageNotFound
from buildbot_ship.model.reference import Repository
from buildbot_ship.model.request import PinRequest
from buildbot_ship.model.result import Result
from buildbot_ship.source.checkout import Checkout
from buildbot_ship.store.change_notes import ChangeNotes
from buildbot_ship.verbs.bases.owned_bases import OwnedBases
from buildbot_ship.verbs.bases.pin import pin
from buildbot_ship.verbs.shared.cache import Cache
from tests.fakes.images import real_image, small_image, store_image
from tests.fakes.registry import MemoryRegistry

OLD, NEW, NEWEST = (f"2026-11-2{day}T04-50-49-169150" for day in (2, 3, 4))
FULL, SLIM = (Repository.parse(f"registry.test/own/python311{end}") for end in ("", "-slim"))


class Yard:
    """A checkout of two Dockerfiles, and the copies of their bases."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "app"
        self.folder.mkdir()
        self.registry = MemoryRegistry()
        self.notes = ChangeNotes(folder / "notes")
        self.write("build.docker", f"# build\nFROM {FULL}:{OLD}\n")
        self.write("app.docker", f"FROM {SLIM}:{OLD}\nCOPY a /\n")
        for base in (FULL, SLIM):
            store_image(
                self.registry, base.tagged(OLD), real_image([b"old"], ["PYTHON_VERSION=1"])
            )

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    def read(self, name: str) -> str:
        return (self.folder / name).read_text()

    def pin(self, *dockerfiles: str) -> Result:
        return pin(
            PinRequest(dockerfiles),
            checkout=Checkout(self.folder),
            bases=OwnedBases(self.registry, Cache(print), lambda _: None),
            notes=self.notes,
        )


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    return Yard(tmp_path)


def test_without_news_nothing_is_written(yard: Yard) -> None:
    result = yard.pin()
    assert result.summary == "2 bases, none newer"
    assert result.properties == {"ship_pinned": [], "ship_outdated": {}}
    assert result.texts == {}


def test_a_newer_base_moves_its_from_line_and_no_other(yard: Yard) -> None:
    for tag in (NEW, NEWEST, "latest"):
        store_image(yard.registry, SLIM.tagged(tag), small_image(tag))
    result = yard.pin()
    newer = {f"{SLIM}:{OLD}": f"{SLIM}:{NEWEST}"}
    assert result.properties == {"ship_pinned": ["app.docker"], "ship_outdated": newer}
    assert yard.read("app.docker") == f"FROM {SLIM}:{NEWEST}\nCOPY a /\n"
    assert yard.read("build.docker") == f"# build\nFROM {FULL}:{OLD}\n"
    assert result.texts["bases.txt"].startswith(f"{SLIM}:{OLD}\n  -> {SLIM}:{NEWEST}\n")
    assert yard.notes.find(yard.read("app.docker").encode()) == result.texts["bases.txt"]


def test_the_same_image_under_a_newer_tag_is_no_news(yard: Yard) -> None:
    same = yard.registry.manifest(FULL.tagged(OLD))
    assert same is not None
    yard.registry.store(FULL.tagged(NEW), same)
    assert yard.pin().summary == "2 bases, none newer"


def test_a_pin_is_never_moved_back(yard: Yard) -> None:
    yard.write("app.docker", f"FROM {SLIM}:{NEWEST}\n")
    assert yard.pin().properties == {"ship_pinned": [], "ship_outdated": {}}


def test_only_the_files_that_were_named_are_looked_at(yard: Yard) -> None:
    for base in (FULL, SLIM):
        store_image(yard.registry, base.tagged(NEW), small_image("new"))
    newer = {f"{FULL}:{OLD}": f"{FULL}:{NEW}"}
    found = yard.pin("build.docker").properties
    assert found == {"ship_pinned": ["build.docker"], "ship_outdated": newer}
    with pytest.raises(FileMissing, match=r"other\.docker"):
        yard.pin("other.docker")


def test_a_base_whose_repository_is_gone_is_named(yard: Yard) -> None:
    yard.write("app.docker", f"# A comment.\nFROM registry.test/own/gone:{OLD}\n")
    with pytest.raises(
        ImageNotFound, match=r"^app\.docker:2: registry\.test/own/gone"
    ) as caught:
        yard.pin()
    assert "RetagBase" in caught.value.remedy
