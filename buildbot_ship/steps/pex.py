"""`BuildPex`: one executable of some of the wheels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from buildbot.interfaces import IRenderable

from ..errors import InvalidRequest
from ..model.request import PexRequest
from .options import is_renderable, make
from .ship import ShipStep


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
