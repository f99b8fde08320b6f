"""Load the images of a smoke test into the engine: exactly those that `PushTagged` pushes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import attrs

from ...daemon.interface import EngineImage
from ...errors import BaseNotFound, DigestMismatch, OutputMissing, ServiceNotStarted
from ...model.artefact import Image
from ...model.image.assemble import Assembled
from ...model.reference import Reference
from ...model.request import SmokeContainer, SmokeRequest
from ..image.engine_load import BuiltImage, load
from ..shared.base_image import fetch_base
from ..shared.job_runner import JobRunner


@attrs.frozen
class LoadedImage:
    """An image in the engine under *name*; *base* is its runtime base, None if foreign."""

    name: str
    image: EngineImage
    base: Reference | None = None


@contextmanager
def loaded_images(
    request: SmokeRequest,
    records: list[Image],
    runner: JobRunner,
    new_name: Callable[[], str],
) -> Iterator[dict[str, LoadedImage]]:
    """Load all images of *request*; give them by name, and remove them at the end.

    An image that `BuildRuntimeImage` loaded is used as it is, and stays.  So do foreign images,
    which are pulled if the engine lacks them.  Raises OutputMissing, DigestMismatch,
    ServiceNotStarted, BaseNotFound, EngineError.
    """
    loaded: list[str] = []
    try:
        images = {}
        for record in records:
            name = record.loaded_as
            image = runner.daemon.image(name) if name else None
            if image is None or not _is_built(image, record):
                name = f"ship.local/{record.name}:{new_name()}"
                loaded.append(name)
                image = _load(record, name, runner)
            images[record.name] = LoadedImage(name, image, _base(record, runner))
        for test in request.tests:
            for container in filter(lambda each: each.is_foreign, test.containers):
                images[container.image_name] = _foreign(container, runner)
        yield images
    finally:
        for name in loaded:
            runner.daemon.remove_image(name)


def _base(record: Image, runner: JobRunner) -> Reference:
    """Return the runtime base of an image, by digest; pull it if the engine lacks it."""
    reference = Reference.parse(record.base)
    pinned = reference.repository.at(str(reference.digest))
    if runner.daemon.image(str(pinned)) is None:
        runner.daemon.pull(pinned)
    return pinned


def _is_built(image: EngineImage, record: Image) -> bool:
    # In the containerd image store, the ID is the digest of the manifest.
    return image.image_id in (record.image_id, record.manifest_digest)


def _load(record: Image, name: str, runner: JobRunner) -> EngineImage:
    """Load the image of *record* from the work folder as *name*."""
    base = fetch_base(Reference.parse(record.base), runner.platform(), runner.registry)
    folder = runner.work.image(record.name)
    try:
        config = (folder / "config.json").read_bytes()
        manifest = (folder / "manifest.json").read_bytes()
    except FileNotFoundError:
        raise OutputMissing(f"image {record.name}", "BuildRuntimeImage") from None
    assembled = Assembled(config, manifest, record.media_type, record.size)
    if assembled.manifest_digest != record.manifest_digest:
        what = f"the manifest of image {record.name}"
        raise DigestMismatch(what, record.manifest_digest, assembled.manifest_digest)
    if assembled.image_id != record.image_id:
        what = f"the config of image {record.name}"
        raise DigestMismatch(what, record.image_id, assembled.image_id)
    with runner.work.scratch() as scratch:
        load(BuiltImage(base, assembled, record.layers, name), scratch, runner)
    image = runner.daemon.image(name)
    assert image is not None  # noqa: S101  # load checked it
    return image


def _foreign(container: SmokeContainer, runner: JobRunner) -> LoadedImage:
    """Return an image that is not of this build; pull it if the engine lacks it."""
    name = container.image_name
    try:
        image = runner.daemon.image(name) or runner.daemon.pull(container.reference)
    except BaseNotFound as error:
        raise ServiceNotStarted(container.name, name, error.why) from None
    return LoadedImage(name, image)
