"""Doctor as it is called, with a fake engine and a server that plays registry and index.

tests/engine/test_doctor.py has the same with real ones.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import attrs
import pytest
from lab.git_server import git

from buildbot_ship.cli import main
from buildbot_ship.cli.questions.doctor import run_doctor
from buildbot_ship.model.tag import NO_BASE
from tests.fakes.engine_api import EngineApi, engine_29
from tests.fakes.http import Request, Response, serving

JSON = {"Content-Type": "application/vnd.pypi.simple.v1+json"}
VERSION = {"Os": "linux", "Arch": "amd64", "ApiVersion": "1.52", "Version": "29.0.0"}


@attrs.define
class Machine:
    """A machine where all is well, until a test breaks something."""

    folder: Path
    engine: EngineApi
    address: str
    capsys: pytest.CaptureFixture[str]
    environment: dict[str, str]
    asked: list[str] = attrs.field(factory=list)
    may_push: bool = True
    now: float = 0.0

    def respond(self, request: Request) -> Response:
        self.asked.append(f"{request.method} {request.path}")
        if request.path.startswith("/simple/"):
            body = json.dumps({"files": [{"upload-time": "2026-01-01T00:00:00Z"}]})
            return Response(200, body.encode(), JSON)
        if request.method == "PUT":
            return Response(400 if self.may_push else 403)
        return Response(200 if request.path == "/v2/" else 404)

    def examine(self, *options: str) -> tuple[int, dict[str, list[dict[str, str]]]]:
        """Return the exit status, and the findings by check."""
        given = ["--json", "--checkout", str(self.folder / "app"), *options]
        self.capsys.readouterr()
        time = datetime.now(UTC).timestamp() + self.now
        status = run_doctor(given, self.environment, lambda: time)
        found: dict[str, list[dict[str, str]]] = {}
        for each in json.loads(self.capsys.readouterr().out)["findings"]:
            found.setdefault(each["check"], []).append(each)
        return status, found


@pytest.fixture
def machine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Machine]:
    (tmp_path / "app").mkdir()
    git(tmp_path / "app", "init", "-q")
    git(tmp_path / "app", "commit", "-q", "--allow-empty", "-m", "one")
    with engine_29(tmp_path) as engine, serving() as server:
        info = {"Driver": "overlay2", "DockerRootDir": str(tmp_path)}
        engine.answers["GET /version"] = lambda: (200, VERSION)
        engine.answers["GET /info"] = lambda: (
            200,
            {**info, "SystemTime": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}.123456789Z"},
        )
        environment = {
            "HOME": str(tmp_path),
            "DOCKER_HOST": engine.address,
            "BUILDBOT_SHIP_STATE": str(tmp_path / "state"),
            "PIP_INDEX_URL": f"http://{server.address}/simple",
        }
        made = Machine(tmp_path, engine, server.address, capsys, environment)
        server.respond = made.respond
        yield made


def bad(found: dict[str, list[dict[str, str]]]) -> set[str]:
    return {name for name, each in found.items() if each[0]["status"] == "problem"}


def test_an_empty_repository_lacks_its_dockerfile_only(machine: Machine) -> None:
    status, found = machine.examine("--push", f"{machine.address}/team/app")
    assert bad(found) == {"Dockerfiles"}
    assert status == 3
    assert "buildbot-ship init" in found["Dockerfiles"][0]["remedy"]
    assert "Docker Engine 29.0.0" in found["engine"][0]["message"]
    assert found["requirements"][0]["status"] == "skipped"
    assert found["clock"][0]["status"] == "ok"
    assert found["clock"][0]["message"].endswith("the engine")
    assert found[f"push {machine.address}/team/app"][0]["status"] == "ok"


def test_no_right_to_push(machine: Machine) -> None:
    machine.may_push = False
    place = f"{machine.address}/team/app"
    _, found = machine.examine("--push", place)
    assert found[f"push {place}"][0]["message"] == "somebody without a login may not push"
    assert f"docker login {machine.address}" in found[f"push {place}"][0]["remedy"]


@pytest.mark.parametrize("days", [1, -1])
def test_a_clock_that_is_off_by_a_day(machine: Machine, days: int) -> None:
    machine.now = days * 86400
    _, found = machine.examine("--push", f"{machine.address}/team/app")
    words = "ahead of" if days > 0 else "behind"
    messages = [each["message"] for each in found["clock"]]
    assert f"this machine's clock is 1 d {words} the engine" in messages
    assert len(messages) == 3


def test_an_old_engine(machine: Machine) -> None:
    old = {**VERSION, "ApiVersion": "1.38", "Version": "18.06.3-ce"}
    machine.engine.answers["GET /version"] = lambda: (200, old)
    _, found = machine.examine()
    assert found["engine"][0]["message"].endswith("(API 1.38) is too old")
    assert found["engine disk"][0]["message"] == "not checked: engine has a problem"


def test_podman_and_an_engine_without_control_groups_cannot_be_used(machine: Machine) -> None:
    machine.engine.answers["GET /info"] = lambda: (200, {"CgroupDriver": "none"})
    assert machine.examine()[1]["engine"][0]["error"] == "EngineUnfit"
    podman = {**VERSION, "Components": [{"Name": "Podman Engine"}]}
    machine.engine.answers["GET /version"] = lambda: (200, podman)
    assert "Podman" in machine.examine()[1]["engine"][0]["cause"]


def test_an_engine_that_fails_is_a_problem_and_not_the_end(machine: Machine) -> None:
    machine.engine.answers["GET /info"] = lambda: (500, {"message": "out of order"})
    _, found = machine.examine()
    assert "out of order" in found["engine"][0]["cause"]
    assert found["git"][0]["status"] == "ok"


def test_a_context_that_does_not_exist(machine: Machine) -> None:
    del machine.environment["DOCKER_HOST"]
    machine.environment["DOCKER_CONTEXT"] = "colima"
    _, found = machine.examine()
    assert "docker context use" in found["engine"][0]["cause"]


def test_a_socket_that_this_user_may_not_use(machine: Machine) -> None:
    machine.engine.socket.chmod(0)
    command = [sys.executable, "-m", "buildbot_ship", "doctor", "--json"]
    if os.geteuid() == 0:
        # Root may use every socket but one of another user, without these capabilities.
        os.chown(machine.engine.socket, 65534, 65534)
        drop = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
        command = [*drop, *command]
    root = str(Path(__file__).parents[3])
    done = subprocess.run(
        command,
        cwd=machine.folder / "app",
        env={**os.environ, **machine.environment, "PYTHONPATH": root},
        capture_output=True,
        text=True,
        check=False,
    )
    (engine,) = [
        each for each in json.loads(done.stdout)["findings"] if each["check"] == "engine"
    ]
    assert engine["error"] == "EngineForbidden"
    group = machine.engine.socket.group()
    assert f"usermod -aG {group} USER" in engine["remedy"]
    assert done.returncode == 3


def test_a_bundle_that_is_missing_or_no_bundle(machine: Machine) -> None:
    (machine.folder / "bad.pem").write_text("nothing")
    missing, wrong = str(machine.folder / "no.pem"), str(machine.folder / "bad.pem")
    _, found = machine.examine("--ca-bundle", wrong, "--registry-ca-bundle", missing)
    messages = [each["message"] for each in found["CA bundles"] if each["status"] == "problem"]
    assert messages == [
        f"{wrong} has no certificates that can be read",
        f"the CA bundle {missing} cannot be read",
    ]


def test_a_bundle_that_two_options_name_is_reported_once(machine: Machine) -> None:
    missing = str(machine.folder / "no.pem")
    _, found = machine.examine("--ca-bundle", missing, "--registry-ca-bundle", missing)
    (finding,) = [each for each in found["CA bundles"] if missing in each["message"]]
    assert finding["cause"].endswith(
        "named by --ca-bundle ($PIP_CERT) and --registry-ca-bundle"
    )


def test_a_registry_that_does_not_answer_is_told_with_what_names_it(machine: Machine) -> None:
    _, found = machine.examine("--to", "127.0.0.1:1/team")
    assert found["registry 127.0.0.1:1"][0]["remedy"].endswith("; --to names it")


def test_a_dockerfile_that_cannot_be_read_does_not_hide_the_others(machine: Machine) -> None:
    (machine.folder / "app" / "build.docker").write_text("FROMM x\n")
    (machine.folder / "app" / "app.docker").write_text(
        f"FROM {machine.address}/team/base:2026-11-23T04-50-49-169150\nCOPY app.pex /\n"
    )
    _, found = machine.examine()
    assert [each["status"] for each in found["Dockerfiles"]] == ["ok", "problem"]
    assert found["base of app.docker"][0]["message"].endswith("does not exist")
    assert found["git"][1]["status"] == "warning"


def test_to_names_the_repository_of_each_image(machine: Machine) -> None:
    for name, text in {"one": "COPY one.pex /", "base": "RUN true", "two": "COPY x /"}.items():
        path = machine.folder / "app" / f"{name}.docker"
        path.write_text(f"FROM {machine.address}/team/base:1\n{text}\n")
    _, found = machine.examine("--to", f"{machine.address}/team")
    assert [name for name in found if name.startswith("push")] == [
        f"push {machine.address}/team/one"
    ]
    _, found = machine.examine("--to", f"{machine.address}/team", "--image", "two")
    assert f"push {machine.address}/team/two" in found


def test_the_report_is_also_written_to_a_file(machine: Machine, tmp_path: Path) -> None:
    machine.examine("--result", str(tmp_path / "report.json"))
    report: dict[str, Any] = json.loads((tmp_path / "report.json").read_text())
    assert report["status"] == "problem"
    assert report["counts"]["problem"] == 1


@pytest.mark.parametrize(
    "options",
    [
        ["--push", "r.example.com/team/app:tag"],
        ["--to", "-x"],
        ["--nothing"],
        ["--memory", "1"],
    ],
)
def test_a_wrong_option_is_no_finding(
    options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["doctor", *options])
    assert caught.value.code == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "buildbot-ship doctor" in said.err


DIGEST = "0a" * 32
PYTHON = "3.11.2 cpython-311-x86_64-linux-gnu linux-x86_64"
PROJECT = '[project]\nname = "app"\ndependencies = ["six"]\n'
BUILT = '[build-system]\nrequires = ["setuptools"]\n'


def harden(machine: Machine, *inputs: str, sections: str = "", formats: str = "") -> None:
    """Write the strict file and the build lock that ``harden`` would write for *inputs*."""
    folder = machine.folder / "app"
    digests = {name: sha256((folder / name).read_bytes()).hexdigest() for name in inputs}
    header = "".join(f"# loose: {name} sha256:{digest}\n" for name, digest in digests.items())
    header += f"# python: {PYTHON}\n# base: {machine.address}/team/base:1\n{formats}"
    pin = f"six==1.16.0 \\\n    --hash=sha256:{DIGEST}\n    # via -r {inputs[0]}\n"
    (folder / "requirements.strict.txt").write_text(header + pin)
    (folder / "requirements.build.txt").write_text(header + sections)
    (folder / "build.docker").write_text(f"FROM {machine.address}/team/base:1\n")


SECTION = f"#: package .\nsetuptools==84.2.1 --hash=sha256:{DIGEST}\n"


@pytest.mark.parametrize(
    ("text", "sections"), [(PROJECT, ""), (PROJECT + BUILT, ""), (PROJECT + BUILT, SECTION)]
)
def test_the_loose_file_of_the_header_is_compared(
    machine: Machine, text: str, sections: str
) -> None:
    (machine.folder / "app" / "pyproject.toml").write_text(text)
    harden(machine, "pyproject.toml", sections=sections)
    (found,) = machine.examine()[1]["requirements"]
    assert found["message"] == "1 package, up to date: requirements.strict.txt", found
    (machine.folder / "app" / "pyproject.toml").write_text(text.replace("six", "seven"))
    (found,) = machine.examine()[1]["requirements"]
    assert found["status"] == "problem"
    assert "--loose pyproject.toml" in found["remedy"]
    assert ("--package ." in found["remedy"]) == bool(sections)


def test_another_loose_file_and_the_formats_are_those_of_the_header(machine: Machine) -> None:
    (machine.folder / "app" / "requirements.in").write_text("six\n")
    harden(machine, "requirements.in", formats="# no-binary: six\n")
    (found,) = machine.examine()[1]["requirements"]
    assert found["message"] == "1 package, up to date: requirements.strict.txt", found
    (found,) = machine.examine("--only-binary", ":all:")[1]["requirements"]
    assert found["message"] == "requirements.strict.txt is not up to date in 2 places"
    (machine.folder / "app" / "requirements.in").write_text("seven\n")
    (found,) = machine.examine("--no-binary", "six")[1]["requirements"]
    assert "places" in found["message"]


def test_a_strict_file_without_a_header_is_not_compared_with_a_project(
    machine: Machine,
) -> None:
    folder = machine.folder / "app"
    (folder / "pyproject.toml").write_text(PROJECT + BUILT)
    (folder / "requirements.loose.txt").write_text("six\n")
    harden(machine, "requirements.loose.txt")
    for name in ("requirements.strict.txt", "requirements.build.txt"):
        lines = (folder / name).read_text().splitlines(keepends=True)
        (folder / name).write_text("".join(line for line in lines if line[0] != "#"))
    (folder / "requirements.loose.txt").unlink()
    (found,) = machine.examine()[1]["requirements"]
    assert (found["status"], found["message"][:9]) == ("ok", "1 package"), found


def test_one_place_is_one_place(machine: Machine) -> None:
    (machine.folder / "app" / "requirements.loose.txt").write_text("six\n")
    harden(machine, "requirements.loose.txt")
    (machine.folder / "app" / "requirements.loose.txt").write_text("six # new\n")
    (found,) = machine.examine()[1]["requirements"]
    assert found["message"] == "requirements.strict.txt is not up to date in 1 place"


@pytest.mark.parametrize(
    ("text", "command"),
    [
        (PROJECT, "buildbot-ship harden --loose pyproject.toml,"),
        (PROJECT + BUILT, "buildbot-ship harden --loose pyproject.toml --package .,"),
    ],
)
def test_after_init_the_next_step_is_named(machine: Machine, text: str, command: str) -> None:
    folder = machine.folder / "app"
    (folder / "pyproject.toml").write_text(text)
    own = f"{machine.address}/team/python311"
    (folder / "build.docker").write_text(f"FROM {own}:{NO_BASE}\n")
    _, found = machine.examine("--to", f"{machine.address}/team")
    (requirements,) = found["requirements"]
    assert requirements["message"] == "the requirements are not pinned yet"
    assert command in requirements["remedy"]
    (base,) = found["base of build.docker"]
    assert base["message"] == f"{own} has no copy of a base yet"
    assert "retag" in base["remedy"]
    assert "1970" not in base["remedy"]


def test_an_own_base_that_is_gone_is_not_copied_from_itself(machine: Machine) -> None:
    own = f"{machine.address}/team/python311"
    tag = "2026-11-23T04-50-49-169150"
    (machine.folder / "app" / "build.docker").write_text(f"FROM {own}:{tag}\n")
    (found,) = machine.examine()[1]["base of build.docker"]
    assert found["message"] == f"{own}:{tag} does not exist"
    assert "run buildbot-ship pin" in found["remedy"]
    assert f"python:3.14={own}" in found["remedy"]
    assert f"{tag}=" not in found["remedy"]


def test_what_names_a_registry_is_a_list(machine: Machine) -> None:
    for name in ("build", "app"):
        text = "FROM 127.0.0.1:1/team/base:1\nCOPY app.pex /\n"
        (machine.folder / "app" / f"{name}.docker").write_text(text)
    _, found = machine.examine("--to", "127.0.0.1:1/team")
    remedy = found["registry 127.0.0.1:1"][0]["remedy"]
    assert remedy.endswith("; build.docker, app.docker and --to name it")
