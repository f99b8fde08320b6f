"""Steps for maintenance: `VerifyReproducible` and `CollectGarbage`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from buildbot.interfaces import IRenderable

from ..model.request import GarbageRequest, VerifyRequest
from .base.nested_steps import NestedOptionsStep
from .base.step import ShipStep
from .shipping import BuildPex, BuildRuntimeImage, BuildWheels


class VerifyReproducible(NestedOptionsStep):
    """Repeat this build from scratch and compare every byte: is it reproducible?

    The step runs in the same build, after the steps whose artefacts it compares.

    :param wheels: the options of `BuildWheels`: ``{"packages": ["."]}``
    :param pexes: the options of each `BuildPex`: ``[{"pex": "app.pex",
        "requirements": ["app"], "module": "app"}]``
    :param images: the options of each `BuildRuntimeImage`: ``[{"image": "app"}]``
    """

    name = "verify"
    request_type = VerifyRequest
    nested_steps: ClassVar[Mapping[str, type[ShipStep]]] = {
        "wheels": BuildWheels,
        "pexes": BuildPex,
        "images": BuildRuntimeImage,
    }
    request_options = tuple(nested_steps)
    renderables: ClassVar[tuple[str, ...]] = request_options

    def __init__(
        self,
        *,
        wheels: Mapping[str, Any] | IRenderable | None = None,
        pexes: Sequence[Mapping[str, Any]] | IRenderable = (),
        images: Sequence[Mapping[str, Any]] | IRenderable = (),
        **kwargs: Any,
    ) -> None:
        """Set the options of this step and of `ShipStep`."""
        self.wheels = {} if wheels is None else wheels
        self.pexes, self.images = pexes, images
        super().__init__(**kwargs)


class CollectGarbage(ShipStep):
    """Remove the leftovers of builds: containers, images and temporary folders.

    As the last step of a build, it needs ``finish=True`` and ``alwaysRun=True``.

    :param finish: also remove the leftovers of this build
    :param older_than_hours: remove images of other work folders after this many hours
    :param tools_older_than_days: remove tools images unused for this many days
    :param cache_size: size limit of the worker's own cache, in bytes
    :param dry_run: remove nothing, and show in the log what would be removed, and why
    """

    name = "collect-garbage"
    request_type = GarbageRequest
    request_options = (
        "finish",
        "older_than_hours",
        "tools_older_than_days",
        "cache_size",
        "dry_run",
    )
    renderables: ClassVar[tuple[str, ...]] = request_options

    def __init__(
        self,
        *,
        finish: bool | IRenderable = False,
        older_than_hours: float | IRenderable = 24.0,
        tools_older_than_days: float | IRenderable = 30.0,
        cache_size: int | IRenderable = 10 * 1024**3,
        dry_run: bool | IRenderable = False,
        **kwargs: Any,
    ) -> None:
        """Set the options of this step and of `ShipStep`."""
        self.finish = finish
        self.older_than_hours = older_than_hours
        self.tools_older_than_days = tools_older_than_days
        self.cache_size, self.dry_run = cache_size, dry_run
        super().__init__(**kwargs)
