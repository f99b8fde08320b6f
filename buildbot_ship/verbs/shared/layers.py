"""Layers of ours: compressed where the bytes are pinned, verified, kept, and brought."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from ...daemon.interface import JobFile
from ...errors import OutputMissing
from ...model.artefact import Binaries, Layer, Wheelhouse
from ...model.cache import Blob, Entry
from ...model.image.gzip_stream import inflate
from ...model.reference import Reference
from ...model.request.wire import CONVERTER, structure
from .files import digest_of_file, expect
from .job_runner import JobRunner
from .tools_image import MAKING

_CHUNK = 1 << 16


def tools_of(commit: str, runner: JobRunner) -> str:
    """Return the tools image of this commit's build base; raise OutputMissing."""
    wheelhouse = runner.work.find(Wheelhouse, commit)
    if wheelhouse.tools and runner.daemon.image(wheelhouse.tools) is not None:
        return wheelhouse.tools
    return runner.tools(Reference.parse(wheelhouse.base), MAKING).image


def compress(  # noqa: PLR0917
    tars: Mapping[str, str],
    tools: str,
    scratch: Path,
    runner: JobRunner,
    name: str = "",
    title: str = "",
    binaries: Binaries | None = None,
) -> tuple[Layer, ...]:
    """Return the layers of the *tars* in *scratch*, whose diff IDs are given by name.

    They are compressed in the tools image, whose zlib is pinned, verified here, and kept:
    under the key *name* with its *title* and its *binaries*, if it is but one.
    """
    if not tars:
        return ()
    made = scratch / f"{next(iter(tars))}.compressed"
    inputs = tuple(JobFile(tar, scratch / tar) for tar in tars)
    said = runner.run("compress", tools, {"files": list(tars)}, made, inputs)["files"]
    found = []
    for tar, diff_id in tars.items():
        path, digest = made / f"{tar}.gz", str(said[tar]["digest"])
        layer = Layer(diff_id, digest, path.stat().st_size, title, name, binaries=binaries)
        runner.log(f"{title or tar}: {layer.size} bytes compressed")
        found.append(take_layer(layer, path, runner))
    return tuple(found)


def known_layer(key: str, runner: JobRunner) -> Layer | None:
    """Return the layer that a cache knows under *key*; its bytes are left where they are."""
    entry = runner.cache.find(key)
    return None if entry is None else structure(entry.record, Layer, "layer")


def take_layer(layer: Layer, path: Path, runner: JobRunner) -> Layer:
    """Verify that the file at *path* is *layer*; keep it, and return it.

    It is kept for this build, and in this worker's cache; other workers get to know it when
    it is published.  Raises DigestMismatch.
    """
    title = layer.title or path.name
    expect(title, layer.digest, digest_of_file(path))
    expect(f"{title}, unpacked,", layer.diff_id, digest_of_unpacked(path))
    kept = runner.work.layer(layer.digest)
    runner.work.replace(path, kept)
    if layer.key:
        runner.cache.keep(layer.key, entry_of(layer), {layer.digest: kept}, shared=False)
    return layer


def digest_of_unpacked(path: Path) -> str:
    """Return the digest of what is in the gzipped file at *path*.  Raises zlib.error."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for part in inflate(iter(partial(file.read, _CHUNK), b"")):
            digest.update(part)
    return f"sha256:{digest.hexdigest()}"


def entry_of(layer: Layer) -> Entry:
    """Return what a cache holds of a layer."""
    name = f"the layer of {layer.title or 'what is copied'}"
    blob = Blob(name, layer.digest, layer.size)
    return Entry(CONVERTER.unstructure(layer), (blob,))


def bring_layer(layer: Layer, runner: JobRunner) -> Path:
    """Return the verified file of a layer in the work folder, out of a cache if need be.

    Raises OutputMissing when no cache has it any more.
    """
    path, (blob,) = runner.work.layer(layer.digest), entry_of(layer).blobs
    if runner.bring(blob, path):
        return path
    raise OutputMissing(blob.name, layer.verb)
