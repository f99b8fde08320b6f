"""`FindPublished`: skip the build of a commit that is published already."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from buildbot.interfaces import IRenderable
from buildbot.process.results import SUCCESS

from ..model.request import FindRequest
from .base.nested_steps import NestedOptionsStep
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


def needs_garbage_collection(step: Any) -> bool:
    """Return whether garbage collection has work before a build: a ``doStepIf``."""
    return needs_build(step) and bool(step.getProperty(LEFTOVERS, True))


def needs_clean_up(step: Any) -> bool:
    """Return whether garbage collection has work after a build: a ``doStepIf``."""
    return step.build.results != SUCCESS or bool(step.getProperty(LEFTOVERS, True))


def needs_check(step: Any) -> bool:
    """Return whether the requirements are not checked yet: a ``doStepIf``."""
    return needs_build(step) and not step.getProperty("ship_checked", False)


def needs_build(step: Any) -> bool:
    """Return whether the commit is not published yet: a ``doStepIf``."""
    return not step.getProperty(PUBLISHED, False)
