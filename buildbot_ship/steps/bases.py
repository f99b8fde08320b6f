"""Own base images: `RetagBase`, `DeriveBase` and `PinBase`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from buildbot.interfaces import IRenderable

from ..model.request import BaseCopy, DerivedBase, DeriveRequest, PinRequest, RetagRequest
from .base.option_check import faults, is_renderable
from .base.step import ShipStep


class PairsStep(ShipStep):
    """A step whose option *pairs_option* maps the first field of *pair_type* to its second.

    It may also be a list of pairs, where the first of one is a renderable.
    """

    pairs_option: ClassVar[str]
    pairs_about: ClassVar[str]
    pair_type: ClassVar[type[Any]]

    def request_faults(self) -> Iterator[str]:
        """Yield ``option: why`` for the options of the request that are wrong."""
        wrong = list(self._pair_faults())
        yield from wrong or super().request_faults()

    def request_values(self) -> dict[str, object]:
        """Return the values of the request's fields, by field."""
        values = super().request_values()
        given = getattr(self, self.pairs_option)
        if not is_renderable(given):
            made = tuple(self.pair_type(*pair) for pair in _pairs(given))
            values[self.field_names.get(self.pairs_option, self.pairs_option)] = made
        return values

    def _pair_faults(self) -> Iterator[str]:
        option = self.pairs_option
        given = getattr(self, option)
        if is_renderable(given):
            return
        if not _is_mapping(given):
            yield f"{option}: {given!r} does not map {self.pairs_about}"
            return
        names = {"source": option, "destination": option}
        for source, destination in _pairs(given):
            values = {"source": source, "destination": destination}
            yield from faults(self.pair_type, values, names)


def _pairs(given: Any) -> list[Any]:
    return list(given.items() if isinstance(given, Mapping) else given)


def _is_mapping(given: object) -> bool:
    pairs = (list, tuple)
    return isinstance(given, Mapping) or (
        isinstance(given, pairs)
        and all(isinstance(pair, pairs) and len(pair) == 2 for pair in given)
    )


class RetagBase(PairsStep):
    """Copy upstream images under one UTC timestamp tag, so that no build moves with them.

    :param copies: ``{"docker.io/library/python:3.11": "registry.example.com/team/python311"}``:
        for each upstream image the own repository that receives the copy; or a list of
        such pairs, where an upstream image is a renderable
    :param through: ``registry`` copies bytes from registry to registry, ``engine`` pulls,
        tags and pushes, ``auto`` takes the registry where the worker reaches the source
    """

    name = "retag"
    request_type = RetagRequest
    pairs_option, pairs_about = "copies", "upstream images to own repositories"
    pair_type = BaseCopy
    own_options = ("copies", "through")
    renderables: ClassVar[tuple[str, ...]] = own_options

    def __init__(
        self,
        copies: Mapping[str, str] | Sequence[tuple[str, str]] | IRenderable,
        *,
        through: str | IRenderable = "auto",
        **kwargs: Any,
    ) -> None:
        """Take the options of the step and of `ShipStep`."""
        self.copies, self.through = copies, through
        super().__init__(**kwargs)

    def is_news(self) -> bool:
        """Tell that a night's build is about this."""
        return True


class DeriveBase(PairsStep):
    """Build bases of Dockerfiles with RUN lines, and own them under one UTC timestamp tag.

    Nothing is built where nothing has changed.

    :param bases: ``{"psycopg.docker": "registry.example.com/team/python311-psycopg"}``: for
        each Dockerfile in the repository the own repository that receives the base; or a
        list of such pairs, where one holds a renderable
    :param revision: the commit of the checkout that has the Dockerfiles
    :param older_than_days: how old a base may be before it is built anew though nothing
        that it is made of has changed, since its RUN lines may install newer packages
    :param source: the address of the repository, for the label
        ``org.opencontainers.image.source``
    """

    name = "derive"
    request_type = DeriveRequest
    pairs_option, pairs_about = "bases", "Dockerfiles to own repositories"
    pair_type = DerivedBase
    own_options = ("bases", "revision", "older_than_days", "source")
    renderables: ClassVar[tuple[str, ...]] = own_options

    def __init__(
        self,
        bases: Mapping[str, str] | Sequence[tuple[str, str]] | IRenderable,
        *,
        revision: str | IRenderable = "HEAD",
        older_than_days: float | IRenderable = 7.0,
        source: str | IRenderable | None = None,
        **kwargs: Any,
    ) -> None:
        """Take the options of the step and of `ShipStep`."""
        self.bases, self.revision = bases, revision
        self.older_than_days, self.source = older_than_days, source
        super().__init__(**kwargs)

    def is_news(self) -> bool:
        """Tell that a night's build is about this."""
        return True


class PinBase(ShipStep):
    """Move the FROM lines of the worker's checkout to the newest copies of their bases.

    Only bases that `RetagBase` or `DeriveBase` made are moved, and never back.

    :param dockerfiles: the Dockerfiles to look at; none: every ``*.docker`` at the top
    """

    name = "pin"
    request_type = PinRequest
    own_options = ("dockerfiles",)
    renderables: ClassVar[tuple[str, ...]] = own_options

    def __init__(self, *, dockerfiles: Sequence[str] | IRenderable = (), **kwargs: Any) -> None:
        """Take the options of the step and of `ShipStep`."""
        self.dockerfiles = dockerfiles
        super().__init__(**kwargs)
