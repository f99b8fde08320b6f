"""Steps for requirements files: `HardenRequirements` and `CheckRequirements`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from buildbot.interfaces import IRenderable

from ..model.request import CheckRequest, HardenRequest
from .base.step import ShipStep


class HardenRequirements(ShipStep):
    """Resolve the loose file, and write the strict file and the build lock.

    The step writes both files to the checkout on the worker, and attaches them to the build.

    :param loose: the loose file: the requirements that developers edit, or a ``pyproject.toml``
    :param strict: the strict file to write: every package with version and hashes; or a
        lock file: ``uv.lock``, ``poetry.lock`` or ``pylock.toml``
    :param build_lock: the build lock to write: the requirements for building packages
    :param dockerfile: the Dockerfile whose FROM line names the build base
    :param packages: folders of your own packages; ``.`` is the top of the repository
    :param upgrade: ``all``, ``nothing``, or names of packages to upgrade, separated by commas
    :param no_binary: packages to build from their sdists: ``:all:``, ``:none:``, or names
        separated by commas
    :param only_binary: packages to install from wheels only, in the same form
    :param extras: extras of a ``pyproject.toml`` or a lock file to include
    :param groups: dependency groups of a ``pyproject.toml`` or a lock file to include
    :param cooldown: days since its upload before a file is accepted, also for building
    :param cooldown_except: packages that have no cooldown, for an urgent fix
    """

    name = "harden"
    request_type = HardenRequest
    request_options = (
        *("loose", "strict", "build_lock", "dockerfile", "packages", "upgrade"),
        *("no_binary", "only_binary", "extras", "groups", "cooldown", "cooldown_except"),
    )
    renderables: ClassVar[tuple[str, ...]] = request_options

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
        extras: Sequence[str] | IRenderable = (),
        groups: Sequence[str] | IRenderable = (),
        cooldown: float | IRenderable = 0.0,
        cooldown_except: Sequence[str] | IRenderable = (),
        **kwargs: Any,
    ) -> None:
        """Set the options of this step and of `ShipStep`."""
        self.loose, self.strict, self.build_lock = loose, strict, build_lock
        self.dockerfile, self.packages, self.upgrade = dockerfile, packages, upgrade
        self.no_binary, self.only_binary = no_binary, only_binary
        self.extras, self.groups = extras, groups
        self.cooldown, self.cooldown_except = cooldown, cooldown_except
        super().__init__(**kwargs)


class CheckRequirements(ShipStep):
    """Check that the strict file and the build lock of a commit are up to date.

    The step changes nothing.  It uses the network only if FROM names a build base other than
    the one in the header of the strict file.

    :param revision: the commit to check
    :param loose: the loose file: the requirements that developers edit, or a ``pyproject.toml``
    :param strict: the strict file: every package with version and hashes; or a lock file
    :param build_lock: the build lock: the requirements for building packages
    :param dockerfile: the Dockerfile whose FROM line names the build base
    :param packages: folders of your own packages; ``.`` is the top of the repository
    :param no_binary: the same value as for `HardenRequirements`
    :param only_binary: the same value as for `HardenRequirements`
    :param extras: the same value as for `HardenRequirements`
    :param groups: the same value as for `HardenRequirements`
    """

    name = "check-requirements"
    request_type = CheckRequest
    request_options = (
        *("revision", "loose", "strict", "build_lock", "dockerfile", "packages"),
        *("no_binary", "only_binary", "extras", "groups"),
    )
    renderables: ClassVar[tuple[str, ...]] = request_options

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
        extras: Sequence[str] | IRenderable = (),
        groups: Sequence[str] | IRenderable = (),
        **kwargs: Any,
    ) -> None:
        """Set the options of this step and of `ShipStep`."""
        self.revision, self.loose, self.strict = revision, loose, strict
        self.build_lock, self.dockerfile, self.packages = build_lock, dockerfile, packages
        self.no_binary, self.only_binary = no_binary, only_binary
        self.extras, self.groups = extras, groups
        super().__init__(**kwargs)
