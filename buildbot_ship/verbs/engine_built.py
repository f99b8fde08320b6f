"""An image whose Dockerfile only the engine can follow: built there, published by us."""

from __future__ import annotations

import shutil
import tarfile
import zlib
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path

from ..daemon.interface import Build
from ..errors import EngineError
from ..model.artefact import Layer
from ..model.dockerfile.document import Dockerfile
from ..model.image.assemble import Assembled, Labels
from ..model.image.base import Base
from ..model.image.built import Saved, adopt, member
from ..model.image.gzipped import inflate
from ..model.image.layer import Member, write_tar
from .content import Contents, context_members
from .files import digest_of_file
from .layers import compress, tools_of
from .workshop import Workshop

_CHUNK = 1 << 16
_GZIP = b"\x1f\x8b"


def build(  # noqa: PLR0917
    dockerfile: Dockerfile,
    base: Base,
    contents: Contents,
    labels: Labels,
    name: str,
    trees: tuple[Layer, ...],
    scratch: Path,
    shop: Workshop,
) -> tuple[Assembled, tuple[Layer, ...]]:
    """Let the engine build, under the temporary *name*, and return what it made as ours.

    The layers of *trees* come between the base and what was built: while it is built they
    are not there.

    Raises JobFailed with the line that failed, EngineError, LimitExceeded.
    """
    saved = scratch / "saved.tar"
    _build(dockerfile, contents, name, saved, shop)
    commit, created = contents.tree.commit, contents.tree.committed
    image, tars = unpack(saved, base, dockerfile.file)
    built = compress(tars, tools_of(commit, shop) if tars else "", scratch, shop)
    layers = (*trees, *built)
    return adopt(image, base, layers, created=created, labels=labels), layers


def run_build(
    dockerfile: Dockerfile,
    members: Iterable[Member],
    name: str,
    shop: Workshop,
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
    job = Build(context, dockerfile.file, name, steps, shop.limits, arguments or {})
    shop.daemon.build(job, out=out, log=shop.log)
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
    dockerfile: Dockerfile, contents: Contents, name: str, out: Path, shop: Workshop
) -> None:
    for reference in (dockerfile.base, *dockerfile.others):
        if shop.daemon.image(str(reference)) is None:
            shop.daemon.pull(reference)
    run_build(dockerfile, context_members(contents, dockerfile), name, shop, out=out)


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


def why(dockerfile: Dockerfile) -> str:
    """Return what a summary says of an image whose bytes depend on when it is built."""
    first = min(dockerfile.foreign, key=lambda item: item.line)
    return f"bytes not promised: {first.word} in {dockerfile.file}:{first.line}"
