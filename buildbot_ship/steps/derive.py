"""`DeriveBase`: bases of your own, built on others and owned like copies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from buildbot.interfaces import IRenderable

from ..model.request import DerivedBase, DeriveRequest
from .pairs import PairsStep


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
