"""Images on their way into the engine: our layers, on a base that it has."""

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
from ..shared.layers import bring_layer


@attrs.frozen
class Made:
    """An image that was made, and what it is on."""

    base: Base
    assembled: Assembled
    layers: tuple[Layer, ...]
    loaded_as: str


def load(made: Made, scratch: Path, runner: JobRunner) -> None:
    """Load the image over its base, and see that the engine calls it as we do.

    Raises EngineError where it does not, OutputMissing, BaseNotFound.
    """
    daemon = runner.daemon
    if daemon.image(str(made.base.pinned)) is None:
        daemon.pull(made.base.pinned)
    archive = scratch / "image.tar"
    openers = [(layer, opener(bring_layer(layer, runner))) for layer in made.layers]
    with archive.open("wb") as out:
        write_archive(made.assembled, made.base, openers, made.loaded_as, out)
    daemon.load(archive, made.loaded_as)
    loaded = daemon.image(made.loaded_as)
    # The containerd store calls an image by its manifest's digest.
    ours = (made.assembled.image_id, made.assembled.manifest_digest)
    if loaded is None or loaded.image_id not in ours:
        got = loaded.image_id if loaded else "nothing"
        raise EngineError(f"load {made.loaded_as}", f"it has {got}, not {ours[0]}")
