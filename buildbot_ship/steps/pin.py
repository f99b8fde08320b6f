"""`PinBase`: FROM lines that name the newest own bases."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from buildbot.interfaces import IRenderable

from ..model.request import PinRequest
from .ship import ShipStep


class PinBase(ShipStep):
    """Move the FROM lines of the worker's checkout to the newest copies of their bases.

    Only bases that `RetagBase` or `DeriveBase` made are moved, and never back.

    :param dockerfiles: the Dockerfiles to look at; none: every ``*.docker`` at the top
    """

    name = "pin"
    request_type = PinRequest
    own_options = ("dockerfiles",)
    renderables: ClassVar[tuple[str, ...]] = own_options

    def __init__(self, *, dockerfiles: Sequence[str] | IRenderable = (), **kwargs: Any) -> None:
        """Take the options of the step and of `ShipStep`."""
        self.dockerfiles = dockerfiles
        super().__init__(**kwargs)
