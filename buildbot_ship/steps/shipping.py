"""Steps from a commit to an image: wheels, pex, image."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from buildbot.interfaces import IRenderable

from ..errors import InvalidRequest
from ..model.request import ImageRequest, PexRequest, WheelsRequest
from .base.build_secrets import BuildSecretsStep
from .base.option_check import is_renderable, make
from .base.step import ShipStep


class BuildWheels(ShipStep):
    """Build the wheelhouse: wheels of everything in the strict file and of your own packages.

    :param revision: the commit to build
    :param strict: the strict file: every package with version and hashes; or a lock file:
        ``uv.lock``, ``poetry.lock`` or ``pylock.toml``
    :param build_lock: the build lock: the requirements for building packages, with hashes
    :param dockerfile: the Dockerfile whose FROM line names the build base
    :param packages: folders of your own packages; ``.`` is the top of the repository
    :param lazy: leave cached wheels in the cache until a step needs to read them
    :param extras: extras of a lock file to include
    :param groups: dependency groups of a lock file to include
    """

    name = "wheels"
    request_type = WheelsRequest
    request_options = (
        *("revision", "strict", "build_lock", "dockerfile", "packages", "lazy"),
        *("extras", "groups"),
    )
    renderables: ClassVar[tuple[str, ...]] = request_options

    def __init__(
        self,
        *,
        revision: str | IRenderable = "HEAD",
        strict: str | IRenderable = "requirements.strict.txt",
        build_lock: str | IRenderable = "requirements.build.txt",
        dockerfile: str | IRenderable = "build.docker",
        packages: Sequence[str] | IRenderable = (),
        lazy: bool | IRenderable = False,
        extras: Sequence[str] | IRenderable = (),
        groups: Sequence[str] | IRenderable = (),
        **kwargs: Any,
    ) -> None:
        """Set the options of this step and of `ShipStep`."""
        self.revision, self.strict, self.build_lock = revision, strict, build_lock
        self.dockerfile, self.packages, self.lazy = dockerfile, packages, lazy
        self.extras, self.groups = extras, groups
        super().__init__(**kwargs)


class BuildPex(ShipStep):
    """Make a pex, an executable, from packages in the wheelhouse; no package index is used.

    :param pex: the name of the file, as in the COPY line of the Dockerfile
    :param requirements: names of packages in the strict file or of your own packages; the pex
        also contains their dependencies
    :param module: the entry point, as for ``python -m``: ``twisted``
    :param script: a console script as the entry point, instead of a module
    :param revision: the commit to build
    :param layout: ``layered`` (a launcher, and the packages as layers of the image) or
        ``zipapp`` (one file that contains everything)
    :param conflicts: the reaction to packages that ship the same file with different content:
        ``report`` (a warning), ``fail`` or ``ignore``
    """

    name = "pex"
    request_type = PexRequest
    request_options = (
        "pex",
        "requirements",
        "module",
        "script",
        "revision",
        "layout",
        "conflicts",
    )
    field_of_option: ClassVar[Mapping[str, str]] = {"pex": "name"}
    renderables: ClassVar[tuple[str, ...]] = request_options

    def __init__(
        self,
        pex: str | IRenderable,
        requirements: Sequence[str] | IRenderable,
        *,
        module: str | IRenderable | None = None,
        script: str | IRenderable | None = None,
        revision: str | IRenderable = "HEAD",
        layout: str | IRenderable = "layered",
        conflicts: str | IRenderable = "report",
        **kwargs: Any,
    ) -> None:
        """Set the options of this step and of `ShipStep`."""
        self.pex, self.requirements = pex, requirements
        self.module, self.script, self.revision = module, script, revision
        self.layout, self.conflicts = layout, conflicts
        super().__init__(**kwargs)

    def request_faults(self) -> Iterator[str]:
        """Yield ``option: why`` for every wrong option of the request."""
        wrong = list(super().request_faults())
        if not wrong and not is_renderable(list(self.request_values().values())):
            try:
                make(PexRequest, self.request_values())
            except InvalidRequest as error:
                wrong = [f"{error.what}: {error.why}"]
        yield from wrong


class BuildRuntimeImage(BuildSecretsStep):
    """Assemble a reproducible image from its Dockerfile and the pex.

    :param image: the short name of the image
    :param dockerfile: the Dockerfile in the repository; default: ``<image>.docker``
    :param revision: the commit to build
    :param source: the URL of the source, for the label ``org.opencontainers.image.source``
    :param labels: additional labels of the image
    :param load: load the image into the engine, for steps that run it
    :param missing_libraries: the reaction to a missing shared library: ``report``
        (warnings), ``fail`` or ``ignore``
    :param build_secrets: ``{"netrc": util.Secret("netrc")}``: the secrets that the lines with
        ``RUN --mount=type=secret,id=netrc`` get
    """

    name = "image"
    request_type = ImageRequest
    request_options = (
        "image",
        "dockerfile",
        "revision",
        "source",
        "labels",
        "load",
        "missing_libraries",
    )
    renderables: ClassVar[tuple[str, ...]] = request_options

    def __init__(
        self,
        image: str | IRenderable,
        *,
        dockerfile: str | IRenderable | None = None,
        revision: str | IRenderable = "HEAD",
        source: str | IRenderable | None = None,
        labels: Mapping[str, str] | IRenderable | None = None,
        load: bool | IRenderable = False,
        missing_libraries: str | IRenderable = "report",
        build_secrets: Mapping[str, str] | IRenderable | None = None,
        **kwargs: Any,
    ) -> None:
        """Set the options of this step and of `ShipStep`."""
        self.image, self.dockerfile, self.revision = image, dockerfile, revision
        self.source, self.load = source, load
        self.missing_libraries = missing_libraries
        self.labels = {} if labels is None else labels
        self.build_secrets = build_secrets
        super().__init__(**kwargs)
