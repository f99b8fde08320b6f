"""An image that was built, for the tests of its push."""

from __future__ import annotations

from typing import Any

import attrs

from buildbot_ship.model.artefact import Image, Layer
from buildbot_ship.model.reference import Repository, digest_of
from buildbot_ship.model.request import PushRequest
from buildbot_ship.model.result import Result
from buildbot_ship.store.cache_interface import CacheStore
from buildbot_ship.store.work_folder import Work
from buildbot_ship.verbs.publishing.push import push
from tests.fakes.daemon import MemoryDaemon
from tests.fakes.images import SmallImage, small_image, store_image
from tests.fakes.job_runner import make_job_runner
from tests.fakes.registry import MemoryRegistry

COMMIT = "0123456789" * 4
BASE = Repository.parse("registry.test/own/python311-slim")
PLACE = Repository.parse("registry.test/team/app")
TAG = PLACE.tagged(COMMIT)
BASE_LAYERS = (b"debian", b"python")
OWN_LAYER = b"a pex"
REQUEST = PushRequest(image="app", repository=str(PLACE))


@attrs.define
class World:
    """An image that was built, its base in a registry, and the verb."""

    work: Work
    registry: MemoryRegistry = attrs.field(factory=MemoryRegistry)
    lines: list[str] = attrs.field(factory=list)
    stores: tuple[CacheStore, ...] = ()

    def __attrs_post_init__(self) -> None:
        base = small_image("base", *BASE_LAYERS)
        store_image(self.registry, BASE.tagged("2026"), base)
        self.registry.calls.clear()

    def build(
        self, name: str = "app", *, base: Repository = BASE, oci: bool = False
    ) -> SmallImage:
        image = small_image(name, *BASE_LAYERS, OWN_LAYER, oci=oci)
        folder = self.work.image("app")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.json").write_bytes(image.blobs[image.image_id])
        (folder / "manifest.json").write_bytes(image.manifest.data)
        layer = self.work.layer(digest_of(OWN_LAYER))
        layer.parent.mkdir(exist_ok=True)
        layer.write_bytes(OWN_LAYER)
        self.work.save(record(image, base))
        return image

    def push(self, request: PushRequest = REQUEST, **claims: Any) -> Result:
        log = self.lines.append
        runner = make_job_runner(MemoryDaemon(), self.work, log, self.registry, self.stores)
        return push(request, commit=COMMIT, runner=runner, **claims)


def record(image: SmallImage, base: Repository = BASE) -> Image:
    return Image(
        commit=COMMIT,
        name="app",
        image_id=image.image_id,
        manifest_digest=image.manifest.digest,
        media_type=image.manifest.media_type,
        base=str(base.at(digest_of(b"the base's manifest"))),
        layers=(Layer(digest_of(b"tar"), digest_of(OWN_LAYER), len(OWN_LAYER)),),
        size=17,
        loaded_as="ship.local/app:1",
    )
