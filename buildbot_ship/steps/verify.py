"""`VerifyReproducible`: the same commit gives the same bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from buildbot.interfaces import IRenderable

from ..model.request import VerifyRequest
from .chain import ChainStep
from .image import BuildRuntimeImage
from .pex import BuildPex
from .ship import ShipStep
from .wheels import BuildWheels


class VerifyReproducible(ChainStep):
    """Build what this build made a second time, from nothing, and compare every byte.

    It comes after the steps whose output it looks at, in the same build.

    :param wheels: what `BuildWheels` was given: ``{"packages": ["."]}``
    :param pexes: what each `BuildPex` was given: ``[{"pex": "app.pex",
        "requirements": ["app"], "module": "app"}]``
    :param images: what each `BuildRuntimeImage` was given: ``[{"image": "app"}]``
    """

    name = "verify"
    request_type = VerifyRequest
    parts: ClassVar[Mapping[str, type[ShipStep]]] = {
        "wheels": BuildWheels,
        "pexes": BuildPex,
        "images": BuildRuntimeImage,
    }
    own_options = tuple(parts)
    renderables: ClassVar[tuple[str, ...]] = own_options

    def __init__(
        self,
        *,
        wheels: Mapping[str, Any] | IRenderable | None = None,
        pexes: Sequence[Mapping[str, Any]] | IRenderable = (),
        images: Sequence[Mapping[str, Any]] | IRenderable = (),
        **kwargs: Any,
    ) -> None:
        """Take the options of the step and of `ShipStep`."""
        self.wheels = {} if wheels is None else wheels
        self.pexes, self.images = pexes, images
        super().__init__(**kwargs)
