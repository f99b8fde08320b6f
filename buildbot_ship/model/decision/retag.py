"""Plan the copies of upstream base images to own repositories under one timestamp tag."""

from __future__ import annotations

from datetime import datetime

import attrs

from ..reference import Reference, Repository
from ..request import RetagRequest
from ..tag import timestamp_tag


@attrs.frozen
class RetagPlan:
    """The timestamp *tag* of all copies, and each copy as source and destination."""

    tag: str
    copies: tuple[tuple[Reference, Reference], ...]

    @classmethod
    def of(cls, request: RetagRequest, moment: datetime) -> RetagPlan:
        """Return the plan of *request* at the aware *moment*, in the order of the request."""
        tag = timestamp_tag(moment)
        copies = tuple(
            (Reference.parse(copy.source), Repository.parse(copy.destination).tagged(tag))
            for copy in request.copies
        )
        return cls(tag, copies)
