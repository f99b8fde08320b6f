"""Requirements: `HardenRequirements` and `CheckRequirements`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from buildbot.interfaces import IRenderable

from ..model.request import CheckRequest, HardenRequest
from .base.step import ShipStep


class HardenRequirements(ShipStep):
    """Resolve the loose file and write every package, version and hash to the strict one.

    Both files that it writes are in the worker's checkout afterwards, and as build data
    under their names.

    :param loose: the requirements that programmers write, in the repository
    :param strict: the file that receives every package with version and hashes
    :param build_lock: the file that receives what building packages needs
    :param dockerfile: the file whose FROM line names the build base
    :param packages: folders of the repository's own packages; ``.`` is its top
    :param upgrade: ``all``, ``nothing``, or the names of what may become newer, separated
        by commas
    :param no_binary: packages that are built from their sdists: ``:all:``, ``:none:``, or
        names, separated by commas
    :param only_binary: packages that come as wheels only, in the same form
    """

    name = "harden"
    request_type = HardenRequest
    own_options = (
        *("loose", "strict", "build_lock", "dockerfile", "packages", "upgrade"),
        *("no_binary", "only_binary"),
    )
    renderables: ClassVar[tuple[str, ...]] = own_options

    def __init__(
        self,
        *,
        loose: str | IRenderable = "requirements.loose.txt",
        strict: str | IRenderable = "requirements.strict.txt",
        build_lock: str | IRenderable = "requirements.build.txt",
        dockerfile: str | IRenderable = "build.docker",
        packages: Sequence[str] | IRenderable = (),
        upgrade: str | IRenderable = "all",
        no_binary: str | IRenderable = ":none:",
        only_binary: str | IRenderable = ":none:",
        **kwargs: Any,
    ) -> None:
        """Take the options of the step and of `ShipStep`."""
        self.loose, self.strict, self.build_lock = loose, strict, build_lock
        self.dockerfile, self.packages, self.upgrade = dockerfile, packages, upgrade
        self.no_binary, self.only_binary = no_binary, only_binary
        super().__init__(**kwargs)


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
