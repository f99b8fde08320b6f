"""Push an image to its registry, under the commit hash as tag."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import attrs

from ...errors import (
    DigestMismatch,
    ImageNotTested,
    OutputMissing,
    ShipError,
    TagClaimed,
    TagTaken,
)
from ...model.artefact import Image, PassedTest
from ...model.decision.push import PublishedFacts, PushPlan
from ...model.reference import Reference, Repository
from ...model.request import PushRequest
from ...model.request.settings import TagClaim
from ...model.request.wire import CONVERTER
from ...model.result import PUSHED, SUCCESS, Result
from ...registry.immutable_tag import before_publication, find_published, publish
from ...registry.interface import Manifest, Registry
from ...store.work_folder import Work
from ..shared.cache import Cache
from ..shared.job_runner import JobRunner
from ..shared.layers import layer_entry
from .publication import keep_publication
from .transfer import send_blobs


def push(
    request: PushRequest,
    *,
    commit: str,
    runner: JobRunner,
    claim: TagClaim | None = None,
    claim_ref: Callable[[Reference, str], None] | None = None,
) -> Result:
    """Push the image of *request* that was built for *commit*; never move a tag.

    *claim* is what the master claimed, and *claim_ref* claims a reference for a digest on a git
    server.  Without both, another writer of the tag may be overwritten at the same moment.  If
    the tag has the same image, the push succeeds with the digest in the registry.

    Raises OutputMissing, ImageNotTested, TagTaken, TagClaimed, DigestMismatch, and what
    registries and git servers raise.
    """
    with before_publication():
        record = runner.work.find(Image, commit, request.image)
        manifest = _read_manifest(record, runner.work.image(request.image))
        if request.tested:
            _require_test(record, runner.work)
        plan = PushPlan.of(request, record, manifest.data)
        published = _find_published(record, plan.reference, manifest, runner)
        if published is not None:
            runner.log(f"{plan.reference} already has this image")
            result = _result(record, plan, published, "already published")
            return _kept(request, _recorded(result, request, record, published, runner), runner)
        _require_claim(claim, plan.reference, manifest.digest)
        sent = send_blobs(plan, runner.work.image(request.image), runner)
        if claim_ref is not None:
            claim_ref(plan.reference, manifest.digest)
    digest = publish(runner.registry, plan.reference, manifest)
    _share_layers(record, plan.reference.repository, runner.cache)
    sent = attrs.evolve(sent, bytes_sent=sent.bytes_sent + len(manifest.data))
    result = _result(record, plan, digest, f"pushed {sent}", sent.bytes_sent)
    return _kept(request, _recorded(result, request, record, digest, runner), runner)


def _find_published(
    record: Image, reference: Reference, manifest: Manifest, runner: JobRunner
) -> str | None:
    """Return what `find_published` returns; its TagTaken says how the images differ."""
    try:
        return find_published(runner.registry, reference, manifest)
    except TagTaken as taken:
        # Imported late: this is rare.
        from ...model.decision.image_differences import (  # noqa: PLC0415
            describe,
            remedy,
        )

        built = runner.work.image(record.name) / "config.json"
        published = _published_config(reference, runner.registry)
        taken.differences = describe(published, built.read_bytes() if built.is_file() else b"")
        taken.hint = remedy(taken.differences)
        raise


def _published_config(reference: Reference, registry: Registry) -> bytes:
    """Return the config of a published image; empty if it cannot be read."""
    # Imported late: this is rare.
    from ...model.image.base import config_digest  # noqa: PLC0415

    with suppress(ShipError):
        manifest = registry.manifest(reference)
        if manifest is not None:
            digest = config_digest(manifest.media_type, manifest.data, reference)
            return registry.blob(reference.repository, digest)
    return b""


def _require_claim(claim: TagClaim | None, reference: Reference, digest: str) -> None:
    """Raise TagClaimed or DigestMismatch if the master claimed the tag for another image."""
    if claim is None:
        return
    if claim.holder:
        raise TagClaimed(str(reference), claim.digest, claim.holder, digest)
    if claim != TagClaim(str(reference), digest):
        what = f"the image that the master claimed as {claim.reference}"
        raise DigestMismatch(what, claim.digest, f"{digest} ({reference})")


def _share_layers(record: Image, repository: Repository, cache: Cache) -> None:
    """Give the shared cache the layers in *repository*, for other workers."""
    for layer in record.layers:
        if layer.key:
            cache.share(layer.key, layer_entry(layer), repository)


def _kept(request: PushRequest, result: Result, runner: JobRunner) -> Result:
    """Give the caches the publication; return *result*."""
    keep_publication(request, result.properties, runner.cache)
    return result


def _recorded(
    result: Result, request: PushRequest, record: Image, digest: str, runner: JobRunner
) -> Result:
    """Return *result* with the facts of the publication for the master's journal."""
    facts = PublishedFacts(
        image=record.name,
        repository=request.repository,
        commit=record.commit,
        reference=result.properties[f"{PUSHED}{record.name}"]["reference"],
        digest=digest,
        size=record.size,
        base=record.base,
        tested=_is_tested(record, runner.work),
        packages=record.packages,
    )
    return attrs.evolve(result, records={"publication": CONVERTER.unstructure(facts)})


def _is_tested(record: Image, work: Work) -> bool:
    try:
        _require_test(record, work)
    except ImageNotTested:
        return False
    return True


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


def _result(record: Image, plan: PushPlan, digest: str, how: str, sent: int = 0) -> Result:
    """Return the result; *sent* is the number of bytes that were sent."""
    pushed = {
        "reference": str(plan.reference),
        "digest": digest,
        "image_id": record.image_id,
        "size": record.size,
        "sent_bytes": sent,
    }
    return Result(
        "push",
        SUCCESS,
        f"{how}: {plan.reference}",
        properties={f"{PUSHED}{record.name}": pushed},
    )
