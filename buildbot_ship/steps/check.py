"""`CheckRequirements`: does the strict file still follow from the loose one?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from buildbot.interfaces import IRenderable

from ..model.request import CheckRequest
from .ship import ShipStep


class CheckRequirements(ShipStep):
    """Tell whether a commit's strict file and build lock follow from what it asks for.

    Nothing is upgraded, written or installed.  No network is asked, unless FROM names another
    base than the one that was hardened on.

    :param revision: the commit of the checkout that is looked at
    :param loose: the requirements that programmers write, in the repository
    :param strict: the file that should have every package with version and hashes
    :param build_lock: the file that should have what building packages needs
    :param dockerfile: the file whose FROM line names the build base
    :param packages: folders of the repository's own packages; ``.`` is its top
    :param no_binary: what `HardenRequirements` is given
    :param only_binary: what `HardenRequirements` is given
    """

    name = "check-requirements"
    request_type = CheckRequest
    own_options = (
        *("revision", "loose", "strict", "build_lock", "dockerfile", "packages"),
        *("no_binary", "only_binary"),
    )
    renderables: ClassVar[tuple[str, ...]] = own_options

    def __init__(
        self,
        *,
        revision: str | IRenderable = "HEAD",
        loose: str | IRenderable = "requirements.loose.txt",
        strict: str | IRenderable = "requirements.strict.txt",
        build_lock: str | IRenderable = "requirements.build.txt",
        dockerfile: str | IRenderable = "build.docker",
        packages: Sequence[str] | IRenderable = (),
        no_binary: str | IRenderable = ":none:",
        only_binary: str | IRenderable = ":none:",
        **kwargs: Any,
    ) -> None:
        """Take the options of the step and of `ShipStep`."""
        self.revision, self.loose, self.strict = revision, loose, strict
        self.build_lock, self.dockerfile, self.packages = build_lock, dockerfile, packages
        self.no_binary, self.only_binary = no_binary, only_binary
        super().__init__(**kwargs)
