"""Assemble a runtime image from its Dockerfile, and load it into the engine."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from pathlib import Path

import attrs

from ..model.artefact import Image, Layer, Wheelhouse
from ..model.dockerfile.document import Dockerfile, read
from ..model.image import label
from ..model.image.assemble import Assembled, Labels, assemble
from ..model.image.base import Base
from ..model.image.filesystem import Filesystem
from ..model.image.layer import Member, write_layer
from ..model.image.placement import needs_base, place
from ..model.key import key
from ..model.request import ImageRequest
from ..model.result import SUCCESS, Result, counted
from ..registry.interface import Registry
from ..source.interface import Tree, required
from ..store.work import Work
from .content import Contents, find_members, look, require
from .engine_built import build, why
from .fitting import fit
from .layers import compress, known_layer, tools_of
from .loading import Made, load
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
    name = f"{request.image}:{new_name()}"
    with shop.work.scratch() as scratch:
        parts = _fit(parts, registry, scratch, shop)
        assembled, layers = _make(parts, name, registry, scratch, shop)
        made = Made(parts.base, assembled, layers, f"ship.local/{name}" if request.load else "")
        if request.load:
            load(made, scratch, shop)
        record = _record(request.image, tree.commit, made)
        _keep(record, made, scratch, shop.work)
    return _result(record, parts.dockerfile)


@attrs.frozen
class _Parts:
    """What an image is made of, before anything is made."""

    dockerfile: Dockerfile
    base: Base
    contents: Contents
    labels: Labels


def _gather(request: ImageRequest, tree: Tree, registry: Registry, shop: Workshop) -> _Parts:
    data = required(tree, request.dockerfile)
    dockerfile = read(data, request.dockerfile)
    label.check(dockerfile)
    defaults = label.defaults(request.source, request.labels)
    base = shop.bases.get(dockerfile.base) or fetch_base(
        dockerfile.base, shop.platform(), registry
    )
    if not dockerfile.foreign:
        dockerfile = read(data, request.dockerfile, base.environment)
        label.check(dockerfile)
    contents = look(dockerfile, tree, shop.work)
    if not dockerfile.foreign:
        require(dockerfile, contents)
    facts = label.facts(base, tree.commit, tree.committed)
    return _Parts(dockerfile, base, contents, Labels(defaults, facts))


def _fit(parts: _Parts, registry: Registry, scratch: Path, shop: Workshop) -> _Parts:
    """Return the parts with pexes that start on their base.  Raises BaseUnfit."""
    contents = fit(
        parts.contents,
        parts.base,
        parts.dockerfile,
        files=lambda: list_base(parts.base, registry, shop.work, shop.log),
        shop=shop,
        scratch=scratch,
    )
    return attrs.evolve(parts, contents=contents)


def _make(
    parts: _Parts, name: str, registry: Registry, scratch: Path, shop: Workshop
) -> tuple[Assembled, tuple[Layer, ...]]:
    """Return the image, what is new in it over the layers of its pexes."""
    trees = _trees(parts.contents)
    if not parts.dockerfile.foreign:
        return _assemble(parts, trees, registry, scratch, shop)
    return build(
        parts.dockerfile,
        parts.base,
        parts.contents,
        parts.labels,
        f"ship.local/build/{name}",
        trees,
        scratch,
        shop,
    )


def _trees(contents: Contents) -> tuple[Layer, ...]:
    """Return the layers of all layered pexes, each once."""
    layers = {layer.digest: layer for pex in contents.records for layer in pex.layers}
    return tuple(layers.values())


def _assemble(
    parts: _Parts,
    trees: tuple[Layer, ...],
    registry: Registry,
    scratch: Path,
    shop: Workshop,
) -> tuple[Assembled, tuple[Layer, ...]]:
    """Return the image with the *trees*, and a layer of what is copied, if anything is."""
    base, dockerfile, contents = parts.base, parts.dockerfile, parts.contents
    looked = needs_base(dockerfile, contents.context)
    inside = list_base(base, registry, shop.work, shop.log) if looked else Filesystem()
    layout = place(dockerfile, contents.context, inside, base.work_folder)
    members = find_members(layout, contents)
    layers = (*trees, *(_copied(members, contents, scratch, shop) if members else ()))
    assembled = assemble(
        base, dockerfile, layers, created=contents.tree.committed, labels=parts.labels
    )
    return assembled, layers


def _copied(
    members: list[Member], contents: Contents, scratch: Path, shop: Workshop
) -> tuple[Layer, ...]:
    """Return the layer of what is copied, made unless a cache knows it."""
    commit = contents.tree.commit
    ground = shop.work.find(Wheelhouse, commit).ground
    name = key("layer", ground=ground, members=_identify(members))
    known = known_layer(name, shop)
    if known is not None:
        return (known,)
    shop.log(f"{_LAYER}: {len(members)} members")
    with (scratch / _LAYER).open("wb") as out:
        diff_id = write_layer(members, out)
    return compress({_LAYER: diff_id}, tools_of(commit, shop), scratch, shop, name)


def _identify(members: Iterable[Member]) -> str:
    """Return a digest of all that is written of *members*: there may be many."""
    digest = hashlib.sha256()
    for m in members:
        row = [m.path, m.mode, m.uid, m.gid, m.target, m.identity]
        digest.update(json.dumps(row).encode() + b"\n")
    return digest.hexdigest()


def _record(name: str, commit: str, made: Made) -> Image:
    return Image(
        commit=commit,
        name=name,
        image_id=made.assembled.image_id,
        manifest_digest=made.assembled.manifest_digest,
        media_type=made.assembled.media_type,
        base=str(made.base.reference),
        layers=made.layers,
        size=made.assembled.size,
        loaded_as=made.loaded_as,
    )


def _keep(record: Image, made: Made, scratch: Path, work: Work) -> None:
    """Leave the image's files and its record for `PushTagged`."""
    folder = scratch / "image"
    folder.mkdir()
    (folder / "config.json").write_bytes(made.assembled.config)
    (folder / "manifest.json").write_bytes(made.assembled.manifest)
    work.replace(folder, work.image(record.name))
    work.save(record)


def _result(record: Image, dockerfile: Dockerfile) -> Result:
    base = dockerfile.base
    on = f"{base.repository.path.rpartition('/')[2]}:{base.tag or str(base.digest)[7:15]}"
    size = sum(layer.size for layer in record.layers) / 1e6
    layers = f"{size:.1f} MB, {counted(len(record.layers), 'layer')}"
    promise = f"; {why(dockerfile)}" if dockerfile.foreign else ""
    names = ("image_id", "manifest_digest", "size", "loaded_as", "base")
    return Result(
        "image",
        SUCCESS,
        f"{record.name}: {record.image_id[:15]} ({layers} on {on}){promise}",
        properties={f"ship_image_{record.name}": {n: getattr(record, n) for n in names}},
    )
