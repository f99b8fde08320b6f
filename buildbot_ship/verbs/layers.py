"""Layers of ours: compressed where the bytes are pinned, verified, and loaded on a base."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from pathlib import Path

import attrs

from ..daemon.interface import Daemon, JobFile
from ..errors import EngineError
from ..model.archive import write_archive
from ..model.artefact import Layer, Wheelhouse
from ..model.base import Base
from ..model.image import Assembled
from ..model.reference import Reference
from .content import digest_of_file, expect, opener
from .workshop import Workshop

Compressed = tuple[tuple[Layer, Path], ...]
"""Layers with the gzipped tar of each."""


@attrs.frozen
class Made:
    """An image that was made, and what it is on."""

    base: Base
    assembled: Assembled
    layers: Compressed
    loaded_as: str


def tools_of(commit: str, shop: Workshop) -> str:
    """Return the tools image of this commit's build base; raise OutputMissing."""
    house = shop.work.find(Wheelhouse, commit)
    if house.tools and shop.daemon.image(house.tools) is not None:
        return house.tools
    return shop.tools(Reference.parse(house.base)).image


def compress(tars: Mapping[str, str], tools: str, scratch: Path, shop: Workshop) -> Compressed:
    """Return the layers of the *tars* in *scratch*, whose diff IDs are given by name.

    They are compressed in the tools image, whose zlib is pinned, and verified here.
    """
    if not tars:
        return ()
    made = scratch / "compressed"
    inputs = tuple(JobFile(name, scratch / name) for name in tars)
    said = shop.run("compress", tools, {"files": list(tars)}, made, inputs)["files"]
    found = []
    for name, diff_id in tars.items():
        path, digest = made / f"{name}.gz", str(said[name]["digest"])
        expect(path.name, digest, digest_of_file(path))
        expect(f"{path.name}, unpacked,", diff_id, digest_of_file(path, zlib.decompressobj(31)))
        size = path.stat().st_size
        shop.log(f"{name}: {size} bytes compressed")
        found.append((Layer(diff_id, digest, size), path))
    return tuple(found)


def load(made: Made, scratch: Path, daemon: Daemon) -> None:
    """Load the image over its base, and see that the engine calls it as we do."""
    if daemon.image(str(made.base.pinned)) is None:
        daemon.pull(made.base.pinned)
    archive = scratch / "image.tar"
    openers = [(layer, opener(path)) for layer, path in made.layers]
    with archive.open("wb") as out:
        write_archive(made.assembled, made.base, openers, made.loaded_as, out)
    daemon.load(archive, made.loaded_as)
    loaded = daemon.image(made.loaded_as)
    # The containerd store calls an image by its manifest's digest.
    ours = (made.assembled.image_id, made.assembled.manifest_digest)
    if loaded is None or loaded.image_id not in ours:
        got = loaded.image_id if loaded else "nothing"
        raise EngineError(f"load {made.loaded_as}", f"it has {got}, not {ours[0]}")
