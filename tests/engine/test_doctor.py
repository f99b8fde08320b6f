"""Doctor on a real engine with real registries: each fault is found, and says what to do."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

import attrs
import pytest
from lab.archive import tar_of
from lab.authority import Authority
from lab.bases import Bases
from lab.registries import Registry

from buildbot_ship.cli.questions.doctor import run_doctor
from buildbot_ship.model.diagnosis.finding import OK, PROBLEM, SKIPPED, WARNING
from buildbot_ship.model.reference import Reference, Repository, digest_of
from buildbot_ship.registry.client import RegistryClient
from buildbot_ship.registry.copy import copy
from buildbot_ship.registry.interface import Manifest
from tests.fakes.engine_api import engine_29
from tests.fakes.images import DOCKER_CONFIG, describe
from tests.small_disk import small_disk

from .conftest import Repository as Checkout
from .guarded import HTPASSWD, ME, Keys, TokenServer
from .private_registry import private_registry

DAY = 86400
TAG = "2026-11-23T04-50-49-169150"
LAYER = "application/vnd.docker.image.rootfs.diff.tar"
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
NOWHERE = "127.0.0.1:1"


@attrs.define
class Patient:
    """A repository that can be built, and what doctor finds in it."""

    checkout: Checkout
    own: str
    status: int = 0
    findings: list[dict[str, str]] = attrs.field(factory=list)

    def examine(self, *options: str) -> None:
        process = self.checkout.start("doctor", "--json", *options)
        output, _ = process.communicate(timeout=120)
        self.status = process.returncode
        self.findings = json.loads(output)["findings"]

    def found(self, check: str) -> list[dict[str, str]]:
        found = [each for each in self.findings if each["check"] == check]
        assert found, [each["check"] for each in self.findings]
        return found

    def problem(self, check: str) -> dict[str, str]:
        """Return the only problem, which *check* found, with its cause and its remedy."""
        problems = [each for each in self.findings if each["status"] == PROBLEM]
        assert [each["check"] for each in problems] == [check], problems
        assert problems[0]["cause"]
        assert problems[0]["remedy"]
        assert self.status == 3
        return problems[0]

    def write(self, name: str, text: str) -> None:
        (self.checkout.folder / name).write_text(text)
        self.checkout.commit()

    def log_in(self, registry: str, user: str, password: str) -> None:
        auth = base64.b64encode(f"{user}:{password}".encode()).decode()
        folder = self.checkout.state / "docker"
        folder.mkdir(parents=True, exist_ok=True)
        config = {"auths": {registry: {"auth": auth}}}
        (folder / "config.json").write_text(json.dumps(config))
        self.checkout.environment["DOCKER_CONFIG"] = str(folder)


@pytest.fixture
def patient(cold_repository: Checkout, bases: Bases, own_registry: Registry) -> Patient:
    """A repository without a fault: its bases are in an own repository."""
    checkout, client = cold_repository, RegistryClient()
    place = f"{own_registry.address}/bases"
    for name, base in (("full", bases.full), ("slim", bases.slim)):
        own = Reference.parse(f"{place}/{name}:{TAG}")
        copy(client, Reference.parse(base.reference), own)
        for file in ("build.docker", "tiny.docker"):
            path = checkout.folder / file
            path.write_text(
                path.read_text().replace(f"FROM {base.reference}\n", f"FROM {own}\n")
            )
    checkout.commit()
    return Patient(checkout, own_registry.address)


def test_nothing_is_found_where_all_is_well(patient: Patient) -> None:
    patient.examine("--to", f"{patient.own}/team", "--cache", f"{patient.own}/team/cache")
    assert patient.status == 0, patient.findings
    bad = [each for each in patient.findings if each["status"] in (PROBLEM, WARNING)]
    assert bad == []
    names = [each["check"] for each in patient.findings]
    assert f"push {patient.own}/team/tiny" in names
    assert f"push {patient.own}/team/cache" in names
    assert "Python 3" in patient.found("Python of tiny.docker")[0]["message"]
    assert "the engine" in patient.found("clock")[0]["message"]


def test_a_build_finds_what_doctor_listed(patient: Patient) -> None:
    patient.checkout.succeed("check", "--package", ".")
    patient.checkout.work.mkdir(exist_ok=True)
    patient.examine()
    assert len(list((patient.checkout.work / "bases").iterdir())) == 2


def test_no_socket(patient: Patient) -> None:
    patient.checkout.environment["DOCKER_HOST"] = "unix:///nowhere.sock"
    patient.examine()
    found = patient.problem("engine")
    assert found["error"] == "EngineUnavailable"
    assert "the socket does not exist" in found["cause"]
    assert "DOCKER_HOST" in found["remedy"]
    assert patient.found("engine disk")[0]["status"] == SKIPPED
    assert patient.found("Python of build.docker")[0]["status"] == OK


def test_no_permission(patient: Patient, tmp_path: Path) -> None:
    with engine_29(tmp_path) as engine:
        engine.socket.chmod(0)
        os.chown(engine.socket, 65534, 65534)
        patient.checkout.environment["DOCKER_HOST"] = engine.address
        # Root may do everything but what this takes from it.
        drop = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
        process = patient.checkout.start("doctor", "--json", before=drop)
        output, _ = process.communicate(timeout=120)
    patient.status = process.returncode
    patient.findings = json.loads(output)["findings"]
    found = patient.problem("engine")
    assert found["error"] == "EngineForbidden"
    assert "usermod -aG nogroup" in found["remedy"]


def test_a_wrong_authority(patient: Patient, secure: Keys, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = Authority.make(tmp_path / "other", "127.0.0.1").bundle
    place = f"{secure[1]}/team/app"
    patient.examine("--push", place, "--registry-ca-bundle", str(other))
    found = patient.problem(f"registry {secure[1]}")
    assert "certificate is not trusted" in found["message"]
    assert "self-signed certificate" in found["cause"]
    assert "--registry-ca-bundle" in found["remedy"]
    skipped = patient.found(f"push {place}")[0]
    assert skipped["message"] == f"not checked: registry {secure[1]} has a problem"
    patient.examine("--push", place, "--registry-ca-bundle", str(secure[0].bundle))
    assert patient.found(f"push {place}")[0]["status"] == OK


def test_a_wrong_password(patient: Patient, guarded: str) -> None:
    patient.log_in(guarded, "me", "wrong")
    patient.examine("--push", f"{guarded}/team/app")
    found = patient.problem(f"login {guarded}")
    assert "refuses the password of me, found in" in found["message"]
    assert "config.json" in found["message"]
    assert f"docker login {guarded}" in found["remedy"]
    assert patient.found(f"push {guarded}/team/app")[0]["status"] == SKIPPED


def test_no_login_at_all(patient: Patient, guarded: str) -> None:
    patient.examine("--push", f"{guarded}/team/app")
    assert "there is none" in patient.problem(f"login {guarded}")["message"]


def test_no_right_to_push(patient: Patient, tokens: TokenServer) -> None:
    tokens.may = {"team/app": {"pull"}}
    patient.log_in(tokens.address, *ME)
    patient.examine("--push", f"{tokens.address}/team/app")
    found = patient.problem(f"push {tokens.address}/team/app")
    assert found["message"] == "me may not push"
    assert found["remedy"] == "give me the right to push to team/app"


def stored(storage: Path) -> list[Path]:
    """Return what is in the storage of a registry."""
    return list(storage.rglob("*"))


def test_a_trial_leaves_nothing(patient: Patient, tmp_path: Path) -> None:
    (tmp_path / "htpasswd").write_text(HTPASSWD)
    auth = {"htpasswd": {"realm": "here", "path": str(tmp_path / "htpasswd")}}
    with private_registry(tmp_path, auth=auth) as address:
        patient.log_in(address, *ME)
        patient.examine("--push", f"{address}/team/app")
        assert patient.found(f"push {address}/team/app")[0]["message"] == "me may push"
    assert stored(tmp_path / "storage") == []


@pytest.mark.parametrize("may", [{"pull", "push"}, {"pull", "push", "delete"}])
def test_who_may_not_cancel_leaves_nothing_either(
    patient: Patient, tokens: TokenServer, may: set[str], tmp_path: Path
) -> None:
    tokens.may = {"team/app": may}
    patient.log_in(tokens.address, *ME)
    patient.examine("--push", f"{tokens.address}/team/app")
    assert patient.found(f"push {tokens.address}/team/app")[0]["status"] == OK
    assert stored(tmp_path / "storage") == []


def test_a_mount_is_tried_where_it_changes_nothing(patient: Patient) -> None:
    base = Reference.parse(f"{patient.own}/bases/slim:{TAG}")
    place = Repository.parse(f"{patient.own}/mounted/app")
    check = f"mount bases/slim to {place}"
    patient.examine("--push", str(place))
    assert patient.found(check)[0]["status"] == SKIPPED
    copy(RegistryClient(), base, place.tagged("1"))
    patient.examine("--push", str(place))
    assert patient.found(check)[0]["message"] == "layers of the base are mounted, not uploaded"


@pytest.mark.parametrize("days", [1, -1])
def test_a_clock_that_is_off_by_a_day(
    patient: Patient,
    days: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(patient.checkout.folder)
    capsys.readouterr()
    now = lambda: time.time() + days * DAY  # noqa: E731
    patient.status = run_doctor(["--json"], os.environ, now)
    patient.findings = json.loads(capsys.readouterr().out)["findings"]
    found = [each for each in patient.findings if each["status"] == PROBLEM]
    assert {each["check"] for each in found} == {"clock"}
    words = "ahead of" if days > 0 else "behind"
    assert any(f"1 d {words} the engine" in each["message"] for each in found)
    assert any(f"1 d {words} registry" in each["message"] for each in found)
    assert "clock of this machine" in found[0]["remedy"]
    assert patient.status == 3


def test_a_full_disk(patient: Patient, tmp_path: Path) -> None:
    with small_disk(tmp_path / "small", 8) as folder:
        patient.examine("--work", str(folder / "work"))
    found = patient.problem("work folder")
    assert "is full" in found["message"]
    assert "buildbot-ship gc" in found["remedy"]


def test_an_index_that_cannot_be_reached(patient: Patient) -> None:
    url = f"http://me:secret@{NOWHERE}/simple"
    patient.examine("--index-url", url)
    found = patient.problem(f"index http://***@{NOWHERE}/simple")
    assert "cannot be reached" in found["message"]
    assert "--index-url" in found["remedy"]
    assert "secret" not in json.dumps(patient.findings)


def test_what_is_no_index(patient: Patient) -> None:
    url = f"http://{patient.own}/v2"
    patient.examine("--index-url", url)
    assert patient.found(f"index {url}")[0]["status"] == WARNING
    assert "does not have" in patient.found(f"index {url}")[0]["message"]


@pytest.fixture
def bare(patient: Patient) -> Reference:
    """A base without Python, in an own repository."""
    client, place = RegistryClient(), Repository.parse(f"{patient.own}/bases/bare")
    layer = tar_of({"etc/os-release": b"ID=bare\n", "bin/sh": b""})
    config: dict[str, Any] = {"architecture": "amd64", "os": "linux", "config": {}}
    config["rootfs"] = {"type": "layers", "diff_ids": [digest_of(layer)]}
    data = json.dumps(config).encode()
    document = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": describe(DOCKER_CONFIG, data),
        "layers": [describe(LAYER, layer)],
    }
    for blob in (layer, data):
        client.upload(place, digest_of(blob), blob)
    client.put(place.tagged(TAG), Manifest(MANIFEST, json.dumps(document).encode()))
    return place.tagged(TAG)


def test_a_base_without_python(patient: Patient, bare: Reference) -> None:
    text = f'FROM {bare}\nCOPY tiny.pex /\nENTRYPOINT ["/tiny.pex"]\n'
    patient.write("tiny.docker", text)
    patient.examine()
    found = patient.problem("Python of tiny.docker")
    assert found["message"] == "the base has no Python"
    assert "name a base with Python 3" in found["remedy"]
    patient.write("tiny.docker", f"FROM {bare}\nCOPY setup.py /\n")
    patient.examine()
    assert patient.found("Python of tiny.docker")[0]["status"] == SKIPPED


def test_a_build_base_without_python(patient: Patient, bare: Reference) -> None:
    patient.write("build.docker", f"FROM {bare}\n")
    patient.examine()
    assert "no python3" in patient.problem("Python of build.docker")["cause"]


def test_a_base_that_is_not_owned(patient: Patient, bases: Bases) -> None:
    patient.write("build.docker", f"FROM {bases.full.reference}\n")
    patient.examine("--to", f"{patient.own}/team")
    found = patient.problem("base of build.docker")
    assert "build.docker:1" in found["cause"]
    command = f"buildbot-ship retag {bases.full.reference}={patient.own}/team/python311"
    assert command in found["remedy"]


def test_a_base_that_does_not_exist(patient: Patient) -> None:
    missing = f"{patient.own}/bases/slim:2020-01-01T00-00-00-000000"
    patient.write("tiny.docker", f"FROM {missing}\nCOPY tiny.pex /\n")
    patient.examine()
    assert patient.problem("base of tiny.docker")["message"] == f"{missing} does not exist"
    assert patient.found("Python of tiny.docker")[0]["status"] == SKIPPED


def test_a_stale_lock(patient: Patient) -> None:
    patient.write("requirements.loose.txt", "six\ndocopt\nattrs\n")
    patient.examine()
    found = patient.problem("requirements")
    assert "is not up to date" in found["message"]
    assert "requirements.loose.txt:3" in found["cause"]
    assert "buildbot-ship harden" in found["remedy"]


def test_an_old_engine(patient: Patient, tmp_path: Path) -> None:
    version = {"Os": "linux", "Arch": "amd64", "ApiVersion": "1.38", "Version": "18.06.3-ce"}
    with engine_29(tmp_path) as engine:
        engine.answers["GET /version"] = lambda: (200, version)
        patient.checkout.environment["DOCKER_HOST"] = engine.address
        patient.examine()
        assert engine.seen == ["GET /version"]
    found = patient.problem("engine")
    assert found["message"] == "Docker Engine 18.06.3-ce (API 1.38) is too old"
    assert "20.10 or later" in found["remedy"]


def test_every_fault_at_once_is_found_at_once(patient: Patient) -> None:
    patient.checkout.environment["DOCKER_HOST"] = "unix:///nowhere.sock"
    patient.write("requirements.loose.txt", "attrs\n")
    patient.examine("--index-url", f"http://{NOWHERE}/simple", "--push", f"{NOWHERE}/team/app")
    bad = {each["check"] for each in patient.findings if each["status"] == PROBLEM}
    assert bad == {
        "engine",
        f"index http://{NOWHERE}/simple",
        f"registry {NOWHERE}",
        "requirements",
    }


def test_the_lines_for_a_reader(patient: Patient) -> None:
    patient.checkout.environment["DOCKER_HOST"] = "unix:///nowhere.sock"
    process = patient.checkout.start("doctor")
    output, _ = process.communicate(timeout=120)
    lines = output.splitlines()
    assert lines[0].split() == ["problem", "engine", "no", "Docker", "Engine", "answers"]
    assert lines[1].startswith(
        "         cause: no Docker Engine answers at unix:///nowhere.sock"
    )
    assert lines[2].startswith("         remedy: start the engine")
    assert lines[-1].startswith("doctor: 1 problem, 0 warnings, ")
    assert process.returncode == 3


def test_git_is_missed(patient: Patient) -> None:
    subprocess.run(["rm", "-rf", str(patient.checkout.folder / ".git")], check=True)
    patient.examine()
    assert "git init" in patient.problem("git")["remedy"]
    assert patient.found("requirements")[0]["status"] == OK


def test_every_check_is_in_the_documentation(patient: Patient) -> None:
    page = Path(__file__).parents[2] / "docs" / "command-line.md"
    part = page.read_text("utf-8").partition("### What is checked\n")[2].partition("\n### ")[0]
    first = [row.split("|")[1] for row in part.splitlines() if row.startswith("| `")]
    documented = {name.split()[0] for cell in first for name in cell.strip(" `").split("`, `")}
    patient.examine("--to", f"{patient.own}/team")
    assert {each["check"].split()[0] for each in patient.findings} == documented
