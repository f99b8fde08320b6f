"""`PushTagged`: claim the tag of an image for this build, then push the image."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

import attrs
from buildbot.interfaces import IRenderable

from ..errors import InvalidReference, OutputMissing
from ..model.decision.push import PublishedFacts
from ..model.journal.entries import Publication
from ..model.reference import Repository
from ..model.request import Envelope, PushRequest
from ..model.request.wire import structure
from ..model.result import Result
from ..model.tag import commit_tag
from ..model.tag_claims import ClaimRow
from .base import result_file
from .base.step import ShipStep
from .journal import build_name, has_passed, journal_of, now
from .maintenance import VerifyReproducible
from .shipping import BuildRuntimeImage
from .tag_claims import ClaimTable


class PushTagged(ShipStep):
    """Push an image that `BuildRuntimeImage` made, with the full commit hash as its tag.

    The step succeeds if the tag already has the same image, and fails if it has another one.
    Before the push it claims the tag in the database of the masters.

    :param image: the short name of the image
    :param repository: the repository to push to: ``registry.example.com/team/app``
    :param revision: the commit of the image
    :param publication: the cache key by which `FindPublished` finds the image later; its
        property ``ship_publications`` has one for every image
    :param tested: refuse an image that `SmokeTest` has not tested
    :param claim_remote: the name or URL of a git remote where the step also claims the tag;
        needed if somebody pushes the same images with the command line, or from masters with
        another database
    :param take_over: replace the claim of a build that ended before its push, if the tag does
        not exist
    """

    name = "push"
    request_type = PushRequest
    request_options = (
        "image",
        "repository",
        "revision",
        "publication",
        "tested",
        "claim_remote",
        "take_over",
    )
    renderables: ClassVar[tuple[str, ...]] = request_options
    _claimed: str | None = None

    def __init__(
        self,
        image: str | IRenderable,
        repository: str | IRenderable,
        *,
        revision: str | IRenderable = "HEAD",
        publication: str | IRenderable | None = None,
        tested: bool | IRenderable = False,
        claim_remote: str | IRenderable = "",
        take_over: bool | IRenderable = False,
        **kwargs: Any,
    ) -> None:
        """Set the options of this step and of `ShipStep`."""
        self.image, self.repository, self.revision = image, repository, revision
        self.publication, self.tested = publication, tested
        self.claim_remote, self.take_over = claim_remote, take_over
        super().__init__(**kwargs)

    async def reserve(self, envelope: Envelope, record: Mapping[str, Any]) -> Envelope:
        """Claim the tag for the image of this build.  Raises OutputMissing."""
        commit, digest = await self._built_image()
        reference = str(Repository.parse(self.repository).tagged(commit))
        row = ClaimRow(
            digest,
            record["buildid"],
            f"build {record['number']} of {self.getProperty('buildername')}",
            f"{record['buildid']}-{self.stepid}",
        )
        granted = await ClaimTable(self.master).claim(
            reference, row, may_take_over=self._may_take_over
        )
        self._claimed = granted.row
        return attrs.evolve(envelope, claim=granted.claim)

    async def settle(self, outcome: Result, record: Mapping[str, Any]) -> None:
        """Write the publication into the journal, or release the claim of an unused tag."""
        if self._claimed and outcome.failure is not None and outcome.failure.unpublished:
            await ClaimTable(self.master).release(self._claimed)
        if "publication" in outcome.records:
            await self._enter(outcome.records["publication"], record)

    async def _enter(self, published: Any, record: Mapping[str, Any]) -> None:
        """Write a publication, which the worker reported, into the journal."""
        facts = structure(published, PublishedFacts, "publication")
        journal = journal_of(self.master)
        entry = Publication(
            **attrs.asdict(facts, filter=lambda field, _: field.name != "packages"),
            packages=await journal.keep_packages(facts.packages),
            verified=has_passed(self.build, VerifyReproducible),
            build=build_name(self, record),
            at=now(self.master),
        )
        await journal.write(entry)

    async def _may_take_over(self, other: ClaimRow) -> bool:
        """Return whether the build of another claim has ended, and this one may replace it."""
        if not self.take_over:
            return False
        build = await self.master.data.get(("builds", other.build))
        return build is None or bool(build["complete"])

    async def _built_image(self) -> tuple[str, str]:
        """Return commit and manifest digest of the image.  Raises OutputMissing.

        The property of this build's BuildRuntimeImage has them, or else the record in the work
        folder.  The verb compares both with what it pushes.
        """
        name = f"ship_image_{self.image}"
        built = self.getProperty(name)
        source = self.build.properties.getPropertySource(name) if built else None
        if source != BuildRuntimeImage.__name__:
            path = f"{self.work.rstrip('/')}/records/image-{self.image}.json"
            built = _parsed(await result_file.read(self, path))
        try:
            return commit_tag(built["commit"]), str(built["manifest_digest"])
        except (KeyError, TypeError, InvalidReference):
            what = f"image {self.image}"
            raise OutputMissing(what, BuildRuntimeImage.__name__) from None


def _parsed(data: bytes | None) -> Any:
    try:
        return json.loads(data or b"null")
    except ValueError:
        return None
