"""Let the engine build an image whose Dockerfile has RUN or stages; take its layers over."""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cache, partial
from io import BytesIO
from pathlib import Path

from ...daemon.interface import Build
from ...errors import EngineError
from ...model.artefact import Binaries, Layer
from ...model.dockerfile.buildkit import without_syntax
from ...model.dockerfile.document import Dockerfile
from ...model.filesystem.filesystem import Filesystem
from ...model.image.assemble import Assembled
from ...model.image.base import Base
from ...model.image.binaries import summarize
from ...model.image.elf import ElfFiles
from ...model.image.layer import Member, write_tar
from ...model.image.layer_stream import DamagedLayer, unpack_layer
from ...model.reference import Reference
from ...model.runtime.engine_built import Saved, adopt, member
from ...model.runtime.interpreter import DEFAULT_PATH
from ..shared.files import digest_of_file
from ..shared.job_runner import JobRunner
from ..shared.layers import LayerTar, compress
from ..shared.phases import phase
from .build_context import Contents, ImageInputs, context_members
from .image_layer import make_layer
from .runtime_environment import RuntimeBase, find_virtual_environment
from .shared_libraries import ImageFiles

_CHUNK = 1 << 16
_ENVIRONMENT = "virtual environment"


def build(
    inputs: ImageInputs,
    name: str,
    base_files: Callable[[], Filesystem],
    scratch: Path,
    runner: JobRunner,
) -> tuple[Assembled, tuple[Layer, ...], ImageFiles, str]:
    """Build an image in the engine under the temporary *name*; take its layers over.

    Return the image, its layers over the base, the files for the library check, and the
    builder.  From the lowest, the layers are those of pexes, those that the engine built, and
    the virtual environment.  The build does not see the first and the last.

    Raises BuildKitMissing, JobFailed with the line that failed, BaseUnfit, EngineError,
    LimitExceeded.
    """
    saved = scratch / "saved.tar"
    base, contents = inputs.base, inputs.contents
    builder = _build(inputs, name, saved, runner)
    commit, created = contents.tree.commit, contents.tree.committed
    image, tars = unpack(saved, base, inputs.dockerfile.file)
    paths = [scratch / tar for tar in tars]
    all_files = cache(partial(_merge_files, base_files, paths))
    copied = _copied_binaries(paths, contents)
    files = ImageFiles(all_files, dict(image.variables), binaries=(copied,))
    search_path = dict(image.variables).get("PATH", DEFAULT_PATH)
    runtime_base = RuntimeBase(base, search_path, all_files)
    environment = find_virtual_environment(contents.records, runtime_base)
    built = [LayerTar(tar, diff_id) for tar, diff_id in tars.items()]
    layers = (*inputs.pex_layers, *compress(built, commit, scratch, runner))
    if environment:
        image = image.activated(base)
        layers += (make_layer(list(environment), commit, scratch, runner, _ENVIRONMENT),)
    assembled = adopt(image, base, layers, created=created, labels=inputs.labels)
    return assembled, layers, files, builder


def _copied_binaries(tars: Iterable[Path], contents: Contents) -> Binaries:
    """Return the ELF files in *tars* that have the name of a file in the build context."""
    names = {path.rpartition("/")[2] for path in contents.context.inside.nodes}
    elf_files = ElfFiles()
    for tar in tars:
        with tarfile.open(tar) as archive:
            for item in archive:
                if item.isreg() and item.name.rpartition("/")[2] in names:
                    content = archive.extractfile(item)
                    assert content is not None  # noqa: S101  # it is regular
                    elf_files.look(item.name.removeprefix("./").lstrip("/"), content)
    return summarize(elf_files.found)


def _merge_files(base_files: Callable[[], Filesystem], tars: Iterable[Path]) -> Filesystem:
    """Return the files of a base with the layers *tars* over it."""
    files = base_files()
    for tar in tars:
        with tar.open("rb") as layer:
            files = files.with_layer(iter(partial(layer.read, _CHUNK), b""))
    return files


def run_build(
    dockerfile: Dockerfile,
    members: Iterable[Member],
    name: str,
    runner: JobRunner,
    *,
    out: Path,
    base: Reference,
    arguments: Mapping[str, str] | None = None,
    secrets: Mapping[str, str] | None = None,
) -> str:
    """Build *dockerfile* in the engine with a context of *members*; save the image to *out*.

    *base* is its base in the engine.  *secrets* are those of its lines, by id; None if they
    mount none.  Return the builder.  Raises BuildKitMissing, JobFailed
    with the line that failed, EngineError, LimitExceeded.
    """
    context = out.with_name("context.tar")
    with context.open("wb") as file:
        write_tar((_read_by_the_engine(m, dockerfile.file) for m in members), file)
    job = Build(
        context,
        dockerfile.file,
        name,
        dockerfile.places,
        dockerfile.buildkit,
        str(base),
        runner.limits,
        arguments or {},
        secrets,
    )
    for mount in dockerfile.secrets:
        if mount.name not in (secrets or ()):
            runner.log(f"{dockerfile.file}:{mount.line}: the secret {mount.name} is not given")
    with phase(f"build {dockerfile.file} in the engine", runner.log):
        builder = runner.daemon.build(job, out=out, log=runner.log)
    context.unlink()
    return builder


def _read_by_the_engine(item: Member, dockerfile: str) -> Member:
    """Return *item*; if it is the Dockerfile, without the name of a frontend to download."""
    if item.path != dockerfile or item.opener is None:
        return item
    with item.opener() as file:
        data = without_syntax(file.read())
    return replace(item, size=len(data), opener=lambda: BytesIO(data))


def unpack(saved: Path, base: Base, file: str) -> tuple[Saved, dict[str, str]]:
    """Unpack the layers over *base* from the archive *saved* to its folder; delete *saved*.

    Return the image, and the diff IDs of the layers by file name, the lowest first.  Raises
    EngineError if the archive is not the image that the engine built.
    """
    try:
        with tarfile.open(saved) as archive:
            image = Saved.read(archive)
            above = image.above(base)
            tars = {
                f"layer-{number}.tar": _extract(archive, path, saved, f"layer-{number}.tar")
                for number, (_, path) in enumerate(above)
            }
        if list(tars.values()) != [diff_id for diff_id, _ in above]:
            raise ValueError("its archive holds other layers than its config names")
    except (ValueError, tarfile.TarError, DamagedLayer) as error:
        raise EngineError(f"build {file}", str(error)) from None
    saved.unlink()
    return image, tars


def _build(inputs: ImageInputs, name: str, out: Path, runner: JobRunner) -> str:
    dockerfile, base = inputs.dockerfile, inputs.dockerfile.base
    for reference in (dockerfile.base, *dockerfile.others, *dockerfile.images):
        if runner.daemon.image(str(reference)) is None:
            runner.daemon.pull(reference)
    members, secrets = context_members(inputs.contents, dockerfile), inputs.secrets
    return run_build(dockerfile, members, name, runner, out=out, base=base, secrets=secrets)


def _extract(archive: tarfile.TarFile, name: str, saved: Path, target: str) -> str:
    """Write the tar of the layer *name* to the file *target* beside *saved*; return its digest.

    The containerd image store saves layers compressed.
    """
    path = saved.with_name(target)
    with member(archive, name) as source, path.open("wb") as out:
        out.writelines(unpack_layer(iter(partial(source.read, _CHUNK), b"")))
    return digest_of_file(path)
