from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from lab.git_server import git

from buildbot_ship.errors import GitForbidden
from buildbot_ship.source.git_server import Origin


@pytest.mark.parametrize(
    ("remote", "host"),
    [
        ("https://git.example.com/team/app.git", "git.example.com"),
        ("https://robot@git.example.com:8443/team/app.git", "git.example.com:8443"),
        ("ssh://git@git.example.com:2222/team/app.git", "git.example.com:2222"),
        ("git@git.example.com:team/app.git", "git.example.com"),
        ("/srv/git/app.git", "this machine"),
        ("file:///srv/git/app.git", "this machine"),
    ],
)
def test_a_login_is_looked_up_by_the_host_of_the_url(remote: str, host: str) -> None:
    assert Origin(Path(), remote).host == host


class _Closed(BaseHTTPRequestHandler):
    """A git server on which nobody may do anything."""

    def do_GET(self) -> None:
        self.send_error(403)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_a_user_who_may_not_push_is_told_what_is_missing(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", ".")
    with HTTPServer(("127.0.0.1", 0), _Closed) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        origin = Origin(tmp_path, f"http://127.0.0.1:{server.server_port}/app.git")
        with pytest.raises(
            GitForbidden, match="refused to accept the branch ship/x: not auth"
        ) as pushed:
            origin.create("0" * 40, "ship/x", ())
        with pytest.raises(GitForbidden, match="refused to list its branches") as listed:
            origin.branches("main")
        server.shutdown()
    assert "a user who may create branches there" in pushed.value.remedy
    assert "known_hosts" in listed.value.remedy
