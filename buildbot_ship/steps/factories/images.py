"""What a factory ships: images, and what the steps are told of each."""

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
    """One image of a repository: the pex it runs, and where it is published.

    *name* is its short name, *repository* where it goes, *dockerfile* its Dockerfile
    (``<name>.docker`` if not given).  *pex*, *requirements*, *module*, *script*, *layout* and
    *conflicts* are the options of `BuildPex`; images may share a pex.  *missing_libraries* is
    that of `BuildRuntimeImage`.
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
    """Return what `BuildPex` is told of *image*."""
    return {
        "pex": image.pex,
        "requirements": freeze(image.requirements),
        "module": image.module,
        "script": image.script,
        "layout": image.layout,
        "conflicts": image.conflicts,
    }


def image_options(image: ShipImage, source: str | None) -> dict[str, Any]:
    """Return what `BuildRuntimeImage` is told of *image*."""
    return {
        "image": image.name,
        "dockerfile": image.dockerfile,
        "source": source,
        "missing_libraries": image.missing_libraries,
    }


def of_chosen(
    images: Sequence[ShipImage], describe: Callable[[ShipImage], dict[str, Any]]
) -> IRenderable:
    """Return what *describe* says of the images that a build is to make, each thing once.

    A build's property ``images`` names the one image; any other value, and none, means all.
    """

    def described(props: Any) -> list[dict[str, Any]]:
        name = props.getProperty("images")
        chosen = [image for image in images if image.name == name] or images
        found: list[dict[str, Any]] = []
        for each in map(describe, chosen):
            if each not in found:
                found.append(each)
        return found

    return renderer(described)


def refuse_doubles(images: Sequence[ShipImage]) -> None:
    """Report images of one name, and one pex that is described in two ways."""
    pexes: dict[str, tuple[object, ...]] = {}
    for number, image in enumerate(images):
        if any(image.name == other.name for other in images[:number]):
            config.error(f"ship_factory: two images are named {image.name!r}")
        described = (
            freeze(image.requirements),
            image.module,
            image.script,
            image.layout,
            image.conflicts,
        )
        if pexes.setdefault(image.pex, described) != described:
            config.error(f"ship_factory: {image.pex!r} is described in two ways")
