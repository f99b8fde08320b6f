"""Assemble a runtime image from its Dockerfile, and load it into the engine."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path

import attrs

from ..daemon.interface import Daemon, JobFile
from ..errors import EngineError, OutputMissing
from ..model import label
from ..model.archive import write_archive
from ..model.artefact import Image, Layer, Wheelhouse
from ..model.base import Base
from ..model.dockerfile import Dockerfile, read
from ..model.filesystem import Filesystem
from ..model.image import Assembled, Labels, assemble
from ..model.layer import Member, write_layer
from ..model.placement import needs_base, place
from ..model.request import ImageRequest
from ..model.result import SUCCESS, Result
from ..registry.interface import Registry
from ..source.interface import Tree, required
from ..store.work import Work
from .content import digest_of_file, expect, find_members, opener
from .runtime import fetch_base, list_base
from .workshop import Workshop

_LAYER = "layer-0.tar"


def image(
    request: ImageRequest,
    *,
    tree: Tree,
    registry: Registry,
    shop: Workshop,
    new_name: Callable[[], str],
) -> Result:
    """Make the image of *request* at the commit of *tree*; the engine then has it too.

    *new_name* gives a tag that nobody else has.  Raises
    FileMissing, InvalidFile, BaseNotFound, OutputMissing, DigestMismatch, and whatever
    registry and engine raise.
    """
    parts = _gather(request, tree, registry, shop)
    with shop.work.scratch() as scratch:
        tools = _tools(tree.commit, shop) if parts.members else ""
        layers = _layers(parts.members, tools, scratch, shop)
        assembled = assemble(
            parts.base,
            parts.dockerfile,
            tuple(layers),
            created=tree.committed,
            labels=parts.labels,
        )
        loaded_as = f"ship.local/{request.image}:{new_name()}"
        made = _Made(parts.base, assembled, layers, loaded_as)
        _load(made, scratch, shop.daemon)
        record = _record(request.image, tree.commit, made)
        _keep(record, made, scratch, shop.work)
    return _result(record, parts.dockerfile)


@attrs.frozen
class _Parts:
    """What an image is made of, before anything is made."""

    dockerfile: Dockerfile
    base: Base
    members: list[Member]
    labels: Labels


@attrs.frozen
class _Made:
    """What was made: *layers* with the gzipped tar of each."""

    base: Base
    assembled: Assembled
    layers: dict[Layer, Path]
    loaded_as: str


def _gather(request: ImageRequest, tree: Tree, registry: Registry, shop: Workshop) -> _Parts:
    dockerfile = read(required(tree, request.dockerfile), request.dockerfile)
    label.check(dockerfile)
    defaults = label.defaults(request.source, request.labels)
    base = fetch_base(dockerfile.base, shop.daemon.platform(), registry)
    looked = needs_base(dockerfile)
    inside = list_base(base, registry, shop.work, shop.log) if looked else Filesystem()
    layout = place(dockerfile, inside, base.work_folder)
    members = find_members(layout, dockerfile, tree, shop.work)
    facts = label.facts(base, tree.commit, tree.committed)
    return _Parts(dockerfile, base, members, Labels(defaults, facts))


def _tools(commit: str, shop: Workshop) -> str:
    """Return the tools image that made this commit's wheels."""
    tools = shop.work.find(Wheelhouse, commit).tools
    if shop.daemon.image(tools) is None:
        raise OutputMissing(f"tools image {tools}", "BuildWheels")
    return tools


def _layers(
    members: list[Member], tools: str, scratch: Path, shop: Workshop
) -> dict[Layer, Path]:
    """Return the new layer with its gzipped file, or nothing where nothing is copied.

    It is compressed in the tools image, whose zlib is pinned, and verified here.
    """
    if not members:
        return {}
    tar = scratch / _LAYER
    with tar.open("wb") as out:
        diff_id = write_layer(members, out)
    made = scratch / "compressed"
    inputs = (JobFile(_LAYER, tar),)
    said = shop.run("compress", tools, {"files": [_LAYER]}, made, inputs)["files"][_LAYER]
    path = made / f"{_LAYER}.gz"
    expect(f"{_LAYER}.gz", str(said["digest"]), digest_of_file(path))
    expect(f"{_LAYER}.gz, unpacked,", diff_id, digest_of_file(path, zlib.decompressobj(31)))
    shop.log(f"{_LAYER}: {len(members)} members, {path.stat().st_size} bytes compressed")
    return {Layer(diff_id, str(said["digest"]), path.stat().st_size): path}


def _load(made: _Made, scratch: Path, daemon: Daemon) -> None:
    """Load the image over its base, and see that the engine calls it as we do."""
    if daemon.image(str(made.base.pinned)) is None:
        daemon.pull(made.base.pinned)
    archive = scratch / "image.tar"
    openers = [(layer, opener(path)) for layer, path in made.layers.items()]
    with archive.open("wb") as out:
        write_archive(made.assembled, made.base, openers, made.loaded_as, out)
    daemon.load(archive, made.loaded_as)
    loaded = daemon.image(made.loaded_as)
    # The containerd store calls an image by its manifest's digest.
    ours = (made.assembled.image_id, made.assembled.manifest_digest)
    if loaded is None or loaded.image_id not in ours:
        got = loaded.image_id if loaded else "nothing"
        raise EngineError(f"load {made.loaded_as}", f"it has {got}, not {ours[0]}")


def _record(name: str, commit: str, made: _Made) -> Image:
    return Image(
        commit=commit,
        name=name,
        image_id=made.assembled.image_id,
        manifest_digest=made.assembled.manifest_digest,
        media_type=made.assembled.media_type,
        base=str(made.base.reference),
        layers=tuple(made.layers),
        size=made.assembled.size,
        loaded_as=made.loaded_as,
    )


def _keep(record: Image, made: _Made, scratch: Path, work: Work) -> None:
    """Leave the image's files and its record for `PushTagged`."""
    folder = scratch / "image"
    folder.mkdir()
    (folder / "config.json").write_bytes(made.assembled.config)
    (folder / "manifest.json").write_bytes(made.assembled.manifest)
    for number, path in enumerate(made.layers.values()):
        path.rename(folder / f"layer-{number}.tar.gz")
    work.replace(folder, work.image(record.name))
    work.save(record)


def _result(record: Image, dockerfile: Dockerfile) -> Result:
    base = dockerfile.base
    on = f"{base.repository.path.rpartition('/')[2]}:{base.tag or str(base.digest)[7:15]}"
    count = len(record.layers)
    size = sum(layer.size for layer in record.layers) / 1e6
    layers = f"{size:.1f} MB, {count} layer{'' if count == 1 else 's'}"
    names = ("image_id", "manifest_digest", "size", "loaded_as", "base")
    return Result(
        "image",
        SUCCESS,
        f"{record.name}: {record.image_id[:15]} ({layers} on {on})",
        properties={f"ship_image_{record.name}": {n: getattr(record, n) for n in names}},
    )
