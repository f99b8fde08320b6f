"""Load the images of a smoke test into the engine: exactly those that `PushTagged` pushes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import attrs

from ...daemon.interface import EngineImage
from ...errors import BaseNotFound, OutputMissing, ServiceNotStarted
from ...model.artefact import Image
from ...model.image.assemble import Assembled
from ...model.reference import Reference
from ...model.request import SmokeContainer, SmokeRequest
from ..image.engine_load import BuiltImage, load
from ..shared.base_image import fetch_base
from ..shared.files import expect
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
    names = {
        record.name: f"ship.local/{record.name}:{new_name()}"
        for record in records
        if not _is_loaded(record, runner)
    }
    try:
        _load([record for record in records if record.name in names], names, runner)
        images = {}
        for record in records:
            name = names.get(record.name, record.loaded_as)
            image = runner.daemon.image(name)
            assert image is not None  # noqa: S101  # it was loaded, and checked
            images[record.name] = LoadedImage(name, image, _base(record, runner))
        for test in request.tests:
            for container in filter(lambda each: each.is_foreign, test.containers):
                images[container.image_name] = _foreign(container, runner)
        yield images
    finally:
        for name in names.values():
            runner.daemon.remove_image(name)


def _is_loaded(record: Image, runner: JobRunner) -> bool:
    """Return whether the engine has the image under the name of its record."""
    image = runner.daemon.image(record.loaded_as) if record.loaded_as else None
    # In the containerd image store, the ID is the digest of the manifest.
    return image is not None and image.image_id in (record.image_id, record.manifest_digest)


def _base(record: Image, runner: JobRunner) -> Reference:
    """Return the runtime base of an image, by digest; pull it if the engine lacks it."""
    reference = Reference.parse(record.base)
    pinned = reference.repository.at(str(reference.digest))
    if runner.daemon.image(str(pinned)) is None:
        runner.daemon.pull(pinned)
    return pinned


def _load(records: list[Image], names: dict[str, str], runner: JobRunner) -> None:
    """Load the images of *records* from the work folder under their *names*."""
    if records:
        built = [_built(record, names[record.name], runner) for record in records]
        with runner.work.scratch() as scratch:
            load(built, scratch, runner)


def _built(record: Image, name: str, runner: JobRunner) -> BuiltImage:
    """Return the image of *record*.  Raises OutputMissing, DigestMismatch."""
    base = fetch_base(Reference.parse(record.base), runner.platform(), runner.registry)
    folder = runner.work.image(record.name)
    try:
        config = (folder / "config.json").read_bytes()
        manifest = (folder / "manifest.json").read_bytes()
    except FileNotFoundError:
        raise OutputMissing(f"image {record.name}", "BuildRuntimeImage") from None
    assembled = Assembled(config, manifest, record.media_type, record.size)
    title = f"of image {record.name}"
    expect(f"the manifest {title}", record.manifest_digest, assembled.manifest_digest)
    expect(f"the config {title}", record.image_id, assembled.image_id)
    return BuiltImage(base, assembled, record.layers, name)


def _foreign(container: SmokeContainer, runner: JobRunner) -> LoadedImage:
    """Return an image that is not of this build; pull it if the engine lacks it."""
    name = container.image_name
    try:
        image = runner.daemon.image(name) or runner.daemon.pull(container.reference)
    except BaseNotFound as error:
        raise ServiceNotStarted(container.name, name, error.why) from None
    return LoadedImage(name, image)
