"""An image whose Dockerfile only the engine can follow: built there, published by us."""

from __future__ import annotations

import shutil
import tarfile
import zlib
from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial
from pathlib import Path

from ...daemon.interface import Build
from ...errors import EngineError
from ...model.artefact import Binaries, Layer
from ...model.dockerfile.document import Dockerfile
from ...model.filesystem.filesystem import Filesystem
from ...model.image.assemble import Assembled
from ...model.image.base import Base
from ...model.image.binaries import summarize
from ...model.image.elf import ElfFiles
from ...model.image.gzip_stream import inflate
from ...model.image.layer import Member, write_tar
from ...model.runtime.engine_built import Saved, adopt, member
from ...model.runtime.interpreter import DEFAULT_PATH
from ..shared.files import digest_of_file
from ..shared.job_runner import JobRunner
from ..shared.layers import compress, tools_of
from .build_context import Contents, Parts, context_members
from .image_layer import make_layer
from .runtime_environment import fit_built
from .shared_libraries import Seen

_CHUNK = 1 << 16
_ENVIRONMENT = "virtual environment"
_GZIP = b"\x1f\x8b"


def build(
    parts: Parts,
    name: str,
    files: Callable[[], Filesystem],
    scratch: Path,
    runner: JobRunner,
) -> tuple[Assembled, tuple[Layer, ...], Seen]:
    """Let the engine build, under the temporary *name*, and return what it made as ours.

    *files* tells what the base holds.  The layers of the pexes come between the base and what
    was built, their environment on top: while it is built they are not there.

    Raises JobFailed with the line that failed, BaseUnfit, EngineError, LimitExceeded.
    """
    saved = scratch / "saved.tar"
    base, contents = parts.base, parts.contents
    _build(parts.dockerfile, contents, name, saved, runner)
    commit, created = contents.tree.commit, contents.tree.committed
    image, tars = unpack(saved, base, parts.dockerfile.file)
    path = dict(image.variables).get("PATH", DEFAULT_PATH)
    holds = cache(partial(_holds, files, [scratch / tar for tar in tars]))
    copied = _copied([scratch / tar for tar in tars], contents)
    seen = Seen(holds, dict(image.variables), binaries=(copied,))
    environment = fit_built(contents.records, base, path, holds)
    layers = (
        *parts.trees,
        *compress(tars, tools_of(commit, runner) if tars else "", scratch, runner),
    )
    if environment:
        image = image.activated(base)
        layers += (make_layer(list(environment), commit, scratch, runner, _ENVIRONMENT),)
    assembled = adopt(image, base, layers, created=created, labels=parts.labels)
    return assembled, layers, seen


def _copied(tars: Iterable[Path], contents: Contents) -> Binaries:
    """Return the ELF files in *tars* that are called like a file of the context."""
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


def _holds(below: Callable[[], Filesystem], tars: Iterable[Path]) -> Filesystem:
    """Return what an image holds: a base, and layers as *tars* over it."""
    files = below()
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
    arguments: Mapping[str, str] | None = None,
) -> None:
    """Have the engine follow *dockerfile* in a context of *members*, and save that to *out*.

    Raises JobFailed with the line that failed, EngineError, LimitExceeded.
    """
    context = out.with_name("context.tar")
    with context.open("wb") as file:
        write_tar(members, file)
    steps = dockerfile.steps
    job = Build(context, dockerfile.file, name, steps, runner.limits, arguments or {})
    runner.daemon.build(job, out=out, log=runner.log)
    context.unlink()


def unpack(saved: Path, base: Base, file: str) -> tuple[Saved, dict[str, str]]:
    """Put the layers over *base* beside the archive *saved*, which then is gone.

    Return its image, and the diff IDs of the layers by name, the lowest first.  Raises
    EngineError.
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
    except (ValueError, tarfile.TarError, zlib.error) as error:
        raise EngineError(f"build {file}", str(error)) from None
    saved.unlink()
    return image, tars


def _build(
    dockerfile: Dockerfile, contents: Contents, name: str, out: Path, runner: JobRunner
) -> None:
    for reference in (dockerfile.base, *dockerfile.others):
        if runner.daemon.image(str(reference)) is None:
            runner.daemon.pull(reference)
    run_build(dockerfile, context_members(contents, dockerfile), name, runner, out=out)


def _extract(archive: tarfile.TarFile, name: str, saved: Path, target: str) -> str:
    """Write a layer's tar to the file *target* beside *saved*, and return its digest.

    The containerd store saves layers compressed.
    """
    path = saved.with_name(target)
    with member(archive, name) as source, path.open("wb") as out:
        head = source.read(len(_GZIP))
        source.seek(0)
        if head != _GZIP:
            shutil.copyfileobj(source, out, _CHUNK)
        else:
            out.writelines(inflate(iter(partial(source.read, _CHUNK), b"")))
    return digest_of_file(path)
