"""`RetagBase`: own copies of upstream images under one timestamp."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from buildbot.interfaces import IRenderable

from ..model.request import BaseCopy, RetagRequest
from .pairs import PairsStep


class RetagBase(PairsStep):
    """Copy upstream images under one UTC timestamp tag, so that no build moves with them.

    :param copies: ``{"docker.io/library/python:3.11": "registry.example.com/team/python311"}``:
        for each upstream image the own repository that receives the copy; or a list of
        such pairs, where an upstream image is a renderable
    :param through: ``registry`` copies bytes from registry to registry, ``engine`` pulls,
        tags and pushes, ``auto`` takes the registry where the worker reaches the source
    """

    name = "retag"
    request_type = RetagRequest
    pairs_option, pairs_about = "copies", "upstream images to own repositories"
    pair_type = BaseCopy
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

    def is_news(self) -> bool:
        """Tell that a night's build is about this."""
        return True
