"""The images that a build of `ship_factory` publishes, builds and tests.

The build property ``images`` chooses one image by name.  Any other value chooses all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from buildbot.interfaces import IRenderable
from buildbot.process.properties import renderer

from ..base.skip_reason import RunUnless
from ..published import needs_build
from .images import ShipImage

_NO_PUSH = "the build was forced without push"
_TWICE = "everything is built again to verify it"


def for_chosen_images(
    images: Sequence[ShipImage], options_of: Callable[[ShipImage], dict[str, Any]]
) -> IRenderable:
    """Return *options_of* each image that a build publishes, without duplicates."""

    def render(props: Any) -> list[dict[str, Any]]:
        chosen = chosen_names(images, props)
        distinct: list[dict[str, Any]] = []
        for options in (options_of(image) for image in images if image.name in chosen):
            if options not in distinct:
                distinct.append(options)
        return distinct

    return renderer(render)


def chosen_names(images: Sequence[ShipImage], props: Any) -> set[str]:
    """Return the names of the images that a build publishes."""
    name = props.getProperty("images")
    every = {image.name for image in images}
    return {name} if name in every else every


def tests_of(images: Sequence[ShipImage], chosen: set[str]) -> Iterator[ShipImage]:
    """Yield the images with a test in which one of the *chosen* images takes part."""
    for image in images:
        if image.test and image.tested_with & chosen:
            yield image


def needed_names(images: Sequence[ShipImage], chosen: set[str]) -> set[str]:
    """Return the names of the *chosen* images and of those that are tested with them."""
    together = (image.tested_with for image in tests_of(images, chosen))
    return chosen.union(*together)


def chosen_tests(images: Sequence[ShipImage]) -> IRenderable:
    """Return the option ``tests`` of `SmokeTest` for the images that a build publishes."""

    def render(props: Any) -> list[Mapping[str, Any]]:
        chosen = chosen_names(images, props)
        return [image.test for image in tests_of(images, chosen) if image.test]

    return renderer(render)


def builds_any(names: Sequence[str], images: Sequence[ShipImage]) -> RunUnless:
    """Return a ``doStepIf``: whether a build needs any of the images *names*."""

    def why_not(step: Any) -> str:
        needed = needed_names(images, chosen_names(images, step))
        return "" if needed.intersection(names) else _not_chosen(images, step)

    return needs_build.and_unless(why_not)


def tests_any(images: Sequence[ShipImage]) -> RunUnless:
    """Return a ``doStepIf``: whether a build has a test."""

    def why_not(step: Any) -> str:
        tests = any(tests_of(images, chosen_names(images, step)))
        return "" if tests else "no test for these images"

    return needs_build.and_unless(why_not)


def pushes(name: str, images: Sequence[ShipImage]) -> RunUnless:
    """Return a ``doStepIf``: whether a build publishes the image *name*."""

    def why_not(step: Any) -> str:
        if name not in chosen_names(images, step):
            return _not_chosen(images, step)
        return "" if step.getProperty("push", True) else _NO_PUSH

    return needs_build.and_unless(why_not)


def looks_for_published(verify: bool) -> RunUnless:
    """Return a ``doStepIf``: whether it matters that a commit is published.

    *verify* is whether a build without the property ``verify`` builds everything twice.
    """

    def why_not(step: Any) -> str:
        if not step.getProperty("push", True):
            return _NO_PUSH
        return _TWICE if step.getProperty("verify", verify) else ""

    return RunUnless(why_not)


def verifies(default: bool) -> RunUnless:
    """Return a ``doStepIf``: whether a build builds everything twice; see the property."""
    return RunUnless(
        lambda step: "" if step.getProperty("verify", default) else "nobody asked for it"
    )


def _not_chosen(images: Sequence[ShipImage], step: Any) -> str:
    return f"this build is for {', '.join(sorted(chosen_names(images, step)))}"
