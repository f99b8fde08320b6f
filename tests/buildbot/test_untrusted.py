"""The example's builders ship and check, and a git server with a pusher and a reader."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from lab.buildmaster import Master
from lab.git_login import READER_TOKEN, TOKEN, GitLogin, over_http
from lab.git_server import BRANCH, Developer, git
from lab.rest import Json, result_name
from lab.runs import Run
from lab.settings import CHECK, GIT_READER_SECRET, GIT_SECRET, SHIP, SMOKE_SECRET, Settings
from lab.worker import ProcessWorker

from tests.buildbot.stub import Stub

SECRETS = {
    GIT_SECRET: TOKEN,
    GIT_READER_SECRET: READER_TOKEN,
    SMOKE_SECRET: "the-key-that-opens-secrets",
    "registry-password": "the-password-that-pushes",
    "registry-reader-password": "the-password-that-reads",
}
OF_TRUSTED = (TOKEN, SECRETS[SMOKE_SECRET], SECRETS["registry-password"])


@dataclass(frozen=True)
class StubSettings(Settings):
    """Settings with a stub for the worker's Python, and two users of the registry."""

    stub: Path = field(default=Path())
    checked: str = "refs/heads/ refs/pull/"

    def environment(self) -> dict[str, str]:
        own = {
            "SHIP_WORKER_PYTHON": str(self.stub),
            "SHIP_REGISTRY_USER": "robot",
            "SHIP_REGISTRY_READER": "reader",
            "SHIP_CHECKED_REFS": self.checked,
        }
        return super().environment() | own


@dataclass
class Scene:
    """A master, its worker, the stub of the verbs, and a developer."""

    master: Master
    worker: ProcessWorker
    stub: Stub
    server: GitLogin
    developer: Developer

    def build_of(self, builder: str, commit: str) -> Json:
        """Return the build of a commit, which ended with success."""
        rest = self.master.rest
        build = rest.wait(rest.build_of_commit(builder, commit), 60)
        said = [(step["name"], step["state_string"]) for step in rest.steps(build["buildid"])]
        assert result_name(build["results"]) == "SUCCESS", said
        return build


@pytest.fixture(scope="module")
def scene(lab_run: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    stub = Stub(tmp_path_factory.mktemp("stub"))
    with over_http(tmp_path_factory.mktemp("git") / "server") as server:
        settings = StubSettings.on_free_ports(
            git_url=server.url("app"),
            git_user=server.user,
            git_reader=server.reader,
            registry="registry.example.com/team",
            worker_password="worker",
            worker_name="untrusted-worker",
            poll_seconds=1,
            stub=stub.python,  # type: ignore[arg-type]
        )
        developer = server.repository("app")
        developer.write({"a": "1"})
        developer.commit("First")
        developer.push()
        master = Master(lab_run, settings, name="untrusted-master", secrets=SECRETS)
        master.create()
        master.start()
        worker = ProcessWorker(lab_run, settings)
        worker.start()
        yield Scene(master, worker, stub, server, developer)
        worker.stop()
        master.stop()


@pytest.mark.parametrize("ref", ["heads/ship/bases-1-abc", "pull/1/head"])
def test_a_strangers_commit_is_built_without_secrets_and_is_not_published(
    scene: Scene, ref: str
) -> None:
    developer = scene.developer
    developer.write({"a": ref})
    commit = developer.commit(ref)
    git(developer.tree, "push", "-q", str(developer.repository), f"HEAD:refs/{ref}")
    scene.stub.order({})
    build = scene.build_of(CHECK, commit)
    calls = scene.stub.calls
    verbs = [envelope["request"]["verb"] for _, envelope in calls]
    assert {"wheels", "pex", "image"} <= set(verbs)
    assert not {"push", "find", "smoke"} & set(verbs)
    assert {envelope["cache"]["trusted"] for _, envelope in calls} == {False}
    assert {envelope["work"] for _, envelope in calls} == {"../ship-untrusted"}
    passwords = {login["password"] for _, e in calls for login in e["credentials"]}
    assert passwords == {SECRETS["registry-reader-password"]}
    sent = json.dumps([calls, build, scene.master.rest.steps(build["buildid"])])
    assert not [secret for secret in OF_TRUSTED if secret in sent]
    steps = {s["name"]: s for s in scene.master.rest.steps(build["buildid"])}
    assert result_name(steps["tests-left-out"]["results"]) == "WARNINGS"
    assert (
        "the tests of fancycalculator need secrets" in steps["tests-left-out"]["state_string"]
    )
    in_ship = [b for b in scene.master.rest.builds(SHIP) if commit in str(b["properties"])]
    assert in_ship == []


def test_the_shipped_branch_is_published_and_shares_no_folder(scene: Scene) -> None:
    developer = scene.developer
    developer.write({"a": "shipped"})
    commit = developer.commit("Ship")
    # PushTagged claims the tag for what BuildRuntimeImage made.
    made = {"commit": commit, "manifest_digest": f"sha256:{'0' * 64}"}
    images = {f"ship_image_{name}": made for name in ("remotemath", "fancycalculator")}
    scene.stub.order({"image": {"result": {"properties": images}}})
    developer.push(BRANCH)
    scene.build_of(SHIP, commit)
    calls = scene.stub.calls
    assert {envelope["cache"]["trusted"] for _, envelope in calls} == {True}
    assert {"find", "smoke", "push"} <= {e["request"]["verb"] for _, e in calls}
    assert "password-that-pushes" in json.dumps(calls)
    checked = [b for b in scene.master.rest.builds(CHECK) if commit in str(b["properties"])]
    assert checked == []
    folder = scene.worker.run.folder / scene.worker.settings.worker_name
    work = {path.relative_to(folder).as_posix() for path in folder.glob("*/ship*")}
    assert work == {"ship/ship", "check/ship-untrusted"}
