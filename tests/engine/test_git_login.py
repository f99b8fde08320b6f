"""Proposals to git servers that want a login: what they take, and what they say."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import attrs
import pytest
from lab.git_login import GitLogin, over_http, over_ssh
from lab.git_server import git

from buildbot_ship.errors import GitForbidden, GitUnavailable, PushRefused, RepositoryError
from buildbot_ship.model.request.settings import Credential
from buildbot_ship.source.git_server import Origin

SERVERS = {"ssh": over_ssh, "http": over_http}
Serve = Callable[[Path], AbstractContextManager[GitLogin]]


@attrs.frozen
class Place:
    """A server with one repository, and a checkout of it whose HEAD is on no branch there."""

    server: GitLogin
    repository: Path
    checkout: Path

    @property
    def url(self) -> str:
        return self.server.url("app")

    @property
    def head(self) -> str:
        return git(self.checkout, "rev-parse", "HEAD")

    def origin(self, password: str = "", **others: str) -> Origin:
        host = self.server.prefix.split("/")[2].rpartition("@")[2]
        login = Credential(host, self.server.user, password or self.server.password)
        hosts = others.get("known_hosts", self.server.known_hosts)
        return Origin(self.checkout, self.url, (login,), hosts)

    def reading_origin(self) -> Origin:
        host = self.server.prefix.split("/")[2].rpartition("@")[2]
        login = Credential(host, self.server.reader, self.server.reader_password)
        return Origin(self.checkout, self.url, (login,), self.server.known_hosts)

    def branches(self) -> list[str]:
        found = git(self.repository, "for-each-ref", "--format=%(refname:short)")
        return found.split()


@pytest.fixture(params=sorted(SERVERS))
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    serve: Serve = SERVERS[request.param]
    with serve(tmp_path / "server") as server:
        developer = server.repository("app")
        developer.write({"a": "1"})
        developer.commit("First")
        developer.push()
        developer.write({"a": "2"})
        developer.commit("Second")
        yield Place(server, developer.repository, developer.tree)


def test_a_login_that_can_only_read_creates_no_branch(place: Place) -> None:
    origin = place.reading_origin()
    assert set(origin.branches("main", "ship/*")) == {"main"}
    with pytest.raises((GitForbidden, RepositoryError)):
        origin.create(place.head, "ship/x-1", ())
    assert place.branches() == ["main"]


def test_a_branch_is_created_once_and_never_moved(place: Place) -> None:
    origin = place.origin()
    assert set(origin.branches("main", "ship/*")) == {"main"}
    assert origin.create(place.head, "ship/x-1", ("merge_request.create",))
    assert origin.branches("ship/*") == {"ship/x-1": place.head}
    assert not origin.create(place.head, "ship/x-1", ())
    assert not origin.create(git(place.checkout, "rev-parse", "HEAD^"), "ship/x-1", ())
    assert origin.branches("ship/*") == {"ship/x-1": place.head}


def test_a_login_is_in_no_argument_variable_or_configuration(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    real = subprocess.run

    def run(command: list[str], **options: object) -> object:
        seen.append(f"{command} {options.get('env')} {options.get('input')}")
        return real(command, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "run", run)
    place.origin().create(place.head, "ship/x-1", ())
    monkeypatch.undo()
    secret = place.server.password.strip().splitlines()
    assert len(seen) > 0
    assert not [line for line in secret if line in "\n".join(seen)]
    assert secret[-1] not in git(place.checkout, "config", "--list")
    assert secret[0] not in (place.checkout / ".git" / "config").read_text()


def test_a_wrong_login_is_not_authorised(place: Place, tmp_path: Path) -> None:
    with pytest.raises(GitForbidden, match="refused to list its branches: not authorised"):
        place.origin(password="wrong").branches("main")


def test_no_login_is_not_authorised(place: Place) -> None:
    origin = Origin(place.checkout, place.url, (), place.server.known_hosts)
    with pytest.raises(GitForbidden):
        origin.branches("main")


def test_a_host_key_that_is_not_the_known_one_is_not_authorised(place: Place) -> None:
    if not place.server.known_hosts:
        pytest.skip("only ssh knows hosts")
    host, kind, key = place.server.known_hosts.split()
    other = (place.server.folder.parent / "sshd" / "client.pub").read_text().split()[1]
    with pytest.raises(GitForbidden, match="not authorised"):
        place.origin(known_hosts=f"{host} {kind} {other}").branches("main")
    assert key != other


def test_a_server_that_is_down_may_be_back(place: Place) -> None:
    nowhere = place.url.replace(place.server.prefix.split("/")[2].rpartition(":")[2], "1", 1)
    origin = attrs.evolve(place.origin(), remote=nowhere.replace(":1/", ":1/", 1))
    with pytest.raises(GitUnavailable, match="Connection refused|Failed to connect"):
        origin.branches("main")


def test_a_hook_that_refuses_is_quoted(place: Place) -> None:
    hook = place.repository / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho 'the tree is frozen' >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(PushRefused, match="the tree is frozen"):
        place.origin().create(place.head, "ship/x-1", ())
    assert place.branches() == ["main"]
