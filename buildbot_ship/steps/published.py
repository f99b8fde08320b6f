"""`FindPublished`: a commit that is published is not built again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from buildbot.interfaces import IRenderable
from buildbot.process.results import SUCCESS

from ..model.request import FindRequest
from .base.nested_steps import ChainStep
from .base.step import ShipStep
from .requirements import CheckRequirements
from .shipping import BuildPex, BuildRuntimeImage, BuildWheels, PushTagged

PUBLISHED, LEFTOVERS = "ship_published", "ship_leftovers"


class FindPublished(ChainStep):
    """Look whether the commit is published already, made of what these steps are given.

    It comes before them; where its property ``ship_published`` is true, nothing is left for
    them to do.  Otherwise it can check the requirements too, in the same process; where its
    property ``ship_checked`` is true, `CheckRequirements` has nothing to add.

    :param wheels: what `BuildWheels` is given: ``{"packages": ["."]}``
    :param pexes: what each `BuildPex` is given: ``[{"pex": "app.pex",
        "requirements": ["app"], "module": "app"}]``
    :param images: what each `BuildRuntimeImage` is given: ``[{"image": "app"}]``
    :param pushes: what each `PushTagged` is given: ``[{"image": "app",
        "repository": "registry.example.com/team/app"}]``
    :param check: what `CheckRequirements` is given: ``{"packages": ["."]}``; without it
        nothing is checked
    """

    name = "find"
    request_type = FindRequest
    parts: ClassVar[Mapping[str, type[ShipStep]]] = {
        "wheels": BuildWheels,
        "pexes": BuildPex,
        "images": BuildRuntimeImage,
        "pushes": PushTagged,
        "check": CheckRequirements,
    }
    single: ClassVar[tuple[str, ...]] = ("wheels", "check")
    own_options = tuple(parts)
    renderables: ClassVar[tuple[str, ...]] = own_options

    def __init__(
        self,
        *,
        wheels: Mapping[str, Any] | IRenderable | None = None,
        pexes: Sequence[Mapping[str, Any]] | IRenderable,
        images: Sequence[Mapping[str, Any]] | IRenderable,
        pushes: Sequence[Mapping[str, Any]] | IRenderable,
        check: Mapping[str, Any] | IRenderable | None = None,
        **kwargs: Any,
    ) -> None:
        """Take the options of the step and of `ShipStep`."""
        self.wheels = {} if wheels is None else wheels
        self.pexes, self.images, self.pushes = pexes, images, pushes
        self.check = check
        super().__init__(**kwargs)

    def is_news(self) -> bool:
        """Tell whether nothing is left to do."""
        return bool(self.getProperty(PUBLISHED, False))


def littered(step: Any) -> bool:
    """Tell whether a collector has work to do before a build: a ``doStepIf``."""
    return unpublished(step) and bool(step.getProperty(LEFTOVERS, True))


def unclean(step: Any) -> bool:
    """Tell whether a collector has work to do after a build: a ``doStepIf``."""
    return step.build.results != SUCCESS or bool(step.getProperty(LEFTOVERS, True))


def unchecked(step: Any) -> bool:
    """Tell whether the requirements are still to be checked: a ``doStepIf``."""
    return unpublished(step) and not step.getProperty("ship_checked", False)


def unpublished(step: Any) -> bool:
    """Tell whether something is left to do for *step*: a ``doStepIf``."""
    return not step.getProperty(PUBLISHED, False)
