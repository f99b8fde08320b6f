"""`ShipMessages`: a generator of messages for Buildbot's own reporters."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

from buildbot import config
from buildbot.interfaces import IReportGenerator
from buildbot.reporters import utils
from buildbot.reporters.generators.utils import BuildStatusGeneratorMixin
from twisted.internet.defer import Deferred, ensureDeferred
from zope.interface import implementer

from .news import EVENTS, News, news_of

_SUBJECT = 120


@implementer(IReportGenerator)
class ShipMessages(BuildStatusGeneratorMixin):  # type: ignore[misc]
    """Tell what builds shipped, which proposals wait, and which bases are old.

    It is for the option ``generators`` of reporters: ``MailNotifier``, ``HttpStatusPush``,
    ``PushoverNotifier`` and others.

    :param on: the events: ``shipped``, ``proposal``, ``old-base``
    :param old_base_days: the age of an old base, in days
    :param builders: the builders to tell of; default: all
    :param body: makes the body of a chat's JSON from a text; default: the body is the text
    """

    wanted_event_keys: ClassVar[list[tuple[str, None, str]]] = [("builds", None, "finished")]
    compare_attrs: ClassVar[Sequence[str]] = ["on", "old_base_days", "body"]

    def __init__(
        self,
        on: Sequence[str] = EVENTS,
        old_base_days: float = 30,
        builders: Sequence[str] | None = None,
        body: Callable[[str], object] | None = None,
    ) -> None:
        """Take the options; Buildbot calls `check` later."""
        chosen = None if builders is None else list(builders)
        super().__init__("all", None, chosen, None, None, None, None, False)
        self.on, self.old_base_days, self.body = tuple(on), old_base_days, body

    def check(self) -> None:
        """Report each wrong option as a configuration error."""
        super().check()
        for event in self.on:
            if event not in EVENTS:
                known = ", ".join(EVENTS)
                config.error(f"ShipMessages: on: {event!r} is not one of {known}")
        if not isinstance(self.old_base_days, (int, float)) or self.old_base_days <= 0:
            config.error(f"ShipMessages: old_base_days: {self.old_base_days!r} is no age")

    def generate_name(self) -> str:
        """Return a name of the reporter for these options."""
        return "_".join((super().generate_name(), *self.on))

    def generate(
        self, master: Any, reporter: Any, key: Any, build: dict[str, Any]
    ) -> Deferred[dict[str, Any] | None]:
        """Return the message about a finished *build*, or None."""
        return ensureDeferred(self._generate(master, build))

    async def _generate(self, master: Any, build: dict[str, Any]) -> dict[str, Any] | None:
        await utils.getDetailsForBuild(master, build, want_properties=True)
        if not self.is_message_needed_by_props(build):
            return None
        now = datetime.fromtimestamp(time.time(), UTC)
        found = news_of(build["properties"], self.old_base_days, now)
        news = [each for each in found if each.event in self.on]
        return self._report(news, build) if news else None

    def _report(self, news: Sequence[News], build: dict[str, Any]) -> dict[str, Any]:
        """Return a report in Buildbot's form."""
        subject = "; ".join(each.headline for each in news)
        text = "".join(f"{line}\n" for each in news for line in (each.headline, *each.lines))
        text += f"{_origin(build)}\n{build['url']}\n"
        body = text if self.body is None else self.body(text)
        return {
            "body": body,
            "subject": subject if len(subject) <= _SUBJECT else f"{subject[:_SUBJECT]}...",
            "type": "plain" if isinstance(body, str) else "json",
            "results": build["results"],
            "builds": [build],
            "buildset": build["buildset"],
            "users": [],
            "patches": [],
            "logs": [],
            "extra_info": None,
        }


def _origin(build: dict[str, Any]) -> str:
    """Return what was built, by which builder."""
    values = {name: value for name, (value, _source) in build["properties"].items()}
    branch, revision = values.get("branch"), values.get("got_revision")
    commit = f"commit {revision[:12]}" if isinstance(revision, str) and revision else ""
    of = " of ".join(each for each in (commit, branch) if each)
    return f"{of}, built by {build['builder']['name']}" if of else build["builder"]["name"]
