"""`VerifyReproducible` and `CollectGarbage`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from buildbot.interfaces import IRenderable

from ..model.request import GarbageRequest, VerifyRequest
from .base.nested_steps import ChainStep
from .base.step import ShipStep
from .shipping import BuildPex, BuildRuntimeImage, BuildWheels


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


class CollectGarbage(ShipStep):
    """Remove what dead builds left in the engine and the work folder, and nothing else.

    Give the last one of a build ``finish=True`` and ``alwaysRun=True``.

    :param finish: remove what this build made, too
    :param older_than_hours: what another build made goes when it is older than this
    :param tools_older_than_days: images with the build tools go when they are older
    :param cache_size: bytes that the worker's own cache may hold
    """

    name = "collect-garbage"
    request_type = GarbageRequest
    own_options = ("finish", "older_than_hours", "tools_older_than_days", "cache_size")
    renderables: ClassVar[tuple[str, ...]] = own_options

    def __init__(
        self,
        *,
        finish: bool | IRenderable = False,
        older_than_hours: float | IRenderable = 24.0,
        tools_older_than_days: float | IRenderable = 30.0,
        cache_size: int | IRenderable = 10 * 1024**3,
        **kwargs: Any,
    ) -> None:
        """Take the options of the step and of `ShipStep`."""
        self.finish = finish
        self.older_than_hours = older_than_hours
        self.tools_older_than_days = tools_older_than_days
        self.cache_size = cache_size
        super().__init__(**kwargs)
