"""Assemble a runtime image from its Dockerfile, and load it into the engine."""

from __future__ import annotations

import hashlib
import stat
import zlib
from collections.abc import Callable
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import IO

import attrs

from ..daemon.interface import Daemon, Job, JobFile, Log
from ..errors import DigestMismatch, EngineError, FileMissing, OutputMissing
from ..model import label
from ..model.archive import write_archive
from ..model.artefact import Image, Layer, Pex, Wheelhouse
from ..model.base import Base
from ..model.dockerfile import Dockerfile, read
from ..model.filesystem import Filesystem
from ..model.image import Assembled, assemble
from ..model.layer import Member, file_mode, write_layer
from ..model.placement import Layout, Placed, needs_base, place
from ..model.request import ImageRequest
from ..model.result import SUCCESS, Result
from ..registry.interface import Registry
from ..source.interface import Tree, required
from ..store.work import Work
from .runtime import fetch_base, list_base
from .workshop import PYTHON

_CHUNK = 1 << 20
_LAYER = "layer-0.tar"


def image(
    request: ImageRequest,
    *,
    tree: Tree,
    registry: Registry,
    daemon: Daemon,
    work: Work,
    log: Log,
    new_name: Callable[[], str],
    platform: str = "linux/amd64",
) -> Result:
    """Make the image of *request* at the commit of *tree*; the engine then has it too.

    *new_name* gives a tag that nobody else has; *platform* is the engine's.  Raises
    FileMissing, InvalidFile, BaseNotFound, OutputMissing, DigestMismatch, and whatever
    registry and engine raise.
    """
    dockerfile = read(required(tree, request.dockerfile), request.dockerfile)
    label.check(dockerfile)
    defaults = label.defaults(request.source, request.labels)
    base = fetch_base(dockerfile.base, platform, registry)
    looked = needs_base(dockerfile)
    inside = list_base(base, registry, work, log) if looked else Filesystem()
    members = _members(place(dockerfile, inside, base.work_folder), dockerfile, tree, work)
    with work.scratch() as scratch:
        layers = _layers(members, scratch, tree.commit, daemon, work, log)
        assembled = assemble(
            base,
            dockerfile,
            tuple(layers),
            created=tree.committed,
            defaults=defaults,
            facts=label.facts(base, tree.commit, tree.committed),
        )
        loaded_as = f"ship.local/{request.image}:{new_name()}"
        _load(assembled, base, layers, loaded_as, scratch, daemon)
        record = _record(request.image, tree.commit, assembled, base, tuple(layers), loaded_as)
        _keep(record, assembled, layers, scratch, work)
    return _result(record, dockerfile)


@attrs.frozen
class _Content:
    """What goes into one file: *size* bytes, and the mode's one question."""

    size: int
    executable: bool
    opener: Callable[[], IO[bytes]]


def _members(layout: Layout, dockerfile: Dockerfile, tree: Tree, work: Work) -> list[Member]:
    """Return the layer's members; raise FileMissing with every file that is nowhere."""
    contents: dict[str, _Content | None] = {}
    for placed in layout.files.values():
        if placed.source not in contents:
            contents[placed.source] = _content(placed.source, tree, work)
    missing = [placed for placed in layout.files.values() if contents[placed.source] is None]
    if missing:
        raise _missing(missing, dockerfile, tree)
    files = [
        Member(path, file_mode(content.executable), content.size, content.opener)
        for path, placed in layout.files.items()
        if (content := contents[placed.source])
    ]
    folders = [
        Member(path, stat.S_IMODE(node.mode), uid=node.uid, gid=node.gid)
        for path, node in layout.folders.items()
    ]
    return [*folders, *files]


def _content(source: str, tree: Tree, work: Work) -> _Content | None:
    """Return the pex of this commit that is called *source*, else the file in the tree."""
    try:
        record = work.find(Pex, tree.commit, source) if "/" not in source else None
    except OutputMissing:
        record = None
    if record is not None:
        path = work.pex(record.name)
        if not path.is_file():
            raise OutputMissing(f"pex {record.name}", "BuildPex")
        _expect(f"pex {record.name}", record.digest, _digest(path))
        return _Content(record.size, True, partial(path.open, "rb"))
    file = tree.read(source)
    if file is None:
        return None
    return _Content(len(file.data), file.executable, partial(BytesIO, file.data))


def _missing(missing: list[Placed], dockerfile: Dockerfile, tree: Tree) -> FileMissing:
    names = ", ".join(sorted({placed.source for placed in missing}))
    lines = ", ".join(str(line) for line in sorted({placed.line for placed in missing}))
    where = f"commit {tree.commit[:12]}, nor a pex made for it"
    return FileMissing(f"{dockerfile.file}:{lines}: {names}", where)


def _layers(
    members: list[Member], scratch: Path, commit: str, daemon: Daemon, work: Work, log: Log
) -> dict[Layer, Path]:
    """Return the new layer with its gzipped file, or nothing where nothing is copied.

    It is compressed in the tools image, whose zlib is pinned, and verified here.
    """
    if not members:
        return {}
    tar = scratch / _LAYER
    with tar.open("wb") as out:
        diff_id = write_layer(members, out)
    tools = work.find(Wheelhouse, commit).tools
    if daemon.image(tools) is None:
        raise OutputMissing(f"tools image {tools}", "BuildWheels")
    made = scratch / "compressed"
    made.mkdir()
    job = Job("compress", tools, {"files": [_LAYER]}, PYTHON, (JobFile(_LAYER, tar),))
    said = daemon.run(job, out=made, log=log)["files"][_LAYER]
    path = made / f"{_LAYER}.gz"
    _expect(f"{_LAYER}.gz", str(said["digest"]), _digest(path))
    _expect(f"{_LAYER}.gz, unpacked,", diff_id, _digest(path, zlib.decompressobj(31)))
    log(f"{_LAYER}: {len(members)} members, {path.stat().st_size} bytes compressed")
    return {Layer(diff_id, str(said["digest"]), path.stat().st_size): path}


def _load(
    assembled: Assembled,
    base: Base,
    layers: dict[Layer, Path],
    loaded_as: str,
    scratch: Path,
    daemon: Daemon,
) -> None:
    """Load the image over its base, and see that the engine calls it as we do."""
    if daemon.image(str(base.pinned)) is None:
        daemon.pull(base.pinned)
    archive = scratch / "image.tar"
    openers = [(layer, partial(path.open, "rb")) for layer, path in layers.items()]
    with archive.open("wb") as out:
        write_archive(assembled, base, openers, loaded_as, out)
    daemon.load(archive, loaded_as)
    loaded = daemon.image(loaded_as)
    # The containerd store calls an image by its manifest's digest.
    ours = (assembled.image_id, assembled.manifest_digest)
    if loaded is None or loaded.image_id not in ours:
        got = loaded.image_id if loaded else "nothing"
        raise EngineError(f"load {loaded_as}", f"it has {got}, not {assembled.image_id}")


def _record(
    name: str,
    commit: str,
    assembled: Assembled,
    base: Base,
    layers: tuple[Layer, ...],
    loaded_as: str,
) -> Image:
    return Image(
        commit=commit,
        name=name,
        image_id=assembled.image_id,
        manifest_digest=assembled.manifest_digest,
        media_type=assembled.media_type,
        base=str(base.reference),
        layers=layers,
        size=assembled.size,
        loaded_as=loaded_as,
    )


def _keep(
    record: Image, assembled: Assembled, layers: dict[Layer, Path], scratch: Path, work: Work
) -> None:
    """Leave the image's files and its record for `PushTagged`."""
    folder = scratch / "image"
    folder.mkdir()
    (folder / "config.json").write_bytes(assembled.config)
    (folder / "manifest.json").write_bytes(assembled.manifest)
    for number, path in enumerate(layers.values()):
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


def _digest(path: Path, inflater: zlib._Decompress | None = None) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(inflater.decompress(chunk) if inflater else chunk)
    return f"sha256:{digest.hexdigest()}"


def _expect(what: str, expected: str, got: str) -> None:
    if expected != got:
        raise DigestMismatch(what, expected, got)
