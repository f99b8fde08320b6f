"""Load images into the engine: our layers over bases that the engine has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

import attrs

from ...daemon.interface import EngineImage
from ...errors import EngineError
from ...model.artefact import Layer
from ...model.image.archive import ArchivedImage, write_archive
from ...model.image.assemble import Assembled
from ...model.image.base import Base
from ...model.result import counted
from ..shared.files import opener
from ..shared.job_runner import JobRunner
from ..shared.layers import ensure_layer
from ..shared.phases import phase


@attrs.frozen
class BuiltImage:
    """An image, its base, its layers over the base, and its name in the engine."""

    base: Base
    assembled: Assembled
    layers: tuple[Layer, ...]
    loaded_as: str


def load(images: Sequence[BuiltImage], scratch: Path, runner: JobRunner) -> None:
    """Load *images* into the engine with one archive, and verify that their IDs are ours.

    Raises EngineError if one is not, OutputMissing, BaseNotFound.
    """
    daemon = runner.daemon
    for base in dict.fromkeys(image.base.pinned for image in images):
        if daemon.image(str(base)) is None:
            daemon.pull(base)
    archive = scratch / "image.tar"
    archived = [
        ArchivedImage(image.assembled, image.base, _openers(image, runner), image.loaded_as)
        for image in images
    ]
    with phase(f"load {counted(len(images), 'image')}", runner.log):
        with archive.open("wb") as out:
            write_archive(archived, out)
        daemon.load(archive, {image.loaded_as: _ids(image) for image in images})
    for image in images:
        _verify(image, daemon.image(image.loaded_as))


def _openers(
    image: BuiltImage, runner: JobRunner
) -> list[tuple[Layer, Callable[[], IO[bytes]]]]:
    return [(layer, opener(ensure_layer(layer, runner))) for layer in image.layers]


def _ids(image: BuiltImage) -> tuple[str, ...]:
    """Return the IDs that the image may have in an engine."""
    # In the containerd image store, the ID is the digest of the manifest.
    return (image.assembled.image_id, image.assembled.manifest_digest)


def _verify(image: BuiltImage, loaded: EngineImage | None) -> None:
    """Raise EngineError unless *loaded* is *image*."""
    expected = _ids(image)
    if loaded is None or loaded.image_id not in expected:
        got = loaded.image_id if loaded else "nothing"
        raise EngineError(
            f"load {image.loaded_as}", f"its image ID is {got}, not {expected[0]}"
        )
