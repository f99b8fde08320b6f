"""Push an image to its registry, under the commit hash as tag."""

from __future__ import annotations

from pathlib import Path

from ...errors import DigestMismatch, ImageNotTested, OutputMissing
from ...model.artefact import Image, PassedTest
from ...model.decision.push import OwnBlob, PushPlan
from ...model.reference import Repository
from ...model.request import PushRequest
from ...model.result import SUCCESS, Result
from ...registry.copy import Copied, copy_blob
from ...registry.immutable_tag import find_published, publish
from ...registry.interface import Manifest
from ...store.work_folder import Work
from ..shared.job_runner import JobRunner
from ..shared.layers import ensure_layer, layer_entry
from .publication import keep_publication


def push(request: PushRequest, *, commit: str, runner: JobRunner) -> Result:
    """Push the image of *request* that was built for *commit*; never move a tag.

    If the tag has the same image, the push succeeds with the digest in the registry.  The
    shared cache gets the layers and the publication, for other workers.

    Raises OutputMissing, ImageNotTested, TagTaken, DigestMismatch, and what registries raise.
    """
    registry, log = runner.registry, runner.log
    record = runner.work.find(Image, commit, request.image)
    manifest = _read_manifest(record, runner.work.image(request.image))
    if request.tested:
        _require_test(record, runner.work)
    plan = PushPlan.of(request, record, manifest.data)
    published = find_published(registry, plan.reference, manifest)
    if published is not None:
        log(f"{plan.reference} already has this image")
        result = _result(record, plan, published, None)
        keep_publication(request, result.properties, runner.cache)
        return result
    sent = _send_blobs(plan, runner.work.image(request.image), runner)
    digest = publish(registry, plan.reference, manifest)
    for layer in record.layers:
        if layer.key:
            runner.cache.share(layer.key, layer_entry(layer), plan.reference.repository)
    result = _result(record, plan, digest, sent + Copied(len(manifest.data)))
    keep_publication(request, result.properties, runner.cache)
    return result


def _read_manifest(record: Image, folder: Path) -> Manifest:
    """Return the manifest of an image.  Raises OutputMissing, DigestMismatch."""
    path = folder / "manifest.json"
    if not path.is_file():
        raise OutputMissing(f"image {record.name}", "BuildRuntimeImage")
    manifest = Manifest(record.media_type, path.read_bytes())
    if manifest.digest != record.manifest_digest:
        raise DigestMismatch(
            f"the manifest of image {record.name}", record.manifest_digest, manifest.digest
        )
    return manifest


def _require_test(record: Image, work: Work) -> None:
    """Raise ImageNotTested unless a smoke test has passed exactly this manifest."""
    try:
        tested = work.find(PassedTest, record.commit, record.name)
    except OutputMissing:
        why = "no smoke test of this commit has passed"
        raise ImageNotTested(record.name, record.manifest_digest, why) from None
    if tested.manifest_digest != record.manifest_digest:
        why = f"the tested image has the digest {tested.manifest_digest}"
        raise ImageNotTested(record.name, record.manifest_digest, why)


def _send_blobs(plan: PushPlan, folder: Path, runner: JobRunner) -> Copied:
    """Copy or upload all blobs of the image that the repository does not have."""
    repository = plan.reference.repository
    done = Copied()
    for digest in plan.base_blobs:
        done += copy_blob(runner.registry, digest, plan.base, repository)
    for blob in plan.own_blobs:
        done += _send_own(blob, folder, repository, runner)
    runner.log(f"{plan.reference}: {done}")
    return done


def _send_own(blob: OwnBlob, folder: Path, repository: Repository, runner: JobRunner) -> Copied:
    registry, layer = runner.registry, blob.layer
    if registry.has(repository, blob.digest):
        return Copied()
    if layer is not None and not runner.work.layer(layer.digest).is_file():
        for source in runner.cache.repositories():
            if registry.has(source, layer.digest):
                return copy_blob(registry, layer.digest, source, repository)
    path = folder / "config.json" if layer is None else ensure_layer(layer, runner)
    if not path.is_file():
        raise OutputMissing(f"image {folder.name}", "BuildRuntimeImage")
    return Copied(registry.upload(repository, blob.digest, path), sent=1)


def _result(record: Image, plan: PushPlan, digest: str, sent: Copied | None) -> Result:
    """Return the result; *sent* is None if the tag already had the image."""
    pushed = {
        "reference": str(plan.reference),
        "digest": digest,
        "image_id": record.image_id,
        "size": record.size,
        "sent_bytes": sent.bytes_sent if sent else 0,
    }
    how = _size(sent.bytes_sent) + " sent" if sent else "already published"
    return Result(
        "push",
        SUCCESS,
        f"{plan.reference}: {how}",
        properties={f"ship_pushed_{record.name}": pushed},
    )


def _size(count: int) -> str:
    """Return a number of bytes as text, in MB or KB."""
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1e3:.1f} KB"
