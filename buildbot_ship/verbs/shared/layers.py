"""Layers of an image: compress them, verify them, cache them, and restore their files."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import attrs

from ...daemon.interface import JobFile
from ...errors import OutputMissing
from ...model.artefact import Binaries, Layer, Wheelhouse
from ...model.cache import Blob, Entry
from ...model.image.layer_stream import inflate
from ...model.reference import Reference
from ...model.request.wire import CONVERTER, structure
from .files import digest_of_file, expect
from .job_result import reading_result
from .job_runner import JobRunner
from .tools_image import BUILD_TOOLS

_CHUNK = 1 << 16


@attrs.frozen
class LayerTar:
    """A layer before compression: the tar *file* in a scratch folder, and its diff ID.

    *key* is its cache key; a layer without one is not cached.
    """

    file: str
    diff_id: str
    key: str = ""
    title: str = ""
    binaries: Binaries | None = None


def compress(
    tars: Sequence[LayerTar], commit: str, scratch: Path, runner: JobRunner
) -> tuple[Layer, ...]:
    """Compress *tars* in *scratch*, verify and store them; return their layers in order.

    The tools image compresses them, because its zlib is pinned: the bytes are reproducible.
    Raises OutputMissing if *commit* has no wheelhouse, and JobFailed.
    """
    if not tars:
        return ()
    tools = tools_image_of(commit, runner)
    out = scratch / f"{tars[0].file}.compressed"
    inputs = tuple(JobFile(tar.file, scratch / tar.file) for tar in tars)
    arguments = {"files": [tar.file for tar in tars]}
    result = runner.run("compress", tools, arguments, out, inputs)
    layers = []
    for tar in tars:
        with reading_result("compress"):
            path, digest = out / f"{tar.file}.gz", str(result["files"][tar.file]["digest"])
            size = path.stat().st_size
            layer = Layer(tar.diff_id, digest, size, tar.title, tar.key, binaries=tar.binaries)
        runner.log(f"{tar.title or tar.file}: {layer.size} bytes compressed")
        layers.append(store_layer(layer, path, runner))
    return tuple(layers)


def tools_image_of(commit: str, runner: JobRunner) -> str:
    """Return the tools image of the build base of *commit*.

    Raises OutputMissing if *commit* has no wheelhouse.
    """
    wheelhouse = runner.work.find(Wheelhouse, commit)
    if wheelhouse.tools and runner.daemon.image(wheelhouse.tools) is not None:
        return wheelhouse.tools
    return runner.tools(Reference.parse(wheelhouse.base), BUILD_TOOLS).image


def cached_layer(key: str, runner: JobRunner) -> Layer | None:
    """Return the record of the layer with this cache key, or None.  Its file stays there."""
    entry = runner.cache.find(key)
    return None if entry is None else structure(entry.record, Layer, "layer")


def store_layer(layer: Layer, path: Path, runner: JobRunner) -> Layer:
    """Verify that the file at *path* is *layer*; move it to the work folder; return *layer*.

    If it has a cache key, this worker's cache keeps it, too.  Other workers get it when it is
    published.  Raises DigestMismatch.
    """
    title = layer.title or path.name
    expect(title, layer.digest, digest_of_file(path))
    expect(f"{title}, unpacked,", layer.diff_id, diff_id_of(path))
    stored = runner.work.layer(layer.digest)
    runner.work.replace(path, stored)
    if layer.key:
        files = {layer.digest: stored}
        runner.cache.keep(layer.key, layer_entry(layer), files, shared=False)
    return layer


def diff_id_of(path: Path) -> str:
    """Return the diff ID of a gzipped layer: the digest of its tar.  Raises zlib.error."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for part in inflate(iter(partial(file.read, _CHUNK), b"")):
            digest.update(part)
    return f"sha256:{digest.hexdigest()}"


def layer_entry(layer: Layer) -> Entry:
    """Return the cache entry of a layer."""
    name = f"the layer of {layer.title or 'copied files'}"
    blob = Blob(name, layer.digest, layer.size)
    return Entry(CONVERTER.unstructure(layer), (blob,))


def ensure_layer(layer: Layer, runner: JobRunner) -> Path:
    """Make sure that the file of *layer* is in the work folder, from a cache if necessary.

    Return its path.  Raises OutputMissing if no cache has it.
    """
    path, (blob,) = runner.work.layer(layer.digest), layer_entry(layer).blobs
    if runner.ensure_blob(blob, path):
        return path
    raise OutputMissing(blob.name, layer.verb)
