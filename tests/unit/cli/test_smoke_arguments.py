from __future__ import annotations

from pathlib import Path

import pytest

from buildbot_ship.cli.arguments import read
from buildbot_ship.model.request import (
    SmokeCheck,
    SmokeContainer,
    SmokeRequest,
    SystemTest,
)

TWO = ("--container", "back", "--container", "front")


def request_of(*arguments: str) -> SmokeRequest:
    call = read(["smoke", *arguments], {})
    assert call.envelope is not None
    request = call.envelope.request
    assert isinstance(request, SmokeRequest)
    return request


def test_each_option_belongs_to_the_last_container_or_check(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("hunter2")
    request = request_of(
        *("--container", "back", "--image", "app", "--argument=--port=1", "--argument", "b"),
        *("--secret", f"/run/key={tmp_path / 'key'}", "--volume", "/data", "--user", "1:1"),
        *("--container", "front", "--env", "A=1", "--env", "B=x=y", "--healthy"),
        *("--url", "http://front:1/", "--status", "404", "--text", "no such page"),
        *("--command", "check 'two words'", "--exits", "--deadline", "5", "--settle", "0"),
    )
    back = SmokeContainer(
        "back",
        "app",
        ("--port=1", "b"),
        secrets={"/run/key": "hunter2"},
        volumes=("/data",),
        user="1:1",
    )
    front = SmokeContainer("front", environment={"A": "1", "B": "x=y"})
    checks = (
        SmokeCheck(healthy=True, container="front"),
        SmokeCheck("http://front:1/", status=404, text="no such page"),
        SmokeCheck(command=("check", "two words"), container="front"),
        SmokeCheck(exits=True, container="front"),
    )
    assert request == SmokeRequest((SystemTest((back, front), checks, 5.0, 0.0),))


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ((), "containers: name at least one"),
        (("--image", "app"), "--image: it must follow --container"),
        (("--healthy",), "--healthy: it must follow --container"),
        (("--container", "a", "--text", "x"), "--text: it must follow a check"),
        (("--container", "a", "--exits", "--status", "ok"), "'ok' is not a number"),
        (("--container", "a", "--env", "A"), "--env: 'A' is not of the form NAME=VALUE"),
        (("--container", "a", "--secret", "/run/key"), "not of the form PATH=FILE"),
        (
            ("--container", "a", "--secret", "/run/key=/nowhere/key"),
            "--secret: /nowhere/key: No such file",
        ),
        (("--container", "a", "--secret", f"/run/key={__file__}s"), "No such file"),
        (("--container", "a", "--container", "a", "--exits"), "two containers have the name"),
    ],
)
def test_a_wrong_option_is_named(
    arguments: tuple[str, ...], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        request_of(*arguments)
    assert ended.value.code == 2
    assert why in capsys.readouterr().err


def test_a_binary_secret_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "key").write_bytes(b"\xff\xfe")
    with pytest.raises(SystemExit):
        request_of("--container", "a", "--secret", f"/run/key={tmp_path / 'key'}", "--exits")
    assert "key is not a text in UTF-8" in capsys.readouterr().err
