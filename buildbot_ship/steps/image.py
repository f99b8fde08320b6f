"""`BuildRuntimeImage`: the image that runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from buildbot.interfaces import IRenderable

from ..model.request import ImageRequest
from .ship import ShipStep


class BuildRuntimeImage(ShipStep):
    """Assemble an image from its Dockerfile and the pex, the same bytes for a commit.

    :param image: the image's short name
    :param dockerfile: its Dockerfile in the repository; ``<image>.docker`` if not given
    :param revision: the commit of the checkout that is built
    :param source: the address of the source, for the label
        ``org.opencontainers.image.source``
    :param labels: more labels of the image
    :param load: whether the engine gets the image, for steps that run it
    :param missing_libraries: what follows where the image lacks a shared library: ``report``
        (warnings), ``fail`` or ``ignore``
    """

    name = "image"
    request_type = ImageRequest
    own_options = (
        "image",
        "dockerfile",
        "revision",
        "source",
        "labels",
        "load",
        "missing_libraries",
    )
    renderables: ClassVar[tuple[str, ...]] = own_options

    def __init__(
        self,
        image: str | IRenderable,
        *,
        dockerfile: str | IRenderable | None = None,
        revision: str | IRenderable = "HEAD",
        source: str | IRenderable | None = None,
        labels: Mapping[str, str] | IRenderable | None = None,
        load: bool | IRenderable = True,
        missing_libraries: str | IRenderable = "report",
        **kwargs: Any,
    ) -> None:
        """Take the options of the step and of `ShipStep`."""
        self.image, self.dockerfile, self.revision = image, dockerfile, revision
        self.source, self.load = source, load
        self.missing_libraries = missing_libraries
        self.labels = {} if labels is None else labels
        super().__init__(**kwargs)
