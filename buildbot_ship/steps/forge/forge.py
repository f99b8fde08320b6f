"""`Forge`: one setting for commit statuses, webhooks and merge requests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import attrs
from buildbot import config
from buildbot.interfaces import IRenderable
from buildbot.process.properties import Interpolate
from buildbot.reporters.base import ReporterBase
from buildbot.reporters.generators.build import BuildStartEndStatusGenerator
from buildbot.reporters.github import GitHubStatusPush
from buildbot.reporters.gitlab import GitLabStatusPush
from buildbot.reporters.message import MessageFormatterFunction

from .calls import CALLS, Calls
from .webhook import ForgeHook

_CHARACTERS = 140
"""The maximum length of the description of a status on GitHub, the shortest of all."""


@attrs.frozen
class Forge:
    """The forge that has the repository.

    :param kind: ``github``, ``gitlab`` or ``gitea``, which is also for Forgejo
    :param repourl: the URL of the git repository, with https or ssh
    :param token: the token for its API: ``util.Secret("forge-token")``
    :param api: the URL of the API; default: the usual one on the server of *repourl*
    """

    kind: str
    repourl: str
    token: IRenderable = attrs.field(repr=False)
    api: str = ""

    def __attrs_post_init__(self) -> None:
        """Report a wrong argument as a configuration error."""
        if self.kind not in CALLS:
            known = ", ".join(CALLS)
            config.error(f"Forge: kind: {self.kind!r} is not one of {known}")
        elif "/" not in self.path:
            config.error(
                f"Forge: repourl: {self.repourl!r} names no repository of an owner: write "
                "https://host/team/app.git or ssh://git@host/team/app.git"
            )
        elif self.api and urlsplit(self.api).scheme not in ("http", "https"):
            config.error(f"Forge: api: {self.api!r} is not a URL with https")
        if isinstance(self.token, str):
            config.error('Forge: token: write util.Secret("forge-token")')

    @property
    def path(self) -> str:
        """Return the path of the repository: ``team/app``."""
        return urlsplit(self.repourl).path.strip("/").removesuffix(".git")

    @property
    def calls(self) -> Calls:
        """Return the calls of this kind of forge."""
        return CALLS[self.kind]

    @property
    def api_url(self) -> str:
        """Return the URL of the API, without a slash at its end."""
        parts = urlsplit(self.repourl)
        host = parts.netloc.rpartition("@")[2]
        if parts.scheme == "ssh":
            # The port is that of ssh.
            return self.api.rstrip("/") or self.calls.api(f"https://{parts.hostname}")
        return self.api.rstrip("/") or self.calls.api(f"{parts.scheme}://{host}")

    @property
    def host(self) -> str:
        """Return the name of the server, for messages."""
        return urlsplit(self.api_url).netloc

    def statuses(self, builders: Sequence[str]) -> ReporterBase:
        """Return a reporter that shows the builds of *builders* at their commits."""
        generator = BuildStartEndStatusGenerator(
            builders=list(builders), start_formatter=_formatter(), end_formatter=_formatter()
        )
        options: dict[str, Any] = {
            "context": Interpolate("buildbot/%(prop:buildername)s"),
            "generators": [generator],
        }
        if self.kind == "gitlab":
            # It adds /api/v4 itself.
            server = self.api_url.removesuffix("/api/v4")
            return GitLabStatusPush(self.token, baseURL=server, **options)
        # Gitea's API has the same call.
        return GitHubStatusPush(self.token, baseURL=self.api_url, **options)

    def hook(self, secret: IRenderable, poller: str) -> dict[str, Any]:
        """Return the ``change_hook_dialects``: webhooks at ``change_hook/`` and the kind.

        A webhook only makes the change source named *poller* look, and needs the *secret*.
        """
        options = {"kind": self.kind, "secret": secret, "poller": poller}
        return {self.kind: {"custom_class": ForgeHook, **options}}


def _formatter() -> MessageFormatterFunction:
    return MessageFormatterFunction(_describe, "plain")


def _describe(context: dict[str, Any]) -> str:
    """Return the summary of a build, as short as a forge wants it."""
    text = str(context["build"]["state_string"])
    return text if len(text) <= _CHARACTERS else f"{text[: _CHARACTERS - 3]}..."
