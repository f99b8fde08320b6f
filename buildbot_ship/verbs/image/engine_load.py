"""Load an image into the engine: our layers over a base that the engine has."""

from __future__ import annotations

from pathlib import Path

import attrs

from ...errors import EngineError
from ...model.artefact import Layer
from ...model.image.archive import write_archive
from ...model.image.assemble import Assembled
from ...model.image.base import Base
from ..shared.files import opener
from ..shared.job_runner import JobRunner
from ..shared.layers import ensure_layer


@attrs.frozen
class BuiltImage:
    """An image, its base, its layers over the base, and its name in the engine."""

    base: Base
    assembled: Assembled
    layers: tuple[Layer, ...]
    loaded_as: str


def load(image: BuiltImage, scratch: Path, runner: JobRunner) -> None:
    """Load *image* into the engine, and verify that its ID there is ours.

    Raises EngineError if it is not, OutputMissing, BaseNotFound.
    """
    daemon = runner.daemon
    if daemon.image(str(image.base.pinned)) is None:
        daemon.pull(image.base.pinned)
    archive = scratch / "image.tar"
    openers = [(layer, opener(ensure_layer(layer, runner))) for layer in image.layers]
    with archive.open("wb") as out:
        write_archive(image.assembled, image.base, openers, image.loaded_as, out)
    daemon.load(archive, image.loaded_as)
    loaded = daemon.image(image.loaded_as)
    # In the containerd image store, the ID is the digest of the manifest.
    expected = (image.assembled.image_id, image.assembled.manifest_digest)
    if loaded is None or loaded.image_id not in expected:
        got = loaded.image_id if loaded else "nothing"
        raise EngineError(
            f"load {image.loaded_as}", f"its image ID is {got}, not {expected[0]}"
        )
