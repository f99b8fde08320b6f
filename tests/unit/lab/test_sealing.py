from __future__ import annotations

from pathlib import Path

import pytest
from lab.errors import LabError
from lab.git_server import make_repository
from lab.sealing import BUILDERS, PRODUCTION, RECIPIENTS, TOKEN, Keys, seal_token

from buildbot_ship.sealed import SecretError, open_secret


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    developer = make_repository(tmp_path / "bare", tmp_path / "tree")
    return Keys(tmp_path / "keys", developer.tree)


def test_production_and_the_builders_open_the_same_token(keys: Keys) -> None:
    keys.make()
    seal_token(keys.tree)
    opened = {
        open_secret(TOKEN, str(keys.tree / "secrets"), str(keys.file(name)))
        for name in (PRODUCTION, BUILDERS)
    }
    assert len(opened) == 1
    assert len(opened.pop()) == 64


def test_only_the_owner_can_read_the_private_keys(keys: Keys) -> None:
    keys.make()
    assert {keys.file(name).stat().st_mode & 0o777 for name in RECIPIENTS} == {0o600}
    assert keys.folder.stat().st_mode & 0o777 == 0o700


def test_sealing_needs_no_private_key(keys: Keys) -> None:
    keys.make()
    for name in RECIPIENTS:
        keys.file(name).unlink()
    seal_token(keys.tree)
    with pytest.raises(SecretError, match="the key file is not at"):
        open_secret(TOKEN, str(keys.tree / "secrets"), str(keys.file(PRODUCTION)))


def test_a_refusal_of_the_command_is_an_error_of_the_lab(keys: Keys) -> None:
    with pytest.raises(LabError, match="secrets seal failed:\n.*recipients.txt"):
        seal_token(keys.tree)
