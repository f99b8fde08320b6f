"""`ShipImage`, one image of `ship_factory`, and the options of the steps that build it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
from buildbot import config
from buildbot.interfaces import IRenderable

from ...model.request.smoke import is_reference
from ..base.option_check import freeze
from ..smoke import faults_of_tests


@attrs.frozen
class ShipImage:
    """One image to ship: its name, its pex and the repository to push to.

    *name* is its short name, and *dockerfile* its Dockerfile (default: ``<name>.docker``).
    *pex*, *requirements*, *module*, *script*, *layout* and *conflicts* are options of
    `BuildPex`; several images may share a pex.  *missing_libraries* is the option of
    `BuildRuntimeImage`, and so is *build_secrets*, which an untrusted builder leaves out.
    *smoke* is a test of `SmokeTest`, with ``checks`` and optional ``containers`` (default: one
    container of this image, with its name).
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
    smoke: Mapping[str, Any] | None = None
    build_secrets: Mapping[str, str] | None = attrs.field(default=None, repr=False)

    @property
    def test(self) -> Mapping[str, Any] | None:
        """Return the test of this image, with its containers."""
        if self.smoke is None:
            return None
        return {"containers": [{"name": self.name}], **self.smoke}

    @property
    def tested_with(self) -> set[str]:
        """Return the names of the images in its test."""
        containers = (self.test or {}).get("containers") or []
        names = (each.get("image") or each.get("name") for each in containers)
        return {str(name) for name in names}


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


def check_images(images: Sequence[ShipImage]) -> None:
    """Report a configuration error for a duplicate name, a pex or a test that is wrong."""
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
    for fault in faults_of_tests([image.test for image in images if image.test]):
        config.error(f"ship_factory: {fault}")
    names = {image.name for image in images}
    for image in images:
        for other in sorted(image.tested_with - names):
            if not is_reference(other):
                config.error(
                    f"ship_factory: the test of {image.name} runs the image {other!r}, which "
                    "is not one of the images: add it, or write a whole reference"
                )
