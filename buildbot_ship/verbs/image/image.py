"""Make a runtime image from its Dockerfile, and load it into the engine."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import attrs

from ...model.artefact import Image, Layer
from ...model.dockerfile.buildkit import TITLES
from ...model.dockerfile.document import Dockerfile, read
from ...model.dockerfile.secret_mounts import take_secrets
from ...model.filesystem.filesystem import Filesystem
from ...model.filesystem.placement import needs_base, place
from ...model.image import labels as label
from ...model.image.assemble import Assembled, Labels, assemble
from ...model.request import ImageRequest
from ...model.result import SUCCESS, Result, counted, size_text
from ...model.runtime.interpreter import search_path, variables_of
from ...model.runtime.virtual_environment import activate, add_environment, check_placement
from ...registry.interface import Registry
from ...source.interface import Tree, required
from ...store.work_folder import Work
from ..shared.base_image import fetch_base, list_base
from ..shared.job_runner import JobRunner
from .build_context import (
    Contents,
    ImageInputs,
    is_layered,
    layer_members,
    not_reproducible,
    read_context,
    require_sources,
)
from .engine_load import BuiltImage, load
from .image_layer import make_layer
from .runtime_environment import RuntimeBase, find_environment, rewrite_launchers
from .shared_libraries import ImageFiles, check_libraries


def image(
    request: ImageRequest,
    *,
    tree: Tree,
    registry: Registry,
    runner: JobRunner,
    new_name: Callable[[], str],
) -> Result:
    """Make the image of *request* for the commit of *tree*, and load it into the engine.

    1. Read everything that the image is made of: Dockerfile, base, build context, pexes.
    2. Assemble the image here, or let the engine build it if the Dockerfile needs that.
    3. Check that no shared library is missing.
    4. Load the image into the engine, if the request says so, and save it for `PushTagged`.

    *new_name* returns a unique tag.  Raises FileMissing, InvalidFile, BaseNotFound,
    OutputMissing, DigestMismatch, LibraryMissing, and the errors of registry and engine.
    """
    inputs = _read_inputs(request, tree, registry, runner)
    name = f"{request.image}:{new_name()}"
    with runner.work.scratch() as scratch:
        assembled, layers, files, builder = _make(inputs, name, registry, scratch, runner)
        findings = check_libraries(request, inputs, layers, files, runner)
        loaded_as = f"ship.local/{name}" if request.load else ""
        built = BuiltImage(inputs.base, assembled, layers, loaded_as)
        if request.load:
            load([built], scratch, runner)
        record = _record(request.image, inputs.contents, built)
        _save(record, built, scratch, runner.work)
    return attrs.evolve(_result(record, inputs.dockerfile, builder), **findings)


def _read_inputs(
    request: ImageRequest, tree: Tree, registry: Registry, runner: JobRunner
) -> ImageInputs:
    """Read Dockerfile, base and build context.

    If the image is assembled here, the Dockerfile is read again with the variables of the base,
    and of the virtual environment of layered pexes.
    """
    data = required(tree, request.dockerfile)
    dockerfile = read(data, request.dockerfile)
    label.check(dockerfile)
    secrets = take_secrets(dockerfile, request.build_secrets)
    defaults = label.defaults(request.source, request.labels)
    base = runner.prefetched_bases.get(dockerfile.base) or fetch_base(
        dockerfile.base, runner.platform(), registry
    )
    if not dockerfile.engine_only:
        dockerfile = read(data, request.dockerfile, base.environment)
        label.check(dockerfile)
    contents = read_context(dockerfile, tree, runner.work)
    if not dockerfile.engine_only:
        require_sources(dockerfile, contents)
        if any(map(is_layered, contents.records)):
            base = activate(base)
            dockerfile = read(data, request.dockerfile, base.environment)
    facts = label.facts(base, tree.commit, tree.committed)
    return ImageInputs(dockerfile, base, contents, Labels(defaults, facts), secrets)


def _make(
    inputs: ImageInputs, name: str, registry: Registry, scratch: Path, runner: JobRunner
) -> tuple[Assembled, tuple[Layer, ...], ImageFiles, str]:
    """Return the image, its layers over the base, the files for the library check.

    The last value is the engine's builder; empty if the image is assembled here.
    """
    base_files = cache(partial(list_base, inputs.base, registry, runner.work, runner.log))
    contents = rewrite_launchers(inputs.contents, scratch)
    inputs = attrs.evolve(inputs, contents=contents)
    if inputs.dockerfile.engine_only:
        # Imported late: most images are assembled here.
        from .engine_build import build  # noqa: PLC0415

        return build(inputs, f"ship.local/build/{name}", base_files, scratch, runner)
    assembled, layers = _assemble(inputs, base_files, scratch, runner)
    variables = variables_of(inputs.base, inputs.dockerfile)
    return assembled, layers, ImageFiles(base_files, variables, cacheable=True), ""


def _assemble(
    inputs: ImageInputs, base_files: Callable[[], Filesystem], scratch: Path, runner: JobRunner
) -> tuple[Assembled, tuple[Layer, ...]]:
    """Return the image and its layers over the base.

    From the lowest: bytecode of the standard library, the layers of pexes, and one layer of
    everything that COPY takes, with the virtual environment.
    """
    base, dockerfile, contents = inputs.base, inputs.dockerfile, inputs.contents
    commit, created = contents.tree.commit, contents.tree.committed
    runtime_base = RuntimeBase(base, search_path(base, dockerfile), base_files)
    environment = find_environment(contents.records, runtime_base, runner)
    below = base_files() if needs_base(dockerfile, contents.context) else Filesystem()
    layout = place(dockerfile, contents.context, below, base.work_folder)
    if environment.members:
        check_placement(layout, dockerfile.file)
    members = add_environment(layer_members(layout, contents), environment.members)
    copied = (make_layer(members, commit, scratch, runner),) if members else ()
    layers = (*environment.layers, *inputs.pex_layers, *copied)
    return assemble(base, dockerfile, layers, created=created, labels=inputs.labels), layers


def _record(name: str, contents: Contents, built: BuiltImage) -> Image:
    return Image(
        commit=contents.tree.commit,
        name=name,
        image_id=built.assembled.image_id,
        manifest_digest=built.assembled.manifest_digest,
        media_type=built.assembled.media_type,
        base=str(built.base.reference),
        layers=built.layers,
        size=built.assembled.size,
        loaded_as=built.loaded_as,
        packages={
            name: package for pex in contents.records for name, package in pex.packages.items()
        },
    )


def _save(record: Image, built: BuiltImage, scratch: Path, work: Work) -> None:
    """Save config, manifest and record in the work folder for `PushTagged`."""
    folder = scratch / "image"
    folder.mkdir()
    (folder / "config.json").write_bytes(built.assembled.config)
    (folder / "manifest.json").write_bytes(built.assembled.manifest)
    work.replace(folder, work.image(record.name))
    work.save(record)


def _result(record: Image, dockerfile: Dockerfile, builder: str) -> Result:
    base = dockerfile.base
    on = f"{base.repository.path.rpartition('/')[2]}:{base.tag or str(base.digest)[7:15]}"
    size = size_text(sum(layer.size for layer in record.layers))
    layers = f"{counted(len(record.layers), 'layer')}, {size}"
    by = f"; built by {TITLES[builder]}; {not_reproducible(dockerfile)}" if builder else ""
    names = ("commit", "image_id", "manifest_digest", "size", "loaded_as", "base")
    made = {n: getattr(record, n) for n in names} | ({"builder": builder} if builder else {})
    return Result(
        "image",
        SUCCESS,
        f"{layers} on {on}: {record.name}{by}",
        properties={f"ship_image_{record.name}": made},
    )
