"""From a commit to a published image: wheels, pex, image, push."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from buildbot.interfaces import IRenderable

from ..errors import InvalidRequest
from ..model.request import ImageRequest, PexRequest, PushRequest, WheelsRequest
from .base.option_check import is_renderable, make
from .base.step import ShipStep


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


class BuildPex(ShipStep):
    """Make one pex from the wheelhouse alone; no index is asked.

    :param pex: the name of the file, as the image's Dockerfile copies it
    :param requirements: names of packages of the strict file, or own ones; what they
        need comes with them
    :param module: what it runs, as ``python -m`` does (``twisted``)
    :param script: the console script that it runs, in place of a module
    :param revision: the commit of the checkout that is built
    :param layout: ``layered`` (a launcher, and plain trees as layers of the image), or
        ``zipapp`` (one file that holds all)
    :param conflicts: what happens where packages ship the same file with different content:
        ``report`` (a warning), ``fail`` or ``ignore``
    """

    name = "pex"
    request_type = PexRequest
    own_options = (
        "pex",
        "requirements",
        "module",
        "script",
        "revision",
        "layout",
        "conflicts",
    )
    field_names: ClassVar[Mapping[str, str]] = {"pex": "name"}
    renderables: ClassVar[tuple[str, ...]] = own_options

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
        """Take the options of the step and of `ShipStep`."""
        self.pex, self.requirements = pex, requirements
        self.module, self.script, self.revision = module, script, revision
        self.layout, self.conflicts = layout, conflicts
        super().__init__(**kwargs)

    def request_faults(self) -> Iterator[str]:
        """Yield ``option: why`` for the options of the request that are wrong."""
        wrong = list(super().request_faults())
        if not wrong and not is_renderable(list(self.request_values().values())):
            try:
                make(PexRequest, self.request_values())
            except InvalidRequest as error:
                wrong = [f"{error.what}: {error.why}"]
        yield from wrong


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
