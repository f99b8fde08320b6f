from __future__ import annotations

import netrc as stdlib
from pathlib import Path

import pytest

from buildbot_ship.errors import InvalidRequest
from buildbot_ship.model.decision.netrc import netrc
from buildbot_ship.model.request.settings import Credential, Index

INDEX = Index("https://index.example.com/simple", ("https://other.example.com:8443/simple",))
LOGINS = (
    Credential("index.example.com", "robot", "hun#ter2!$%"),
    Credential("other.example.com:8443", "reader", "pass'word\""),
    Credential("registry.example.com", "robot", "not for an index"),
)


def test_only_hosts_of_the_index_are_in_it(tmp_path: Path) -> None:
    path = tmp_path / "netrc"
    path.write_text(netrc(INDEX, LOGINS))
    assert stdlib.netrc(str(path)).hosts == {
        "index.example.com": ("robot", "", "hun#ter2!$%"),
        "other.example.com": ("reader", "", "pass'word\""),
    }


def test_another_port_is_another_host() -> None:
    assert netrc(Index("https://index.example.com:1/simple"), LOGINS) == ""


def test_the_public_index_needs_none() -> None:
    assert netrc(Index(), LOGINS) == ""


@pytest.mark.parametrize(
    "word", ["hunter 2", "hunter\n2", "hunter\\2", '"hunter2"', "#hunter2"]
)
def test_what_readers_of_netrc_disagree_on_is_refused_unseen(word: str) -> None:
    with pytest.raises(InvalidRequest, match=r"credentials: for the index") as caught:
        netrc(INDEX, (Credential("index.example.com", "robot", word),))
    assert "hunter" not in str(caught.value)
