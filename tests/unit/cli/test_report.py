from __future__ import annotations

import io
import json
from pathlib import Path

import attrs
import pytest
from lab.git_server import git
from lab.soak.secrets.attacker import ENCODINGS

from buildbot_ship.cli import main
from buildbot_ship.cli.arguments import read
from buildbot_ship.cli.call import OutputMask, _failure_result, _report, run
from buildbot_ship.errors import InvalidFile, InvalidRequest, Problem, SmokeTestFailed
from buildbot_ship.model.request import Envelope, SmokeRequest, wire
from buildbot_ship.model.request.settings import Credential, Index
from buildbot_ship.model.request.smoke import SmokeCheck, SmokeContainer, SystemTest
from buildbot_ship.model.result import SUCCESS, Result


@pytest.mark.parametrize(("count", "times"), [(1, 1), (2, 2)])
def test_a_fault_that_stands_alone_is_said_once(
    capsys: pytest.CaptureFixture[str], count: int, times: int
) -> None:
    faults = tuple(Problem("strict.txt", n, "flask has no hash") for n in range(1, count + 1))
    _report(read(["check"], {}), _failure_result("check", InvalidFile(faults)))
    said = capsys.readouterr().out
    assert said.count("strict.txt:1: flask has no hash") == times
    assert said.count("remedy: ") == 1


@pytest.mark.parametrize("options", [["gc"], ["gc", "--json"]])
def test_warnings_are_printed_before_the_summary(
    capsys: pytest.CaptureFixture[str], options: list[str]
) -> None:
    _report(read(options, {}), Result("gc", SUCCESS, "done", warnings=("a: look",)))
    said = capsys.readouterr()
    place = said.err if "--json" in options else said.out
    assert place.splitlines()[0] == "warning: a: look"


@pytest.mark.parametrize("verb", ["check", "doctor"])
def test_a_result_that_cannot_be_written_is_a_wrong_option(
    verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    result = str(tmp_path / "file" / "result.json")
    place = ["--checkout", str(tmp_path), "--work", str(tmp_path / "w")]
    try:
        status = main([verb, "--result", result, *place, "--index-url", "http://127.0.0.1:1/"])
    except SystemExit as ended:
        status = int(str(ended.code))
    assert status == InvalidRequest.status
    assert f"--result: cannot write {result}: " in capsys.readouterr().err


def test_a_program_reads_a_failure_as_json_and_a_person_beside_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    faults = tuple(Problem("strict.txt", n, "flask has no hash") for n in (1, 2))
    _report(read(["check", "--json"], {}), _failure_result("check", InvalidFile(faults)))
    said = capsys.readouterr()
    result = json.loads(said.out)
    assert result["status"] == "failure"
    assert result["failure"]["kind"] == "InvalidFile"
    assert result["failure"]["remedy"] in said.err
    assert said.err.startswith("strict.txt:1: flask has no hash\nstrict.txt:2: ")


@pytest.mark.parametrize(
    ("arguments", "warns_of_uncommitted"),
    [
        (["wheels"], True),
        (["check"], True),
        (["image", "app"], True),
        (["wheels", "--revision", "main"], False),
        (["push", "app", "r/app"], False),
        (["harden"], False),
        (["wheels", "--request", "-", "--result", "r"], False),
    ],
)
def test_a_person_is_told_of_uncommitted_files_and_a_step_never(
    arguments: list[str], warns_of_uncommitted: bool
) -> None:
    assert read(arguments, {}).warns_of_uncommitted == warns_of_uncommitted


def test_a_failure_may_be_that_a_file_is_not_committed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    git(tmp_path, "init", "-q")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "one")
    (tmp_path / "build.docker").write_text("FROM a/b:1\n")
    assert run(["check", "--checkout", str(tmp_path), "--work", str(tmp_path / "w")]) == 14
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("warning: 1 uncommitted file is not in commit ")
    assert said[0].endswith("which buildbot-ship reads: build.docker (untracked)")
    assert said[1].startswith("buildbot-ship check: requirements.strict.txt is not in ")


SECRET = "hunter2/x&y +"


def smoke_envelope(**fields: object) -> Envelope:
    container = SmokeContainer("app", secrets={"/run/secrets/key": SECRET})
    test = SystemTest((container,), (SmokeCheck(url="http://app:8080/"),))
    given: dict[str, object] = {"request": SmokeRequest((test,)), "build": "b", "work": "../w"}
    return Envelope(**given | fields)  # type: ignore[arg-type]


def test_an_envelope_names_its_secrets() -> None:
    index = Index(
        "https://u:p%40ss@index/simple", ("https://token@other/simple",), "http://x:1"
    )
    credentials = (Credential("r.example.com", "robot", "hunter3"),)
    envelope = smoke_envelope(index=index, credentials=credentials)
    assert list(envelope.secrets()) == ["hunter3", "p@ss", "token", SECRET]


def test_the_secrets_of_a_call_are_in_no_output(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    git(tmp_path, "init", "-q")
    credentials = (Credential("r.example.com", "robot", "no-such-commit"),)
    given = smoke_envelope(credentials=credentials, work=str(tmp_path / "w"))
    sent = wire.envelope_to_json(given)
    sent["request"]["revision"] = "no-such-commit"
    standard_input = io.TextIOWrapper(io.BytesIO(json.dumps(sent).encode()))
    monkeypatch.setattr("sys.stdin", standard_input)
    monkeypatch.chdir(tmp_path)
    assert run(["smoke", "--request", "-", "--result", "result.json"]) not in (0, 70)
    said = capsys.readouterr()
    written = (tmp_path / "result.json").read_text()
    assert "***" in said.out
    assert "***" in written
    assert "no-such-commit" not in said.out + said.err + written


@pytest.mark.parametrize("secret", ["ab\x1b[31mcdef", "first\rsecond", "plain-secret"])
def test_a_secret_with_control_characters_is_not_shown(secret: str) -> None:
    mask = OutputMask()
    mask.hide([secret])
    assert mask.readable(f"got {secret} here") == "got *** here"
    assert mask.readable(f"\x1b[1mgot\x1b[0m {secret} here") == "got *** here"


def test_a_secret_that_control_characters_divide_is_not_shown() -> None:
    mask = OutputMask()
    mask.hide(["plain-secret"])
    assert mask.readable("plain\x1b[1m-sexx\b\bcret") == "***"


def test_a_failure_shows_no_debris_of_a_terminal() -> None:
    error = SmokeTestFailed("page", "it ended", "\x1b[31mred\x1b[0m\r2%")
    result = attrs.evolve(
        _failure_result("smoke", error), texts={"app.log": "1%\r2%\n", "lock": "a\r\nb"}
    )
    shown = OutputMask().readable_result(result)
    assert shown.failure is not None
    assert shown.failure.message == "it ended; last lines of page: red 2%" == shown.summary
    assert shown.texts == {"app.log": "2%\n", "lock": "a\r\nb"}


def test_a_line_and_a_result_lose_every_encoding() -> None:
    mask = OutputMask()
    mask.hide(smoke_envelope().secrets())
    for encode in ENCODINGS.values():
        form = encode(SECRET)
        assert mask(f"got {form}") == "got ***"
        result = Result("gc", SUCCESS, form, {"p": [form]}, {"t": form}, warnings=(form,))
        expected = Result("gc", SUCCESS, "***", {"p": ["***"]}, {"t": "***"}, warnings=("***",))
        assert result.changed(mask) == expected


@pytest.mark.parametrize("verb", ["push", "build", "find"])
def test_what_is_published_is_printed_with_its_digest(
    verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    pushed = {"reference": "registry.test/team/app:1", "digest": f"sha256:{'0a' * 32}"}
    result = Result(verb, SUCCESS, "done", properties={"ship_pushed_app": pushed})
    _report(read(["gc"], {}), result)
    assert capsys.readouterr().out.splitlines() == [
        f"app: registry.test/team/app:1@{pushed['digest']}",
        f"{verb}: done",
    ]
