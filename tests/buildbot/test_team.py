"""The master of a team: workers with TLS, PostgreSQL, a forge and mail, by settings alone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from unittest import mock

import pytest
import requests
from lab.bases import Bases
from lab.buildmaster import EXAMPLE, Master
from lab.git_login import GitLogin, over_http
from lab.git_server import BRANCH, Developer, GitServer
from lab.postgres import postgres, postgres_program
from lab.registries import Registry
from lab.rest import Json, result_name
from lab.runs import Run
from lab.settings import (
    CHECK,
    PROPOSE_REQUIREMENTS,
    RETAG,
    SHIP,
    Settings,
    host_ca_bundle,
    host_index_url,
)
from lab.story import Story
from lab.waiting import wait_until
from lab.worker import ProcessWorker

from tests.buildbot.mailbox import Mailbox, mailbox
from tests.buildbot.stub import Stub
from tests.fakes.forges import PATH, TOKEN, Forge, forge_of
from tests.unit.docs.test_master import blocks

WORKERS = ("team-ada", "team-grace")
PASSWORD = "only-for-tests"
DIGEST = f"sha256:{'0' * 64}"
PLUGIN = "?plugin=buildbot_ship"
NAMES = ("buildbot.example.com", "localhost")
needs_postgres = pytest.mark.skipif(
    postgres_program("postgres") is None,
    reason="PostgreSQL is not installed: apt-get install postgresql runs this test",
)


@dataclass(frozen=True)
class TeamSettings(Settings):
    """Settings with a stub for the workers' Python, and mail."""

    stub: str = ""
    tls: str = ""

    def environment(self) -> dict[str, str]:
        own = {"SHIP_MAIL_TO": "team@example.com", "SHIP_MAIL_HOST": "127.0.0.1"}
        port = f"ssl:{self.worker_port}:{self.tls}"
        return (
            super().environment()
            | own
            | {
                "SHIP_WORKER_PYTHON": self.stub,
                "SHIP_WORKER_PORT": port,
            }
        )


@dataclass
class Team:
    """A master with two workers, the stub of their verbs, and what is around them."""

    master: Master
    workers: list[ProcessWorker]
    stub: Stub
    server: GitLogin
    developer: Developer
    forge: Forge
    mailbox: Mailbox

    def webhook(self, secret: str) -> requests.Response:
        """Call the webhook as the forge does."""
        body = b'{"ref": "refs/heads/main"}'
        url = f"{self.master.settings.url}change_hook/{self.forge.kind}"
        return requests.post(url, body, headers=self.forge.webhook(body, secret), timeout=30)

    def built(self, builder: str, commit: str) -> Json:
        """Return the build of a commit, which ended with success."""
        rest = self.master.rest
        build = rest.wait(rest.build_of_commit(builder, commit), 60)
        said = [(step["name"], step["state_string"]) for step in rest.steps(build["buildid"])]
        assert result_name(build["results"]) == "SUCCESS", said
        return build


def start_workers(run: Run, settings: Settings) -> list[ProcessWorker]:
    workers = [
        ProcessWorker(run, replace(settings, worker_name=name)) for name in settings.workers
    ]
    for worker in workers:
        worker.start()
    return workers


def with_mail_port(run: Run, port: int) -> Path:
    """Return the example with the port of the mail server; nobody else's listens on 25."""
    text = EXAMPLE.read_text(encoding="utf-8")
    path = run.folder / "team.cfg"
    path.write_text(
        text.replace("relayhost=MAIL_HOST", f"relayhost=MAIL_HOST, smtpPort={port}")
    )
    return path


def make_certificate(folder: Path) -> str:
    """Make the certificate of the page for localhost; return the part of the port with it."""
    shown = blocks("master.md", "sh")[1].replace("\\\n", "").replace(*NAMES)
    (folder / "secrets").mkdir(parents=True)
    command = next(line for line in shown.splitlines() if line.startswith("openssl"))
    subprocess.run(["sh", "-c", command], cwd=folder, check=True, capture_output=True)
    (folder / "trusted").mkdir()
    shutil.copy(folder / "workers.pem", folder / "trusted")
    return f"privateKey={folder}/secrets/workers.key:certKey={folder}/workers.pem"


@pytest.fixture(scope="module")
def team(lab_run: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    stub = Stub(tmp_path_factory.mktemp("stub"))
    with ExitStack() as stack:
        server = stack.enter_context(over_http(tmp_path_factory.mktemp("git") / "server"))
        forge = stack.enter_context(forge_of("gitea"))
        mails = stack.enter_context(mailbox())
        database = stack.enter_context(postgres(lab_run))
        tls = tmp_path_factory.mktemp("tls")
        settings = TeamSettings.on_free_ports(
            git_url=server.url(PATH),
            git_user=server.user,
            git_reader=server.reader,
            registry="registry.example.com/team",
            worker_password=PASSWORD,
            workers=WORKERS,  # type: ignore[arg-type]
            poll_seconds=3600,
            stub=str(stub.python),
            tls=make_certificate(tls),
            forge=forge.kind,
            forge_api=forge.api,
        )
        developer = server.repository(PATH)
        developer.write({"a": "1"})
        developer.commit("First")
        developer.push()
        master = Master(
            lab_run,
            settings,
            name="team-master",
            config=with_mail_port(lab_run, mails.server_address[1]),
            secrets={
                "forge-token": TOKEN,
                "git-password": server.password,
                "git-reader-password": server.reader_password,
            },
            database=f"{database.url}{PLUGIN}",
        )
        master.create()
        master.start()
        stack.callback(master.stop)
        connection = f"tls:localhost:{settings.worker_port}:trustRoots={tls}/trusted"
        with mock.patch.dict(os.environ, BUILDMASTER_CONNECTION=connection):
            workers = start_workers(lab_run, settings)
        for worker in workers:
            stack.callback(worker.stop)
        yield Team(master, workers, stub, server, developer, forge, mails)


@needs_postgres
def test_builds_run_on_both_workers_and_are_in_postgresql(team: Team) -> None:
    team.stub.order({RETAG: {"sleep": 2}})
    rest = team.master.rest
    builds = [rest.force(RETAG) for _ in WORKERS]
    ended = [rest.wait(build, 60) for build in builds]
    assert [result_name(build["results"]) for build in ended] == ["SUCCESS", "SUCCESS"]
    used = {build["properties"]["workername"][0] for build in ended}
    assert used == set(WORKERS)
    assert not list(team.master.folder.glob("state.sqlite*"))


@needs_postgres
def test_a_webhook_starts_a_build_which_shows_at_its_commit_and_is_told_by_mail(
    team: Team,
) -> None:
    developer = team.developer
    developer.write({"a": "shipped"})
    commit = developer.commit("Ship")
    image = {"commit": commit, "manifest_digest": DIGEST}
    images = {f"ship_image_{name}": image for name in ("remotemath", "fancycalculator")}
    pushed = {"ship_pushed_remotemath": {"reference": "r/app:1", "digest": DIGEST}}
    team.stub.order(
        {
            "image": {"result": {"properties": images}},
            "push": {"result": {"properties": pushed}},
        }
    )
    developer.push(BRANCH)
    refused = team.webhook("guessed")
    assert (refused.status_code, "check its secret" in refused.text) == (400, True)
    assert team.webhook(team.master.hook_secret).ok
    team.built(SHIP, commit)
    wait_until(lambda: len(team.forge.statuses) >= 2, 30, "the statuses")
    assert [(at, body["state"]) for at, body in team.forge.statuses[:2]] == [
        (commit, "pending"),
        (commit, "success"),
    ]
    wait_until(lambda: bool(team.mailbox.mails), 30, "the mail")
    (mail,) = team.mailbox.mails
    assert (mail["Subject"], mail["To"]) == ("Shipped remotemath", "team@example.com")
    assert f"r/app:1@{DIGEST}" in mail.get_payload(decode=True).decode()  # type: ignore[union-attr]


@needs_postgres
def test_a_proposal_becomes_a_merge_request_and_a_mail(team: Team) -> None:
    branch = "ship/requirements-1-0123456789"
    properties = {"ship_proposal": branch, "ship_proposal_commit": "0" * 40}
    texts = {"message.txt": "Newer requirements\n\nidna 3.4 -> 3.20\n"}
    result = {"properties": properties, "texts": texts}
    team.stub.order({"propose": {"result": result}})
    rest, before = team.master.rest, len(team.mailbox.mails)
    build = rest.wait(rest.force(PROPOSE_REQUIREMENTS), 60)
    steps = {step["name"]: step for step in rest.steps(build["buildid"])}
    url = team.forge.url(1)
    assert steps["open-merge-request"]["state_string"] == f"{url}: opened"
    assert [each["url"] for each in steps["open-merge-request"]["urls"]] == [url]
    (made,) = team.forge.requests
    assert made["title"] == "Newer requirements"
    assert "idna 3.4 -> 3.20" in made["text"]
    wait_until(lambda: len(team.mailbox.mails) > before, 30, "the mail")
    assert team.mailbox.mails[-1]["Subject"] == f"Proposal waiting: {branch}"
    build = rest.wait(rest.force(PROPOSE_REQUIREMENTS), 60)
    assert len(team.forge.requests) == 1


@needs_postgres
def test_old_logs_are_removed_from_postgresql(team: Team) -> None:
    rest = team.master.rest
    (force,) = (f for f in rest.get("forceschedulers")["forceschedulers"] if "Jan" in f["name"])
    builder = str(rest.builder_id("__Janitor"))
    path = f"forceschedulers/{force['name']}"
    _set, requested = rest.control(path, "force", builderid=builder)
    ended: list[Json] = []

    def is_done() -> bool:
        builds = rest.get("builds", buildrequestid=requested[builder])["builds"]
        ended[:] = [build for build in builds if build["complete"]]
        return bool(ended)

    wait_until(is_done, 60, "the janitor")
    assert result_name(ended[0]["results"]) == "SUCCESS"


@needs_postgres
def test_the_token_and_the_secret_are_in_no_log(team: Team) -> None:
    secrets = (TOKEN, team.master.hook_secret)
    for path in (*team.master.folder.rglob("*.log"), *team.workers[0].run.folder.glob("*.log")):
        text = path.read_text("utf-8", "replace")
        assert not [secret for secret in secrets if secret in text], path
    assert TOKEN not in json.dumps(team.stub.calls)
    assert team.master.rest.builds(CHECK) == []


@needs_postgres
@pytest.mark.long
def test_two_workers_and_postgresql_ship_a_commit(
    lab_run: Run, own_registry: Registry, example_bases: Bases
) -> None:
    bundle, names = host_ca_bundle(), ("two-ada", "two-grace")
    server = GitServer.start(lab_run)
    settings = Settings.on_free_ports(
        git_url=server.url("two"),
        registry=f"{own_registry.address}/two",
        upstream=example_bases.prefix,
        worker_password=PASSWORD,
        workers=names,  # type: ignore[arg-type]
        ca_bundle=str(bundle) if bundle else None,
        index_url=host_index_url(),
    )
    with postgres(lab_run) as database, ExitStack() as stack:
        url = f"{database.url}{PLUGIN}"
        master = Master(lab_run, settings, name="two-master", database=url)
        story = Story(master, server.repository("two"), lab_run.say)
        story.found()
        master.create()
        master.start()
        stack.callback(master.stop)
        for worker in start_workers(lab_run, settings):
            stack.callback(worker.stop)
        story.pin(story.retag())
        story.harden()
        commit = story.publish()
        assert {image.tag for image in story.ship(commit)} == {commit}
        rest = master.rest
        builds = [rest.force(SHIP, branch="main", no_cache=True) for _ in names]
        ended = [rest.wait(build, 300) for build in builds]
        assert [result_name(build["results"]) for build in ended] == ["SUCCESS", "SUCCESS"]
        assert {b["properties"]["workername"][0] for b in ended} == set(names)
