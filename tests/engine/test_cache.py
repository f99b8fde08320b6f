"""What is done once: on one worker, on another one, and by somebody who is not trusted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab.registries import Registry
from lab.runs import Run

from buildbot_ship.model.reference import Repository as Name
from buildbot_ship.registry.client import RegistryClient
from buildbot_ship.registry.shared_cache import SharedCache
from buildbot_ship.store.cache_interface import CacheStore
from tests.contract.cache_store import BLOB, CacheStoreContract
from tests.repository import Said

from .conftest import Repository

WHEELS = ("wheels", "--package", ".")
FETCHES, BUILDS = "fetching", "building"


@pytest.fixture
def team(own_registry: Registry, tmp_path: Path) -> str:
    """A place in the team's registry that no other test uses."""
    return f"{own_registry.address}/cache/{tmp_path.name.replace('_', '-')}"


@pytest.fixture
def build(team: str) -> tuple[str, ...]:
    """The whole chain to this registry."""
    made = ("--package", ".", "--script", "tiny", "--pex", "tiny.pex=tiny", "--image", "tiny")
    return ("build", *made, "--to", team)


def built(said: Said) -> list[str]:
    """Return what was built, in the words of the log."""
    return re.findall(rf"^== wheel \d+ of \d+: {BUILDS} (.+)$", said.output, re.M)


def change(repository: Repository, name: str, text: str) -> None:
    path = repository.folder / name
    path.write_text(path.read_text() + text)
    repository.commit()


def test_the_same_wheels_are_neither_fetched_nor_built_again(
    cold_repository: Repository,
) -> None:
    first = cold_repository.succeed(*WHEELS)
    change(cold_repository, "tiny.docker", "ENV A=1\n")
    said = cold_repository.ship(*WHEELS)
    assert ", all known, " in said.result["summary"]
    assert FETCHES not in said.output
    assert BUILDS not in said.output
    assert said.result["texts"] == first["texts"]


def test_one_line_builds_one_wheel_with_what_this_worker_has(repository: Repository) -> None:
    repository.succeed(*WHEELS)
    change(repository, "setup.py", "# a line\n")
    said = repository.ship(*WHEELS)
    assert ", 1 built, " in said.result["summary"]
    assert FETCHES not in said.output
    assert built(said) == ["package ."]


def test_a_published_commit_costs_a_look_at_the_registry(
    repository: Repository, build: tuple[str, ...]
) -> None:
    first = repository.succeed(*build)
    repository.environment["DOCKER_HOST"] = "unix:///nowhere.sock"
    again = repository.succeed(*build, "--work", "../empty")
    assert again["summary"] == "1 image already published: tiny"
    pushed = "ship_pushed_tiny"
    assert again["properties"][pushed]["digest"] == first["properties"][pushed]["digest"]
    found = repository.succeed("find", *build[1:], "--work", "../empty")
    told = {"ship_published": True, "ship_leftovers": False}
    assert found["properties"] == {**again["properties"], **told}
    anew = repository.succeed("find", *build[1:], "--no-cache")
    assert anew["summary"] == "1 image to build: tiny"


def test_a_new_worker_downloads_what_was_built(
    cold_repository: Repository, team: str, tmp_path: Path
) -> None:
    shared = ("--cache", f"{team}/cache")
    first = cold_repository.succeed(*WHEELS, *shared)
    cold_repository.state = tmp_path / "new-worker"
    said = cold_repository.ship(*WHEELS, *shared, "--work", str(tmp_path / "new-work"))
    assert said.result["texts"] == first["texts"]
    assert BUILDS not in said.output
    assert "again by hash" in said.output


def test_who_is_not_trusted_writes_nothing(
    cold_repository: Repository, team: str, tmp_path: Path
) -> None:
    shared = ("--cache", f"{team}/cache")
    cold_repository.succeed(*WHEELS, *shared, "--untrusted")
    assert RegistryClient().manifest(Name.parse(f"{team}/cache").tagged("any")) is None
    said = cold_repository.ship(*WHEELS, *shared)
    assert BUILDS in said.output
    cold_repository.state = tmp_path / "new-worker"
    reader = (*shared, "--untrusted", "--work", str(tmp_path / "new-work"))
    assert BUILDS not in cold_repository.ship(*WHEELS, *reader).output


def test_without_cache_all_is_made_again(repository: Repository) -> None:
    first = repository.succeed(*WHEELS)
    said = repository.ship(*WHEELS, "--no-cache")
    assert BUILDS in said.output
    assert said.result["texts"] == first["texts"]


def kept(repository: Repository, word: bytes) -> Path:
    """Return the one blob of this worker's cache that has a *word* in it."""
    blobs = (repository.state / "cache" / "trusted" / "blobs").iterdir()
    (found,) = (blob for blob in blobs if word in blob.read_bytes())
    return found


def test_a_built_wheel_that_a_cache_gave_up_is_built_again(
    cold_repository: Repository, tmp_path: Path
) -> None:
    first = cold_repository.succeed(*WHEELS)
    kept(cold_repository, b"docopt.py").unlink()
    said = cold_repository.ship(*WHEELS, "--work", str(tmp_path / "w"))
    assert said.status == 0, said.output
    assert "building sdist docopt" in said.output
    assert "building package" not in said.output
    assert said.result["texts"] == first["texts"]


def test_what_is_damaged_is_made_again_and_that_is_said(
    cold_repository: Repository, tmp_path: Path
) -> None:
    first = cold_repository.succeed(*WHEELS)
    kept(cold_repository, b"tiny/__init__.py").write_bytes(b"damaged")
    work = ("--work", str(tmp_path / "w"))
    said = cold_repository.ship(*WHEELS, *work)
    assert "building it again" in said.output
    assert cold_repository.ship(*WHEELS, *work).result["texts"] == first["texts"]


class TestSharedShelf(CacheStoreContract):
    """The contract of stores on a real registry."""

    @pytest.fixture
    def store(self, team: str, lab_run: Run) -> CacheStore:
        self.storage = lab_run.folder
        return SharedCache(RegistryClient(), Name.parse(f"{team}/store"))

    def damage(self, store: CacheStore) -> None:
        """Damage the file in which the registry keeps the blob."""
        kept = list(self.storage.rglob(f"{BLOB.digest[7:]}/data"))
        if not kept:
            pytest.skip("this machine's registry keeps its files in a container")
        original = kept[0].read_bytes()
        kept[0].write_bytes(b"x" + original[1:])
        self.undo = lambda: kept[0].write_bytes(original)

    @pytest.fixture(autouse=True)
    def undamaged(self) -> Iterator[None]:
        """Mend the blob: others of the session may have it."""
        yield
        getattr(self, "undo", int)()
