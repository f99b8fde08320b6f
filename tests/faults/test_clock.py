"""The clock jumps by a day: row 19, for tags, with a real registry; the clock is an argument.

The clock of the master is in tests/unit/steps/test_tag_claims.py, with its real database.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from lab.soak.images import built_image

from buildbot_ship.daemon.interface import Daemon
from buildbot_ship.model.reference import Repository
from buildbot_ship.model.request import BaseCopy, RetagRequest
from buildbot_ship.registry.client import RegistryClient
from buildbot_ship.registry.interface import Manifest
from buildbot_ship.store.work_folder import Work
from buildbot_ship.verbs.bases.owned_bases import OwnedBases
from buildbot_ship.verbs.bases.retag import retag
from buildbot_ship.verbs.shared.cache import Cache

from .scene import Scene

DAY = timedelta(days=1)
COPIES = 4


def publish(registry: RegistryClient, upstream: Repository, number: int, folder: Path) -> None:
    """Publish image *number*, which is small, as what upstream offers now."""
    work = Work(folder)
    image = built_image(work, number)
    files = work.image(image.name)
    registry.upload(upstream, image.image_id, files / "config.json")
    for layer in image.layers:
        registry.upload(upstream, layer.digest, work.layer(layer.digest))
    manifest = Manifest(image.media_type, (files / "manifest.json").read_bytes())
    registry.put(upstream.tagged("3.11"), manifest)


@pytest.mark.row(19)
@pytest.mark.parametrize("jump", [DAY, -DAY], ids=["ahead", "back"])
def test_a_base_that_is_copied_after_a_jump_is_newer_than_all_others(
    scene: Scene, tmp_path: Path, jump: timedelta
) -> None:
    registry = RegistryClient(())
    upstream = Repository.parse(f"{scene.registry.address}/upstream/python")
    own = Repository.parse(f"{scene.registry.address}/clock{jump.days}/python")
    request = RetagRequest((BaseCopy(f"{upstream}:3.11", str(own)),), "registry")
    owned = OwnedBases(registry, Cache(quiet, []), quiet)
    now, copies = datetime.now(UTC), []
    for number, moment in enumerate((now, now + jump, now, now + timedelta(seconds=1))):
        publish(registry, upstream, number, tmp_path / str(number))
        clock = [moment]
        done = retag(request, bases=owned, daemon=no_engine, clock=clock.pop)
        copies.append(done.properties["ship_bases"][f"{upstream}:3.11"])
        assert str(owned.newest(own)) == copies[-1]["reference"]
    tags = [copy["reference"].rpartition(":")[2] for copy in copies]
    assert len({copy["digest"] for copy in copies}) == COPIES
    assert tags == sorted(set(tags))
    assert sorted(registry.list_tags(own)) == tags


def quiet(_: str) -> None:
    """Log nothing."""


def no_engine() -> Daemon:
    raise AssertionError("a copy from registry to registry uses no engine")
