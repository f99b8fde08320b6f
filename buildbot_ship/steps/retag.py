"""`RetagBase`: own copies of upstream images under one timestamp."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from buildbot.interfaces import IRenderable

from ..model.request import BaseCopy, RetagRequest
from .options import faults, is_renderable
from .ship import ShipStep


class RetagBase(ShipStep):
    """Copy upstream images under one UTC timestamp tag, so that no build moves with them.

    :param copies: ``{"docker.io/library/python:3.11": "registry.example.com/team/python311"}``:
        for each upstream image the own repository that receives the copy; or a list of
        such pairs, where an upstream image is a renderable
    :param through: ``registry`` copies bytes from registry to registry, ``engine`` pulls,
        tags and pushes, ``auto`` takes the registry where the worker reaches the source
    """

    name = "retag"
    request_type = RetagRequest
    own_options = ("copies", "through")
    renderables: ClassVar[tuple[str, ...]] = own_options

    def __init__(
        self,
        copies: Mapping[str, str] | Sequence[tuple[str, str]] | IRenderable,
        *,
        through: str | IRenderable = "auto",
        **kwargs: Any,
    ) -> None:
        """Take the options of the step and of `ShipStep`."""
        self.copies, self.through = copies, through
        super().__init__(**kwargs)

    def request_faults(self) -> Iterator[str]:
        """Yield ``option: why`` for the options of the request that are wrong."""
        wrong = list(self._copies_faults())
        yield from wrong or super().request_faults()

    def request_values(self) -> dict[str, object]:
        """Return the values of the request's fields, by field."""
        copies = self.copies
        if not is_renderable(copies):
            copies = tuple(BaseCopy(*pair) for pair in self._pairs())
        return {"copies": copies, "through": self.through}

    def _pairs(self) -> list[Any]:
        return list(self.copies.items() if isinstance(self.copies, Mapping) else self.copies)

    def _copies_faults(self) -> Iterator[str]:
        if is_renderable(self.copies):
            return
        if not _is_mapping(self.copies):
            yield f"copies: {self.copies!r} does not map upstream images to own repositories"
            return
        names = {"source": "copies", "destination": "copies"}
        for source, destination in self._pairs():
            values = {"source": source, "destination": destination}
            yield from faults(BaseCopy, values, names)


def _is_mapping(copies: object) -> bool:
    pairs = (list, tuple)
    return isinstance(copies, Mapping) or (
        isinstance(copies, pairs)
        and all(isinstance(pair, pairs) and len(pair) == 2 for pair in copies)
    )
