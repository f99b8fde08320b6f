"""Assemble a runtime image from its Dockerfile, and load it into the engine."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import attrs

from ...model.artefact import Image, Layer
from ...model.dockerfile.document import Dockerfile, read
from ...model.filesystem.filesystem import Filesystem
from ...model.filesystem.placement import needs_base, place
from ...model.image import labels as label
from ...model.image.assemble import Assembled, Labels, assemble
from ...model.request import ImageRequest
from ...model.result import SUCCESS, Result, counted
from ...model.runtime.interpreter import search_path, variables_of
from ...model.runtime.virtual_environment import activate, add_environment, check_placement
from ...registry.interface import Registry
from ...source.interface import Tree, required
from ...store.work_folder import Work
from ..shared.base_image import fetch_base, list_base
from ..shared.job_runner import JobRunner
from .build_context import Parts, find_members, is_layered, look, require, unpromised
from .engine_load import Made, load
from .image_layer import make_layer
from .runtime_environment import fit, start_pexes
from .shared_libraries import Seen, find_lacking


def image(
    request: ImageRequest,
    *,
    tree: Tree,
    registry: Registry,
    runner: JobRunner,
    new_name: Callable[[], str],
) -> Result:
    """Make the image of *request* at the commit of *tree*; the engine then has it too.

    *new_name* gives a tag that nobody else has.  Raises
    FileMissing, InvalidFile, BaseNotFound, OutputMissing, DigestMismatch, LibraryMissing, and
    whatever registry and engine raise.
    """
    parts = _gather(request, tree, registry, runner)
    name = f"{request.image}:{new_name()}"
    with runner.work.scratch() as scratch:
        assembled, layers, seen = _make(parts, name, registry, scratch, runner)
        lacking = find_lacking(request, parts, layers, seen, runner)
        made = Made(parts.base, assembled, layers, f"ship.local/{name}" if request.load else "")
        if request.load:
            load(made, scratch, runner)
        record = _record(request.image, tree.commit, made)
        _keep(record, made, scratch, runner.work)
    return attrs.evolve(_result(record, parts.dockerfile), **lacking)


def _gather(request: ImageRequest, tree: Tree, registry: Registry, runner: JobRunner) -> Parts:
    data = required(tree, request.dockerfile)
    dockerfile = read(data, request.dockerfile)
    label.check(dockerfile)
    defaults = label.defaults(request.source, request.labels)
    base = runner.bases.get(dockerfile.base) or fetch_base(
        dockerfile.base, runner.platform(), registry
    )
    if not dockerfile.foreign:
        dockerfile = read(data, request.dockerfile, base.environment)
        label.check(dockerfile)
    contents = look(dockerfile, tree, runner.work)
    if not dockerfile.foreign:
        require(dockerfile, contents)
        if any(map(is_layered, contents.records)):
            base = activate(base)
            dockerfile = read(data, request.dockerfile, base.environment)
    facts = label.facts(base, tree.commit, tree.committed)
    return Parts(dockerfile, base, contents, Labels(defaults, facts))


def _make(
    parts: Parts, name: str, registry: Registry, scratch: Path, runner: JobRunner
) -> tuple[Assembled, tuple[Layer, ...], Seen]:
    """Return the image, what is new in it over its base, and what there is to see of it."""
    files = cache(partial(list_base, parts.base, registry, runner.work, runner.log))
    contents = start_pexes(parts.contents, scratch)
    parts = attrs.evolve(parts, contents=contents)
    if parts.dockerfile.foreign:
        # Imported late: most images are assembled here.
        from .engine_build import build  # noqa: PLC0415

        return build(parts, f"ship.local/build/{name}", files, scratch, runner)
    assembled, layers = _assemble(parts, files, scratch, runner)
    variables = variables_of(parts.base, parts.dockerfile)
    return assembled, layers, Seen(files, variables, kept=True)


def _assemble(
    parts: Parts, files: Callable[[], Filesystem], scratch: Path, runner: JobRunner
) -> tuple[Assembled, tuple[Layer, ...]]:
    """Return the image of the pexes' layers, and one of what is copied, if anything is."""
    base, dockerfile, contents = parts.base, parts.dockerfile, parts.contents
    commit, created = contents.tree.commit, contents.tree.committed
    fitted = fit(contents.records, base, search_path(base, dockerfile), files, runner)
    inside = files() if needs_base(dockerfile, contents.context) else Filesystem()
    layout = place(dockerfile, contents.context, inside, base.work_folder)
    if fitted.members:
        check_placement(layout, dockerfile.file)
    members = add_environment(find_members(layout, contents), fitted.members)
    copied = (make_layer(members, commit, scratch, runner),) if members else ()
    layers = (*fitted.layers, *parts.trees, *copied)
    return assemble(base, dockerfile, layers, created=created, labels=parts.labels), layers


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
    promise = f"; {unpromised(dockerfile)}" if dockerfile.foreign else ""
    names = ("image_id", "manifest_digest", "size", "loaded_as", "base")
    return Result(
        "image",
        SUCCESS,
        f"{record.name}: {record.image_id[:15]} ({layers} on {on}){promise}",
        properties={f"ship_image_{record.name}": {n: getattr(record, n) for n in names}},
    )
