from __future__ import annotations

from pathlib import Path

import pytest

from buildbot_ship.source.origin import Origin


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
