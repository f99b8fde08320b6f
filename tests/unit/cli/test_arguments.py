from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from buildbot_ship.cli.arguments import REQUEST_MAKERS, read
from buildbot_ship.cli.collaborators import Collaborators
from buildbot_ship.cli.help_texts import VERB_HELP
from buildbot_ship.cli.verb_options import OPTIONS
from buildbot_ship.cli.verbs import VERBS
from buildbot_ship.daemon.engine import Engine
from buildbot_ship.model import request as r
from buildbot_ship.model.request import REQUESTS, SCHEMA, settings
from buildbot_ship.model.tag import timestamp_tag

STEP = ("--request", "-", "--result")
NO_ENGINE = {"DOCKER_HOST": "unix:///nowhere.sock"}


def request_of(*argv: str, **environment: str) -> r.Request:
    call = read(argv, environment)
    assert call.envelope is not None
    return call.envelope.request


def test_every_verb_has_help_and_a_request() -> None:
    assert set(VERB_HELP) == set(REQUEST_MAKERS) == set(OPTIONS) == set(VERBS) == set(REQUESTS)


def test_the_secret_of_a_build_is_read_from_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "netrc").write_text("hunter2\n")
    option = ["--build-secret", f"netrc={tmp_path / 'netrc'}"]
    derive = request_of("derive", *option, "a.docker=r.example.com/a")
    image = request_of("image", *option, "app")
    assert isinstance(derive, r.DeriveRequest)
    assert isinstance(image, r.ImageRequest)
    assert derive.build_secrets == image.build_secrets == {"netrc": "hunter2\n"}
    for wrong in (option[1].replace("=", ":"), "netrc=/no/such", "a,b=/dev/null"):
        with pytest.raises(SystemExit) as ended:
            read(["image", "app", "--build-secret", wrong], {})
        assert ended.value.code == 2
        assert "remedy: " in capsys.readouterr().err


@pytest.mark.parametrize("verb", sorted(VERB_HELP))
def test_help_teaches_by_example(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        read([verb, "--help"], {})
    assert ended.value.code == 0
    assert f"example:\n  buildbot-ship {verb}" in capsys.readouterr().out


@pytest.mark.parametrize("verb", sorted(VERB_HELP))
def test_the_example_of_each_verb_is_a_request(verb: str) -> None:
    words = VERB_HELP[verb][1].replace("\\\n", " ").split()
    assert request_of(*words[1:]).verb == verb


def test_build_is_the_whole_chain_for_several_images() -> None:
    words = VERB_HELP["build"][1].replace("\\\n", " ").split()
    request = request_of(*words[1:])
    assert isinstance(request, r.BuildRequest)
    assert [pex.name for pex in request.pexes] == ["twist.pex", "fc-twist.pex"]
    assert [push.repository for push in request.pushes] == [
        "registry.example.com/team/remotemath",
        "registry.example.com/team/fancycalculator",
    ]


def test_every_image_of_a_chain_is_told_what_a_missing_library_means() -> None:
    one = request_of("image", "app", "--missing-libraries", "fail")
    assert one == r.ImageRequest("app", load=True, missing_libraries="fail")
    made = ["--pex", "a.pex=a", "--image", "a", "--image", "b", "--missing-libraries", "ignore"]
    chain = request_of("build", *made)
    assert isinstance(chain, r.BuildRequest)
    assert [image.missing_libraries for image in chain.images] == ["ignore", "ignore"]


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["push", "App", "r.example.com/app"], "not an image name"),
        (["push", "app", "r.example.com/App"], "not an image reference"),
        (
            ["push", "app", "r.example.com/app", "--untrusted"],
            "untrusted build publishes nothing",
        ),
        (
            [
                "build",
                "--pex",
                "a.pex=a",
                "--image",
                "a",
                "--to",
                "r.example.com",
                "--untrusted",
            ],
            "cannot run push",
        ),
        (["retag", "python:3.11"], "write it as SOURCE=DESTINATION"),
        (["retag", "python=r.example.com/p"], "latest is not assumed"),
        (["wheels", "--revision", "a..b"], "a range"),
        (["pex", "x", "a", "--module", "m", "--script", "s"], "not both"),
    ],
)
def test_wrong_options_end_with_the_cause_and_the_remedy(
    argv: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        read(argv, {})
    error = capsys.readouterr().err
    assert ended.value.code == 2
    assert said in error
    assert "remedy: " in error


def test_how_to_reach_registries_comes_from_options() -> None:
    words = ["--registry-ca-bundle", "/ca", "--insecure-registry", "a.lab:1"]
    call = read(["wheels", *words, "--insecure-registry", "b.lab"], {})
    assert call.envelope is not None
    assert call.envelope.registries == settings.RegistryOptions("/ca", ("a.lab:1", "b.lab"))


def test_the_index_comes_from_options_or_pips_environment() -> None:
    call = read(["wheels"], {"PIP_INDEX_URL": "https://index.example.com/", "PIP_CERT": "/ca"})
    assert call.envelope is not None
    assert call.envelope.index == settings.Index("https://index.example.com/", ca_bundle="/ca")


def run(folder: Path, stdin: str, *argv: str) -> tuple[int, str, dict[str, object]]:
    result = folder / "out" / "result.json"
    done = subprocess.run(
        [sys.executable, "-I", "-m", "buildbot_ship", *argv, *STEP, str(result)],
        input=stdin,
        capture_output=True,
        text=True,
        cwd=folder,
        env=NO_ENGINE,
        check=False,
    )
    found = json.loads(result.read_text()) if result.exists() else {}
    return done.returncode, done.stdout + done.stderr, found


def test_a_step_gets_its_failure_as_a_result(tmp_path: Path) -> None:
    status, output, result = run(tmp_path, "not json", "wheels")
    assert status == 11
    assert result["status"] == "failure"
    assert "standard input is not JSON" in output


def test_a_step_of_another_version_is_told_which_side_to_upgrade(tmp_path: Path) -> None:
    status, _, result = run(tmp_path, '{"schema": 99}', "wheels")
    assert status == 12
    failure = result["failure"]
    assert isinstance(failure, dict)
    assert failure["remedy"] == "upgrade buildbot-ship on the worker"


def test_a_master_cannot_open_secrets(tmp_path: Path) -> None:
    request = {"verb": "secrets", "action": "unseal", "names": ["x"], "key_file": "/k"}
    envelope = {"schema": SCHEMA, "request": request, "build": "b", "work": "../w"}
    status, output, _ = run(tmp_path, json.dumps(envelope), "secrets")
    assert status == 2
    assert "invalid choice: 'secrets'" in output
    status, output, _ = run(tmp_path, json.dumps(envelope), "check-secrets")
    assert status == 11
    assert "its verb is secrets, but the command is check-secrets" in output


def test_a_request_for_another_verb_is_refused(tmp_path: Path) -> None:
    envelope = {"schema": SCHEMA, "request": {"verb": "gc"}, "build": "b", "work": "../w"}
    status, output, _ = run(tmp_path, json.dumps(envelope), "wheels")
    assert status == 11
    assert "its verb is gc, but the command is wheels" in output


def test_nothing_in_the_checkout_shadows_us(tmp_path: Path) -> None:
    (tmp_path / "buildbot_ship").mkdir()
    (tmp_path / "buildbot_ship" / "__main__.py").write_text("print('shadowed')\n")
    (tmp_path / "docker").mkdir()
    (tmp_path / "attrs.py").write_text("print('shadowed')\n")
    _, output, _ = run(tmp_path, "{}", "wheels")
    assert "shadowed" not in output


def test_a_verb_without_engine_imports_no_docker_sdk() -> None:
    code = (
        "import sys; import buildbot_ship.cli; "
        "heavy = {'docker', 'requests', 'buildbot', 'twisted'} & set(sys.modules); "
        "sys.exit(', '.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, check=False)
    assert done.stderr == b""
    assert done.returncode == 0


def test_the_commas_of_extras_do_not_separate_requirements() -> None:
    made = request_of("pex", "app.pex", "celery[redis,sqs],app[a, b],six", "--module", "app")
    assert isinstance(made, r.PexRequest)
    assert made.requirements == ("celery[redis,sqs]", "app[a, b]", "six")


@pytest.mark.parametrize("verb", ["harden", "check"])
def test_wheels_and_sdists_are_chosen_as_on_the_command_line_of_pip(verb: str) -> None:
    given = ["--no-binary", "six", "--no-binary=lxml,x", "--only-binary", ":all:"]
    made = request_of(verb, *given)
    assert isinstance(made, (r.HardenRequest, r.CheckRequest))
    assert (made.no_binary, made.only_binary) == ("six,lxml,x", ":all:")
    assert request_of(verb) == (r.HardenRequest() if verb == "harden" else r.CheckRequest())


def test_a_push_by_hand_claims_only_if_it_is_told_where() -> None:
    place = "r.example.com/app"
    assert request_of("push", "app", place) == r.PushRequest("app", place)
    words = ["push", "app", place, "--claim", "origin", "--take-over"]
    expected = r.PushRequest("app", place, claim_remote="origin", take_over=True)
    assert request_of(*words) == expected


def test_a_build_claims_every_image_that_it_pushes() -> None:
    words = ["--pex", "a.pex=a", "--image", "a", "--image", "b", "--to", "r.example.com"]
    build = request_of("build", *words, "--claim", "origin")
    assert isinstance(build, r.BuildRequest)
    assert [push.claim_remote for push in build.pushes] == ["origin", "origin"]
    found = request_of("find", *words)
    assert isinstance(found, r.FindRequest)
    assert [push.claim_remote for push in found.pushes] == ["", ""]


def test_bases_have_the_moment_that_the_master_reserved() -> None:
    request = r.PinRequest()
    envelope = r.Envelope(request, "b", "w", moment="2026-11-28T04:50:00.000001+00:00")
    reserved = Collaborators(envelope, Path(), {}, print).clock()
    assert timestamp_tag(reserved) == "2026-11-28T04-50-00-000001"
    by_hand = Collaborators(r.Envelope(request, "b", "w"), Path(), {}, print)
    assert abs(by_hand.clock() - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("trusted", "of_worker", "expected"),
    [(True, {}, None), (False, {}, "0"), (False, {"DOCKER_BUILDKIT": "1"}, "1")],
)
def test_an_untrusted_build_takes_the_builder_that_limits_memory(
    trusted: bool, of_worker: dict[str, str], expected: str | None, tmp_path: Path
) -> None:
    cache = settings.CacheOptions(trusted=trusted)
    envelope = r.Envelope(r.CheckRequest(), "b", "w", cache=cache)
    environment = {"BUILDBOT_SHIP_STATE": str(tmp_path), "DOCKER_HOST": "unix:///nowhere"}
    found = Collaborators(envelope, tmp_path, {**environment, **of_worker}, print).daemon
    assert isinstance(found, Engine)
    assert found.environment.get("DOCKER_BUILDKIT") == expected
