"""The setting `Forge`, and its webhooks."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

import pytest
from buildbot.changes.gitpoller import GitPoller
from buildbot.config.errors import ConfigErrors
from buildbot.plugins import util
from buildbot.reporters.github import GitHubStatusPush
from buildbot.reporters.gitlab import GitLabStatusPush

from buildbot_ship.steps.forge.forge import Forge, _describe
from buildbot_ship.steps.forge.merge_request import OpenMergeRequest
from buildbot_ship.steps.forge.webhook import ForgeHook, is_genuine
from tests.fakes.forges import SECRET
from tests.fakes.forges import Forge as Played
from tests.fakes.http import Server

URL = "https://git.example.com/team/app.git"
BODY = b'{"ref": "refs/heads/main"}'


def forge(kind: str = "github", url: str = URL, api: str = "") -> Forge:
    return Forge(kind, url, util.Secret("forge-token"), api)


@pytest.mark.parametrize(
    ("kind", "url", "api"),
    [
        ("github", "https://github.com/team/app.git", "https://api.github.com"),
        ("github", "ssh://git@github.com/team/app.git", "https://api.github.com"),
        ("github", URL, "https://git.example.com/api/v3"),
        (
            "gitlab",
            "https://git.example.com:8443/a/b/app",
            "https://git.example.com:8443/api/v4",
        ),
        (
            "gitlab",
            "ssh://git@git.example.com:2222/a/app.git",
            "https://git.example.com/api/v4",
        ),
        ("gitea", "http://robot@127.0.0.1:3000/a/app.git", "http://127.0.0.1:3000/api/v1"),
    ],
)
def test_the_api_is_that_of_the_repositorys_server(kind: str, url: str, api: str) -> None:
    made = forge(kind, url)
    assert made.api_url == api
    assert made.path in ("team/app", "a/b/app", "a/app")
    assert forge(kind, url, "https://api.example.com/x/").api_url == "https://api.example.com/x"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"kind": "GitHub"}, "'GitHub' is not one of github, gitlab, gitea"),
        ({"repourl": "git@git.example.com:app.git"}, "write https://host/team/app.git"),
        ({"repourl": "https://git.example.com/app.git"}, "names no repository of an owner"),
        ({"api": "api.example.com"}, "is not a URL with https"),
        ({"token": "a-plain-token"}, 'write util.Secret("forge-token")'),
    ],
)
def test_a_wrong_setting_is_named_and_a_token_is_not_shown(
    wrong: dict[str, Any], said: str
) -> None:
    given = {"kind": "github", "repourl": URL, "token": util.Secret("forge-token"), "api": ""}
    with pytest.raises(
        ConfigErrors, match=said.replace("(", r"\(").replace(")", r"\)")
    ) as error:
        Forge(**given | wrong)
    assert "a-plain-token" not in str(error.value) + repr(forge())


def test_a_step_without_a_forge_is_refused() -> None:
    with pytest.raises(ConfigErrors, match="OpenMergeRequest: forge: write util.Forge"):
        OpenMergeRequest("github", "Newer bases")  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", Played.KINDS)
def test_the_statuses_are_buildbots_own(kind: str) -> None:
    reporter = forge(kind).statuses(["ship"])
    assert type(reporter) is (GitLabStatusPush if kind == "gitlab" else GitHubStatusPush)


def test_the_description_of_a_status_is_short() -> None:
    assert _describe({"build": {"state_string": "shipped"}}) == "shipped"
    assert len(_describe({"build": {"state_string": "x" * 500}})) == 140


class Poller(GitPoller):  # type: ignore[misc]
    """A poller that only counts."""

    def __init__(self, name: str) -> None:
        self.name, self.polled = name, 0

    def force(self) -> None:
        self.polled += 1


def call(kind: str, headers: dict[str, str], secret: str = SECRET) -> tuple[Any, list[int]]:
    """Call the webhook of a master; return its answer, and how often its pollers polled."""
    pollers = [Poller("source"), Poller("other")]
    hook: Any = forge(kind).hook(util.Interpolate(secret), "source")
    sent = {name.encode(): value.encode() for name, value in headers.items()}
    request: Any = SimpleNamespace(content=io.BytesIO(BODY), getHeader=sent.get)
    master = SimpleNamespace(change_svc=pollers)
    handler = hook[kind]["custom_class"](master, hook[kind])
    assert isinstance(handler, ForgeHook)
    answers: list[Any] = []
    handler.getChanges(request).addBoth(answers.append)
    return answers[0], [poller.polled for poller in pollers]


@pytest.mark.parametrize("kind", Played.KINDS)
def test_a_webhook_with_the_secret_makes_its_poller_look(kind: str) -> None:
    answer, polled = call(kind, Played(kind, Server("")).webhook(BODY))
    assert answer == ([], None)
    assert polled == [1, 0]


@pytest.mark.parametrize("kind", Played.KINDS)
def test_a_webhook_without_the_secret_is_refused(kind: str) -> None:
    played = Played(kind, Server(""))
    for headers in (
        {},
        played.webhook(BODY, "guessed"),
        played.webhook(b"another body") if kind != "gitlab" else {"X-Gitlab-Token": ""},
    ):
        answer, polled = call(kind, headers)
        assert answer.check(ValueError), answer
        assert "check its secret" in answer.getErrorMessage()
        assert polled == [0, 0]


@pytest.mark.parametrize("kind", Played.KINDS)
def test_an_empty_secret_lets_nobody_in(kind: str) -> None:
    headers = Played(kind, Server("")).webhook(BODY, "")
    sent = list(headers.values())[-1]
    assert not is_genuine(kind, "", sent.encode(), BODY)
    assert not is_genuine(kind, SECRET, b"\xff", BODY)
