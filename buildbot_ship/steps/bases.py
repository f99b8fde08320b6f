"""Steps for base images: `RetagBase`, `DeriveBase` and `PinBase`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

import attrs
from buildbot.interfaces import IRenderable

from ..model.journal.entries import OwnedBase
from ..model.reference import Reference
from ..model.request import (
    BaseCopy,
    DerivedBase,
    DeriveRequest,
    Envelope,
    PinRequest,
    RetagRequest,
)
from ..model.request.wire import structure
from ..model.result import Result
from .base.build_secrets import BuildSecretsStep
from .base.option_check import faults, is_renderable
from .base.step import ShipStep
from .journal import build_name, journal_of, now
from .tag_claims import ClaimTable

_Bases = dict[str, dict[str, str]]
_MOST_CHANGES = 100
"""How many lines of a report on a new base the journal keeps."""


class PairsStep(ShipStep):
    """Base class of steps with an option that maps sources to own repositories.

    *pairs_option* names the option, and *pair_type* is the type of one pair in the request.
    The option may also be a list of pairs, for sources that are renderables.
    """

    pairs_option: ClassVar[str]
    pairs_description: ClassVar[str]
    pair_type: ClassVar[type[Any]]

    def request_faults(self) -> Iterator[str]:
        """Yield ``option: why`` for every wrong option of the request."""
        wrong = list(self._pair_faults())
        yield from wrong or super().request_faults()

    def request_values(self) -> dict[str, object]:
        """Return the values of the request's fields, by field."""
        values = super().request_values()
        given = getattr(self, self.pairs_option)
        if not is_renderable(given):
            pairs = tuple(self.pair_type(*pair) for pair in _pairs(given))
            values[self.field_of_option.get(self.pairs_option, self.pairs_option)] = pairs
        return values

    async def reserve(self, envelope: Envelope, record: Mapping[str, Any]) -> Envelope:
        """Reserve the moment that becomes the tag: no two steps of these masters share it."""
        now = datetime.fromtimestamp(self.master.reactor.seconds(), UTC)
        owner = f"{record['buildid']}-{self.stepid}"
        moment = await ClaimTable(self.master).unique_moment(now, owner)
        return attrs.evolve(envelope, moment=moment.isoformat(timespec="microseconds"))

    async def settle(self, outcome: Result, record: Mapping[str, Any]) -> None:
        """Write new bases into the journal."""
        journal = journal_of(self.master)
        bases = structure(outcome.properties.get("ship_bases", {}), _Bases, "ship_bases")
        for source, base in bases.items():
            reference = Reference.parse(base.get("reference", ""))
            entry = OwnedBase(
                repository=str(reference.repository),
                source=source,
                reference=str(reference),
                digest=base.get("digest", ""),
                changes=_changes(outcome.texts.get("bases.txt", ""), reference),
                build=build_name(self, record),
                at=now(self.master),
            )
            await journal.write(entry)

    def _pair_faults(self) -> Iterator[str]:
        option = self.pairs_option
        given = getattr(self, option)
        if is_renderable(given):
            return
        if not _is_mapping(given):
            yield f"{option}: {given!r} is not a mapping of {self.pairs_description}"
            return
        names = {"source": option, "destination": option}
        for source, destination in _pairs(given):
            values = {"source": source, "destination": destination}
            yield from faults(self.pair_type, values, names)


def _changes(report: str, reference: Reference) -> tuple[str, ...]:
    """Return the lines of the *report* about the base that is now *reference*."""
    _, found, rest = report.partition(f"\n  -> {reference}\n")
    lines = rest.partition("\n\n")[0].splitlines() if found else []
    return tuple(line.strip() for line in lines[:_MOST_CHANGES])


def _pairs(given: Any) -> list[Any]:
    return list(given.items() if isinstance(given, Mapping) else given)


def _is_mapping(given: object) -> bool:
    pairs = (list, tuple)
    return isinstance(given, Mapping) or (
        isinstance(given, pairs)
        and all(isinstance(pair, pairs) and len(pair) == 2 for pair in given)
    )


class RetagBase(PairsStep):
    """Copy upstream images to own repositories, under a UTC timestamp as the tag.

    Builds use the copies, so changes upstream do not affect them.

    :param copies: the own repository for each upstream image:
        ``{"docker.io/library/python:3.14": "registry.example.com/team/python314"}``; a list
        of such pairs if an upstream image is a renderable
    :param through: ``registry`` copies from registry to registry; ``engine`` pulls, tags and
        pushes; ``auto`` uses the registry if the worker reaches the source, else the engine
    """

    name = "retag"
    request_type = RetagRequest
    pairs_option, pairs_description = "copies", "upstream images to own repositories"
    pair_type = BaseCopy
    request_options = ("copies", "through")
    renderables: ClassVar[tuple[str, ...]] = request_options

    def __init__(
        self,
        copies: Mapping[str, str] | Sequence[tuple[str, str]] | IRenderable,
        *,
        through: str | IRenderable = "auto",
        **kwargs: Any,
    ) -> None:
        """Set the options of this step and of `ShipStep`."""
        self.copies, self.through = copies, through
        super().__init__(**kwargs)

    def summarizes_build(self) -> bool:
        """Return True: a nightly build runs for the sake of this step."""
        return True


class DeriveBase(BuildSecretsStep, PairsStep):
    """Build base images from Dockerfiles with RUN lines, and tag them with a UTC timestamp.

    A base is only built if its inputs changed or if it is old.

    :param bases: the own repository for each Dockerfile in the repository:
        ``{"psycopg.docker": "registry.example.com/team/python314-psycopg"}``; a list of such
        pairs if one contains a renderable
    :param revision: the commit that contains the Dockerfiles
    :param older_than_days: rebuild an unchanged base after this many days, since its RUN
        lines may install newer packages
    :param source: the URL of the repository, for the label
        ``org.opencontainers.image.source``
    :param build_secrets: ``{"netrc": util.Secret("netrc")}``: the secrets that the lines with
        ``RUN --mount=type=secret,id=netrc`` get
    """

    name = "derive"
    request_type = DeriveRequest
    pairs_option, pairs_description = "bases", "Dockerfiles to own repositories"
    pair_type = DerivedBase
    request_options = ("bases", "revision", "older_than_days", "source")
    renderables: ClassVar[tuple[str, ...]] = request_options

    def __init__(
        self,
        bases: Mapping[str, str] | Sequence[tuple[str, str]] | IRenderable,
        *,
        revision: str | IRenderable = "HEAD",
        older_than_days: float | IRenderable = 7.0,
        source: str | IRenderable | None = None,
        build_secrets: Mapping[str, str] | IRenderable | None = None,
        **kwargs: Any,
    ) -> None:
        """Set the options of this step and of `ShipStep`."""
        self.bases, self.revision = bases, revision
        self.older_than_days, self.source = older_than_days, source
        self.build_secrets = build_secrets
        super().__init__(**kwargs)

    def summarizes_build(self) -> bool:
        """Return True: a nightly build runs for the sake of this step."""
        return True


class PinBase(ShipStep):
    """Update the FROM lines in the checkout to the newest tags of their bases.

    The step only updates bases that `RetagBase` or `DeriveBase` tagged, and never moves to an
    older one.

    :param dockerfiles: the Dockerfiles to update; default: every ``*.docker`` in the top
        folder
    """

    name = "pin"
    request_type = PinRequest
    request_options = ("dockerfiles",)
    renderables: ClassVar[tuple[str, ...]] = request_options

    def __init__(self, *, dockerfiles: Sequence[str] | IRenderable = (), **kwargs: Any) -> None:
        """Set the options of this step and of `ShipStep`."""
        self.dockerfiles = dockerfiles
        super().__init__(**kwargs)
