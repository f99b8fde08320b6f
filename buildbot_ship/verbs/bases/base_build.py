"""Build a derived base in the engine, label it with its inputs, and publish it."""

from __future__ import annotations

import gzip
import hashlib
import shutil
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import attrs

from ...daemon.interface import Daemon
from ...errors import EngineError
from ...model.artefact import Layer
from ...model.decision.derive import CONTENT, INPUTS
from ...model.image import labels as label
from ...model.image.assemble import Assembled, Labels
from ...model.image.manifest import list_blobs
from ...model.log import Log
from ...model.reference import Reference, digest_of_stream
from ...model.runtime.engine_built import adopt
from ...registry.copy import Copied, copy_blob
from ...registry.immutable_tag import publish
from ...registry.interface import Manifest, Registry
from ..image.engine_build import run_build, unpack
from ..shared.files import digest_of_file
from ..shared.job_runner import JobRunner
from .build_inputs import Recipe

_CHUNK = 1 << 20
_PROXIES = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")
_VOLATILE = ("var/log/", "var/cache/", "var/lib/apt/lists/", "tmp/", "root/.cache/")
"""Folders of logs and caches, which do not count as a change of a base."""


@attrs.frozen
class Derived:
    """A base that *builder* of the engine built.

    *content* is a digest of its files without times and logs.
    """

    base: Reference
    assembled: Assembled
    layers: tuple[Layer, ...]
    content: str
    builder: str


def build_base(
    recipe: Recipe,
    name: str,
    scratch: Path,
    runner: JobRunner,
    *,
    moment: datetime,
    source: str | None,
) -> Derived:
    """Build *recipe* in the engine under the temporary *name*, and remove it from there.

    Raises BuildKitMissing, JobFailed with the line that failed, EngineError, LimitExceeded.
    """
    saved = scratch / "saved.tar"
    with _temporarily_pulled([base.pinned for base in recipe.bases], runner.daemon, runner.log):
        proxy = runner.index.proxy
        arguments = dict.fromkeys(_PROXIES, proxy) if proxy else {}
        builder = run_build(
            recipe.dockerfile,
            recipe.members,
            name,
            runner,
            out=saved,
            base=recipe.base.pinned,
            arguments=arguments,
            secrets=recipe.secrets,
        )
    image, tars = unpack(saved, recipe.base, recipe.dockerfile.file)
    content = _content_digest([scratch / tar for tar in tars])
    layers = tuple(_compress(scratch / tar, diff_id) for tar, diff_id in tars.items())
    facts = label.facts(recipe.base, recipe.contents.tree.commit, moment)
    facts |= {INPUTS: recipe.key, CONTENT: content}
    labels = Labels(label.defaults(source, {}), facts)
    assembled = adopt(image, recipe.base, layers, created=moment, labels=labels)
    return Derived(recipe.base.reference, assembled, layers, content, builder)


def publish_base(
    derived: Derived, reference: Reference, scratch: Path, registry: Registry
) -> Copied:
    """Publish a base whose layers are in *scratch*; return what was transferred.

    Raises TagTaken, and the errors of registries.
    """
    assembled, repository = derived.assembled, reference.repository
    manifest = Manifest(assembled.media_type, assembled.manifest)
    own: dict[str, bytes | Path] = {
        layer.digest: _compressed_path(scratch, layer.diff_id) for layer in derived.layers
    }
    own[assembled.image_id] = assembled.config
    done = Copied()
    for blob in list_blobs(manifest.data, reference):
        if blob.digest not in own:
            if not blob.foreign:
                source = derived.base.repository
                done += copy_blob(registry, blob.digest, source, repository)
        elif not registry.has(repository, blob.digest):
            sent = registry.upload(repository, blob.digest, own[blob.digest])
            done += Copied(sent, sent=1)
    publish(registry, reference, manifest)
    return done


@contextmanager
def _temporarily_pulled(bases: Iterable[Reference], daemon: Daemon, log: Log) -> Iterator[None]:
    """Pull *bases* into the engine; afterwards remove those that it did not have before."""
    pulled = [base for base in bases if daemon.image(str(base)) is None]
    try:
        for base in pulled:
            daemon.pull(base, temporary=True)
        yield
    finally:
        for base in pulled:
            try:
                daemon.remove_image(str(base))
            except EngineError as error:
                log(f"left for garbage collection: {error}")


def _compress(tar: Path, diff_id: str) -> Layer:
    """Compress a layer, and delete its tar."""
    compressed = _compressed_path(tar.parent, diff_id)
    with (
        tar.open("rb") as source,
        compressed.open("wb") as raw,
        gzip.GzipFile("", "wb", 6, raw, mtime=0) as out,
    ):
        shutil.copyfileobj(source, out, _CHUNK)
    tar.unlink()
    return Layer(diff_id, digest_of_file(compressed), compressed.stat().st_size)


def _compressed_path(folder: Path, diff_id: str) -> Path:
    return folder / f"{diff_id.removeprefix('sha256:')}.tar.gz"


def _content_digest(tars: Iterable[Path]) -> str:
    """Return a digest of the files in layers, without times, logs and caches."""
    digest = hashlib.sha256()
    for number, tar in enumerate(tars):
        with tarfile.open(tar) as archive:
            rows = sorted(_rows(archive))
        digest.update(f"{number} {rows}\n".encode())
    return f"sha256:{digest.hexdigest()}"


def _rows(archive: tarfile.TarFile) -> Iterator[tuple[Any, ...]]:
    for member in archive:
        name = member.name.removeprefix("./")
        if name.startswith(_VOLATILE) or name.endswith((".pyc", "-old")) or member.isdir():
            continue
        file = archive.extractfile(member) if member.isreg() else None
        content = digest_of_stream(file) if file else member.linkname
        yield name, member.type, member.mode, member.uid, member.gid, content
