"""`PushTagged`: publish an image under its commit."""

from __future__ import annotations

from typing import Any, ClassVar

from buildbot.interfaces import IRenderable

from ..model.request import PushRequest
from .ship import ShipStep


class PushTagged(ShipStep):
    """Publish an image that `BuildRuntimeImage` made, under the full hash of its commit.

    A tag that holds the same image already is success; another image is a failure.

    :param image: the image's short name
    :param repository: where it goes: ``registry.example.com/team/app``
    :param revision: the commit of the checkout that was built
    :param publication: the key under which `FindPublished` finds it again: its property
        ``ship_publications`` has one for every image
    """

    name = "push"
    request_type = PushRequest
    own_options = ("image", "repository", "revision", "publication")
    renderables: ClassVar[tuple[str, ...]] = own_options

    def __init__(
        self,
        image: str | IRenderable,
        repository: str | IRenderable,
        *,
        revision: str | IRenderable = "HEAD",
        publication: str | IRenderable | None = None,
        **kwargs: Any,
    ) -> None:
        """Take the options of the step and of `ShipStep`."""
        self.image, self.repository, self.revision = image, repository, revision
        self.publication = publication
        super().__init__(**kwargs)
