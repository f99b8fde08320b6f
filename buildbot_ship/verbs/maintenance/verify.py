"""Check that a commit is reproducible: build it again from scratch, and compare the bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any, Protocol

import attrs

from ...daemon.interface import Daemon
from ...errors import NotReproducible, OutputMissing
from ...model.artefact import Image, Pex, Wheelhouse
from ...model.decision.garbage import IMAGE, Entry
from ...model.dockerfile.document import read
from ...model.image.first_difference import Difference, compare_names
from ...model.job_environment import VARIED
from ...model.reference import digest_of
from ...model.request import Request, VerifyRequest
from ...model.result import SUCCESS, Result, counted
from ...source.interface import Tree, required
from ...store.work_folder import Work
from ..image.build_context import not_reproducible
from ..shared.cache import Cache
from ..shared.files import digest_of_file, expect
from ..shared.job_runner import JobRunner
from ..shared.layers import ensure_layer
from ..shared.phases import phase
from ..shared.wheelhouse import ensure_wheels
from .artefact_members import first_difference


class Ledger(Protocol):
    """The temporary images of this worker in the engine."""

    @property
    def build(self) -> str:
        """The name of this build."""

    def entries(self) -> Iterator[Entry]:
        """Yield the entries of all builds."""


@attrs.frozen
class _Artefact:
    """One file to compare, the digest in its record, and the step that makes it."""

    title: str
    path: Path
    digest: str
    verb: str


def verify(
    request: VerifyRequest,
    *,
    tree: Tree,
    runner: JobRunner,
    perform: Callable[[Request, JobRunner], Result],
    ledger: Ledger,
    explain: Callable[[Path, Path], str],
) -> Result:
    """Build the commit of *tree* again, and compare it with the artefacts in the work folder.

    The second build has a new work folder and no cache.  Its jobs have other folders, and
    another user name, locale, time zone, umask and hash seed (`VARIED`).  *perform* runs a
    request in a job runner.  *explain* describes the difference of two files.  Images that the
    engine builds are skipped.

    Raises OutputMissing, DigestMismatch, NotReproducible, and the errors of the second build.
    """
    skipped = _not_reproducible_images(request, tree)
    images = tuple(image for image in request.images if image.image not in skipped)
    request = attrs.evolve(request, images=images)
    _ensure_files(request, tree.commit, runner)
    first = _artefacts(request, tree.commit, runner.work)
    with runner.work.scratch() as scratch, _removing_loaded_images(ledger, runner.daemon):
        again = attrs.evolve(
            runner,
            work=Work(scratch / "again"),
            job_environment=VARIED,
            cache=Cache(runner.log),
        )
        for part in (request.wheels, *request.pexes, *request.images):
            with phase(f"second build: {part.verb}", runner.log):
                result = perform(part, again)
                runner.log(f"{result.verb}: {result.summary}")
        _compare(first, _artefacts(request, tree.commit, again.work), explain)
    pexes = {
        pex.name: runner.work.find(Pex, tree.commit, pex.name).whole for pex in request.pexes
    }
    return _result(request, first, pexes, skipped)


def _not_reproducible_images(request: VerifyRequest, tree: Tree) -> dict[str, str]:
    """Return the images that the engine builds, with the reason."""
    dockerfiles = {
        image.image: read(required(tree, image.dockerfile), image.dockerfile)
        for image in request.images
    }
    return {
        name: not_reproducible(found)
        for name, found in dockerfiles.items()
        if found.engine_only
    }


@contextmanager
def _removing_loaded_images(ledger: Ledger, daemon: Daemon) -> Iterator[None]:
    """Remove the images that are loaded meanwhile, and no others of this build."""

    def loaded() -> set[str]:
        ours = (e for e in ledger.entries() if e.kind == IMAGE and e.build == ledger.build)
        return {entry.name for entry in ours}

    before = loaded()
    try:
        yield
    finally:
        for name in sorted(loaded() - before):
            daemon.remove_image(name)


def _ensure_files(request: VerifyRequest, commit: str, runner: JobRunner) -> None:
    """Make sure that all wheels and layers are in the work folder, not only in a cache."""
    wheelhouse = runner.work.find(Wheelhouse, commit)
    ensure_wheels(wheelhouse, wheelhouse.wheels, runner)
    layers = [runner.work.find(Pex, commit, pex.name).layers for pex in request.pexes]
    layers += [runner.work.find(Image, commit, image.image).layers for image in request.images]
    for layer in dict.fromkeys(chain.from_iterable(layers)):
        ensure_layer(layer, runner)


def _artefacts(request: VerifyRequest, commit: str, work: Work) -> dict[str, _Artefact]:
    """Return all artefacts by title, inputs first: wheels, pexes, images.

    Raises OutputMissing, and DigestMismatch if a file is not what its record says.
    """
    found = _wheels(work.find(Wheelhouse, commit), work)
    for wanted in request.pexes:
        found += _pex(work.find(Pex, commit, wanted.name), work)
    for image in request.images:
        found += _image_files(work.find(Image, commit, image.image), work)
    for artefact in found:
        if not artefact.path.is_file():
            raise OutputMissing(artefact.title, artefact.verb)
        expect(artefact.title, artefact.digest, digest_of_file(artefact.path))
    return {artefact.title: artefact for artefact in found}


def _wheels(wheelhouse: Wheelhouse, work: Work) -> list[_Artefact]:
    return [
        _Artefact(wheel.file, work.wheelhouse / wheel.file, wheel.digest, "BuildWheels")
        for wheel in wheelhouse.wheels
    ]


def _pex(pex: Pex, work: Work) -> list[_Artefact]:
    verb = "BuildPex"
    file = _Artefact(f"pex {pex.name}", work.pex(pex.name), pex.digest, verb)
    layers = [
        _Artefact(f"{layer.title} in {pex.name}", work.layer(layer.digest), layer.digest, verb)
        for layer in pex.layers
    ]
    return [*layers, file]


def _image_files(image: Image, work: Work) -> list[_Artefact]:
    """Return the files of an image without the layers of its pexes."""
    folder, of_image = work.image(image.name), f"of image {image.name}"
    verb = "BuildRuntimeImage"
    layers = [
        _Artefact(f"layer {n} {of_image}", work.layer(layer.digest), layer.digest, verb)
        for n, layer in enumerate(image.layers)
        if not layer.of_pex
    ]
    config, manifest = folder / "config.json", folder / "manifest.json"
    return [
        *layers,
        _Artefact(f"config.json {of_image}", config, image.image_id, verb),
        _Artefact(f"manifest.json {of_image}", manifest, image.manifest_digest, verb),
    ]


def _compare(
    first: dict[str, _Artefact],
    second: dict[str, _Artefact],
    explain: Callable[[Path, Path], str],
) -> None:
    """Raise NotReproducible with the first difference of the first artefact that has one."""
    lines = [
        f"{title}: {_digest(first.get(title))}, then {_digest(second.get(title))}"
        for title in {**first, **second}
        if _digest(first.get(title)) != _digest(second.get(title))
    ]
    names = compare_names([*first], [*second])
    if names is not None:
        raise NotReproducible("the commit", names.member, names.what, "\n".join(lines))
    for title, artefact in first.items():
        if artefact.digest != second[title].digest:
            other = second[title].path
            found: Difference = first_difference(artefact.path, other)
            more = explain(artefact.path, other)
            details = "\n".join([*lines, *([more] if more else [])])
            raise NotReproducible(title, found.member, found.what, details)


def _digest(artefact: _Artefact | None) -> str:
    return artefact.digest if artefact else "not there"


def _result(
    request: VerifyRequest,
    found: dict[str, _Artefact],
    pexes: dict[str, str],
    skipped: dict[str, str],
) -> Result:
    listing = "".join(f"{a.digest}  {a.title}\n" for a in found.values())
    notes = [f"{name} skipped, {reason}" for name, reason in skipped.items()]
    images = {
        part.image: found[f"manifest.json of image {part.image}"].digest
        for part in request.images
    }
    digests: dict[str, Any] = {
        "all": digest_of(listing.encode()),
        "pexes": pexes,
        "images": images,
    }
    return Result(
        "verify",
        SUCCESS,
        "; ".join([f"{_counts(request, found)} identical", *notes]),
        properties={"ship_reproducible": digests},
        texts={"digests.txt": listing},
    )


def _counts(request: VerifyRequest, found: dict[str, _Artefact]) -> str:
    wheels = sum(artefact.verb == "BuildWheels" for artefact in found.values())
    counts = (
        (wheels, "wheel", "wheels"),
        (len(request.pexes), "pex", "pexes"),
        (len(request.images), "image", "images"),
    )
    return ", ".join(counted(*count) for count in counts if count[0])
