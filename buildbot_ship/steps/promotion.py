"""`PromoteImage`: set a channel, such as ``production``, to an image that is published."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import attrs
from buildbot.interfaces import IRenderable

from ..errors import ImageNotTested, NotInJournal
from ..model.journal.entries import Promotion, Publication
from ..model.request import Envelope, PromoteRequest
from ..model.result import Result
from .base.step import ShipStep
from .journal import build_name, journal_of, now


class PromoteImage(ShipStep):
    """Set a channel (a tag that may move) to an image that was built, tested and pushed before.

    Nothing is built.  To roll back, promote the image that the channel named before.  The
    journal keeps who moved the channel, when, from what and to what.

    :param repository: the repository of the image: ``registry.example.com/team/app``
    :param image: the digest of the image, or the full hash of its commit
    :param channel: the tag to set: a word such as ``production``
    :param expected: the digest that the channel must name now; empty: any
    :param tested: refuse an image that `SmokeTest` has not tested
    """

    name = "promote"
    request_type = PromoteRequest
    request_options = ("repository", "image", "channel", "expected")
    renderables: ClassVar[tuple[str, ...]] = (*request_options, "tested")
    _published: Publication

    def __init__(
        self,
        repository: str | IRenderable,
        image: str | IRenderable,
        *,
        channel: str | IRenderable = "production",
        expected: str | IRenderable = "",
        tested: bool | IRenderable = True,
        **kwargs: Any,
    ) -> None:
        """Set the options of this step and of `ShipStep`."""
        self.repository, self.image, self.channel = repository, image, channel
        self.expected, self.tested = expected, tested
        super().__init__(**kwargs)

    def summarizes_build(self) -> bool:
        """Return True: a build runs for the sake of this step."""
        return True

    async def reserve(self, envelope: Envelope, record: Mapping[str, Any]) -> Envelope:
        """Look the image up in the journal.  Raises NotInJournal, ImageNotTested."""
        inventory = await journal_of(self.master).read()
        known = inventory.images.get(self.repository)
        found = known.find(self.image) if known else None
        if found is None:
            raise NotInJournal(self.repository, self.image)
        if self.tested and not found.tested:
            why = "no smoke test is in the journal"
            raise ImageNotTested(found.image, found.digest, why)
        self._published = found
        request = PromoteRequest(self.repository, found.digest, self.channel, self.expected)
        return attrs.evolve(envelope, request=request)

    async def settle(self, outcome: Result, record: Mapping[str, Any]) -> None:
        """Write the promotion into the journal."""
        promoted = outcome.properties.get("ship_promoted")
        if promoted is None:
            return
        entry = Promotion(
            repository=self.repository,
            channel=self.channel,
            digest=self._published.digest,
            previous=str(promoted.get("previous", "")),
            commit=self._published.commit,
            who=str(self.getProperty("owner") or self.getProperty("scheduler") or ""),
            build=build_name(self, record),
            at=now(self.master),
        )
        await journal_of(self.master).write(entry)
