"""The entry point of the page: ``c["www"]["plugins"]["ship"] = {}``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from buildbot.www.plugin import Application

from ..steps.factories.joining import OTHER_BUILDERS
from .answers import Answers
from .api import Api

ACTIONS = {
    "rebuild": "force-ship",
    "promote": "force-promote",
    "rebase": "force-propose-bases",
    "harden": "force-propose-requirements",
}
"""The force scheduler of each button of the page, unless the configuration names another."""


class ShipApplication(Application):  # type: ignore[misc]  # Buildbot has no type hints
    """The page, and below ``api/`` the answers for it."""

    def __init__(self) -> None:
        """Serve ``static/`` and ``api/``."""
        super().__init__(__package__, "Ship: what is published, and from what")
        self.resource.putChild(b"api", Api(self))

    def answers(self) -> Answers:
        """Return what answers the questions of the page, as it is configured now."""
        given = self.config if isinstance(self.config, Mapping) else {}
        actions = {
            name: _by_builder(given.get(name, scheduler), scheduler)
            for name, scheduler in ACTIONS.items()
        }
        return Answers(self.master, actions)


def _by_builder(configured: Any, default: str) -> dict[str, Any]:
    """Return the force scheduler of each builder; that of the others has no name."""
    if isinstance(configured, Mapping):
        return {OTHER_BUILDERS: default, **configured}
    return {OTHER_BUILDERS: configured}


ep = ShipApplication()
