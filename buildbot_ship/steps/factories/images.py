"""`ShipImage`, one image of `ship_factory`, and the options of the steps that build it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import attrs
from buildbot import config
from buildbot.interfaces import IRenderable
from buildbot.process.properties import renderer

from ..base.option_check import freeze


@attrs.frozen
class ShipImage:
    """One image to ship: its name, its pex and the repository to push to.

    *name* is its short name, and *dockerfile* its Dockerfile (default: ``<name>.docker``).
    *pex*, *requirements*, *module*, *script*, *layout* and *conflicts* are options of
    `BuildPex`; several images may share a pex.  *missing_libraries* is the option of
    `BuildRuntimeImage`.
    """

    name: str
    repository: str | IRenderable
    pex: str
    requirements: Sequence[str]
    module: str | None = None
    script: str | None = None
    dockerfile: str | None = None
    layout: str = "layered"
    conflicts: str = "report"
    missing_libraries: str = "report"


def pex_options(image: ShipImage) -> dict[str, Any]:
    """Return the options of `BuildPex` for *image*."""
    return {
        "pex": image.pex,
        "requirements": freeze(image.requirements),
        "module": image.module,
        "script": image.script,
        "layout": image.layout,
        "conflicts": image.conflicts,
    }


def image_options(image: ShipImage, source: str | None) -> dict[str, Any]:
    """Return the options of `BuildRuntimeImage` for *image*."""
    return {
        "image": image.name,
        "dockerfile": image.dockerfile,
        "source": source,
        "missing_libraries": image.missing_libraries,
    }


def for_chosen_images(
    images: Sequence[ShipImage], options_of: Callable[[ShipImage], dict[str, Any]]
) -> IRenderable:
    """Return *options_of* each image that a build makes, without duplicates.

    The build property ``images`` chooses one image by name.  Any other value chooses all.
    """

    def render(props: Any) -> list[dict[str, Any]]:
        name = props.getProperty("images")
        chosen = [image for image in images if image.name == name] or images
        distinct: list[dict[str, Any]] = []
        for options in map(options_of, chosen):
            if options not in distinct:
                distinct.append(options)
        return distinct

    return renderer(render)


def check_images(images: Sequence[ShipImage]) -> None:
    """Report a configuration error for a duplicate name or a pex with different options."""
    pexes: dict[str, dict[str, Any]] = {}
    for number, image in enumerate(images):
        if any(image.name == other.name for other in images[:number]):
            config.error(f"ship_factory: two images have the name {image.name!r}: rename one")
        options = pex_options(image)
        if pexes.setdefault(image.pex, options) != options:
            config.error(
                f"ship_factory: two images give {image.pex!r} different options: give both the "
                "same, or give each image its own pex"
            )
