"""`affected` says whose fault it is: the question's, the URL's or the master's."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from buildbot_ship.cli.questions.affected import run_affected
from tests.fakes.http import Response, Server, serving

FOUND = {
    "repository": "registry.test/team/app",
    "digest": "sha256:0a",
    "newest": True,
    "channels": ["production"],
    "name": "six",
    "version": "1.16",
    "since": {"commit": "0b" * 20, "at": "2026-11-23"},
    "through": ["app", "six"],
}


@pytest.fixture
def master() -> Iterator[Server]:
    with serving() as server:
        yield server


def answer(value: object, status: int = 200) -> Response:
    return Response(status, json.dumps(value).encode())


def test_the_images_are_printed(master: Server, capsys: pytest.CaptureFixture[str]) -> None:
    found = {"asked": "six<2", "searched": 1, "images": [FOUND, FOUND]}
    master.script = [answer(found)]
    assert run_affected(["six<2", "--master", f"http://{master.address}/bb/"], {}) == 0
    assert master.lines == ["GET /bb/plugins/ship/api/affected?package=six%3C2"]
    first, row, *_ = capsys.readouterr().out.splitlines()
    assert first == "six<2: 2 images affected, 1 repository searched"
    assert row == "registry.test/team/app@sha256:0a (newest and live in production)"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["jinja2 3.2", "--master", "http://127.0.0.1:1"], "jinja2 3.2: write a name"),
        (["six", "--master", "127.0.0.1:8019"], "127.0.0.1:8019 is no URL: write it with http"),
        (["six", "--master", "host:8019"], "host:8019 is no URL"),
        (["six", "--master", "http://[::1"], "http://[::1 is no URL"),
        (["six", "--master", "file:///etc"], "file:///etc is no URL"),
        (["six", "--master", "me:secret@host:8019"], "--master: me:***@host:8019 is no URL"),
    ],
)
def test_a_wrong_question_is_not_the_fault_of_the_master(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        run_affected(words, {})
    printed = capsys.readouterr().err
    assert ended.value.code == 2
    assert said in printed
    assert "does not answer" not in printed
    assert "secret" not in printed


def test_a_question_that_only_the_master_refuses(
    master: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    master.script = [answer({"error": "six: too old a question"}, 400)]
    with pytest.raises(SystemExit) as ended:
        run_affected(["six", "--master", f"http://{master.address}"], {})
    assert ended.value.code == 2
    assert "six: too old a question" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("response", "said"),
    [
        (answer({"error": "you may not"}, 403), "does not answer: you may not"),
        (answer([]), "does not answer: it answers, but has no Ship page"),
        (Response(200, b"<html>"), "has no Ship page: it sent no JSON"),
        (Response(404, b"gone"), "has no Ship page: it sent no JSON"),
    ],
)
def test_a_master_without_an_answer(
    master: Server, response: Response, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    master.script = [response]
    assert run_affected(["six", "--master", f"http://{master.address}"], {}) == 65
    assert said in capsys.readouterr().out


def test_a_master_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_affected(["six", "--master", "http://me:secret@127.0.0.1:1"], {}) == 65
    said = capsys.readouterr().out
    assert "http://***@127.0.0.1:1 does not answer: connection refused" in said
    assert "secret" not in said


def test_the_login_of_the_url_is_sent(master: Server) -> None:
    master.script = [answer({"asked": "six", "searched": 0, "images": []})]
    assert run_affected(["six", "--master", f"http://me:p%40w@{master.address}"], {}) == 0
    login = base64.b64encode(b"me:p@w").decode()
    assert master.requests[0].headers["Authorization"] == f"Basic {login}"


def test_an_authority_in_a_folder_or_nowhere(
    master: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    url = f"http://{master.address}"
    master.respond = lambda _: answer({"asked": "six", "searched": 0, "images": []})
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path))
    assert run_affected(["six", "--master", url], {}) == 0
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "no.pem"))
    assert run_affected(["six", "--master", url], {}) == 65
    assert "no such file" in capsys.readouterr().out
