"""`FindPublished`: skip the build of a commit that is published already."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from buildbot.interfaces import IRenderable
from buildbot.process.results import SUCCESS

from ..model.request import FindRequest
from .base.nested_steps import NestedOptionsStep
from .base.skip_reason import RunUnless
from .base.step import ShipStep
from .push import PushTagged
from .requirements import CheckRequirements
from .shipping import BuildPex, BuildRuntimeImage, BuildWheels
from .smoke import faults_of_tests, make_tests

PUBLISHED, LEFTOVERS = "ship_published", "ship_leftovers"


class FindPublished(NestedOptionsStep):
    """Check whether the commit is published already, built with these options.

    If so, it sets the property ``ship_published`` to true, and you can skip the steps after
    it.  Otherwise it can check the requirements in the same process.  If its property
    ``ship_checked`` is true, you can skip `CheckRequirements`.

    :param wheels: the options of `BuildWheels`: ``{"packages": ["."]}``
    :param pexes: the options of each `BuildPex`: ``[{"pex": "app.pex",
        "requirements": ["app"], "module": "app"}]``
    :param images: the options of each `BuildRuntimeImage`: ``[{"image": "app"}]``
    :param pushes: the options of each `PushTagged`: ``[{"image": "app",
        "repository": "registry.example.com/team/app"}]``
    :param check: the options of `CheckRequirements`: ``{"packages": ["."]}``; None: do not
        check
    :param tests: the option of `SmokeTest`: an image that passed other tests does not count
    """

    name = "find"
    request_type = FindRequest
    nested_steps: ClassVar[Mapping[str, type[ShipStep]]] = {
        "wheels": BuildWheels,
        "pexes": BuildPex,
        "images": BuildRuntimeImage,
        "pushes": PushTagged,
        "check": CheckRequirements,
    }
    single_options: ClassVar[tuple[str, ...]] = ("wheels", "check")
    request_options = (*nested_steps, "tests")
    renderables: ClassVar[tuple[str, ...]] = request_options

    def __init__(
        self,
        *,
        wheels: Mapping[str, Any] | IRenderable | None = None,
        pexes: Sequence[Mapping[str, Any]] | IRenderable,
        images: Sequence[Mapping[str, Any]] | IRenderable,
        pushes: Sequence[Mapping[str, Any]] | IRenderable,
        check: Mapping[str, Any] | IRenderable | None = None,
        tests: Sequence[Mapping[str, Any]] | IRenderable = (),
        **kwargs: Any,
    ) -> None:
        """Set the options of this step and of `ShipStep`."""
        self.wheels = {} if wheels is None else wheels
        self.pexes, self.images, self.pushes = pexes, images, pushes
        self.check, self.tests = check, tests
        super().__init__(**kwargs)

    def request_faults(self) -> Iterator[str]:
        """Yield ``option: why`` for every wrong option of the request."""
        yield from super().request_faults()
        yield from faults_of_tests(self.tests)

    def request_values(self) -> dict[str, object]:
        """Return the values of the request's fields, by field."""
        return {**super().request_values(), "tests": make_tests(self.tests)}

    def summarizes_build(self) -> bool:
        """Return whether the commit is published already."""
        return bool(self.getProperty(PUBLISHED, False))


def _published(step: Any) -> str:
    return "already published" if step.getProperty(PUBLISHED, False) else ""


def _nothing_left(step: Any) -> str:
    return "" if step.getProperty(LEFTOVERS, True) else "nothing left behind"


needs_build = RunUnless(_published)
"""A ``doStepIf``: whether the commit is not published yet."""
needs_garbage_collection = needs_build.and_unless(_nothing_left)
"""A ``doStepIf``: whether garbage collection has work before a build."""
needs_clean_up = RunUnless(
    lambda step: _nothing_left(step) if step.build.results == SUCCESS else ""
)
"""A ``doStepIf``: whether garbage collection has work after a build."""
needs_check = needs_build.and_unless(
    lambda step: (
        "the requirements are checked already"
        if step.getProperty("ship_checked", False)
        else ""
    )
)
"""A ``doStepIf``: whether the requirements are not checked yet."""
