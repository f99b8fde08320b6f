"""`BuildWheels`: the wheelhouse of a commit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from buildbot.interfaces import IRenderable

from ..model.request import WheelsRequest
from .ship import ShipStep


class BuildWheels(ShipStep):
    """Make wheels of all that the strict file lists, and of the repository's own packages.

    :param revision: the commit of the checkout that is built
    :param strict: the file with every package, version and hash
    :param build_lock: the file with what building packages needs, hashed as well
    :param dockerfile: the file whose FROM line names the build base
    :param packages: folders of the repository's own packages; ``.`` is its top
    :param lazy: leave a wheel that a cache knows where it is until a step has to read it
    """

    name = "wheels"
    request_type = WheelsRequest
    own_options = ("revision", "strict", "build_lock", "dockerfile", "packages", "lazy")
    renderables: ClassVar[tuple[str, ...]] = own_options

    def __init__(
        self,
        *,
        revision: str | IRenderable = "HEAD",
        strict: str | IRenderable = "requirements.strict.txt",
        build_lock: str | IRenderable = "requirements.build.txt",
        dockerfile: str | IRenderable = "build.docker",
        packages: Sequence[str] | IRenderable = (),
        lazy: bool | IRenderable = False,
        **kwargs: Any,
    ) -> None:
        """Take the options of the step and of `ShipStep`."""
        self.revision, self.strict, self.build_lock = revision, strict, build_lock
        self.dockerfile, self.packages, self.lazy = dockerfile, packages, lazy
        super().__init__(**kwargs)
