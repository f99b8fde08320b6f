"""Which base is copied where: decided from a request and a moment alone."""

from __future__ import annotations

from datetime import datetime

import attrs

from ..reference import Reference, Repository
from ..request import RetagRequest
from ..tag import timestamp_tag


@attrs.frozen
class RetagPlan:
    """One *tag* for all: each of *copies* is a source and the destination it gets."""

    tag: str
    copies: tuple[tuple[Reference, Reference], ...]

    @classmethod
    def of(cls, request: RetagRequest, moment: datetime) -> RetagPlan:
        """Return the plan of *request* at an aware *moment*, in the request's order."""
        tag = timestamp_tag(moment)
        copies = tuple(
            (Reference.parse(copy.source), Repository.parse(copy.destination).tagged(tag))
            for copy in request.copies
        )
        return cls(tag, copies)
