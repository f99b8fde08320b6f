"""Whose login: the one given, else docker's on the worker."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from buildbot_ship.model.request.settings import Credential
from buildbot_ship.registry.http.credentials import Keychain, Login
from tests.unit.registry.conftest import write_config

SECRET = "pa:ss wörd"


def auth(username: str, password: str) -> dict[str, str]:
    return {"auth": base64.b64encode(f"{username}:{password}".encode()).decode()}


def keychain(folder: Path, *credentials: Credential, path: str = "") -> Keychain:
    return Keychain(credentials, {"DOCKER_CONFIG": str(folder), "PATH": path}, print)


@pytest.mark.parametrize(
    ("key", "registry"),
    [
        ("registry.example.com:5000", "registry.example.com:5000"),
        ("https://registry.example.com:5000/v1/", "registry.example.com:5000"),
        ("https://index.docker.io/v1/", "docker.io"),
        ("docker.io", "docker.io"),
    ],
)
def test_logins_come_from_dockers_configuration(
    tmp_path: Path, key: str, registry: str
) -> None:
    write_config(tmp_path, auths={key: auth("me", SECRET), "other.example.com": {}})
    assert keychain(tmp_path).find(registry) == Login("me", SECRET)
    assert keychain(tmp_path).find("other.example.com") is None
    assert keychain(tmp_path).find("unknown.example.com") is None


def test_a_home_folder_has_dockers_configuration(tmp_path: Path) -> None:
    (tmp_path / ".docker").mkdir()
    write_config(tmp_path / ".docker", auths={"r.example.com": auth("me", "x")})
    keys = Keychain((), {"HOME": str(tmp_path)}, print)
    assert keys.find("r.example.com") == Login("me", "x")


def test_credentials_given_win(tmp_path: Path) -> None:
    write_config(tmp_path, auths={"r.example.com": auth("docker", "x")})
    keys = keychain(tmp_path, Credential("r.example.com", "me", SECRET))
    assert keys.find("r.example.com") == Login("me", SECRET)


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"auths": []}', '{"auths": {"r.x": {"auth": 7}}}']
)
def test_a_broken_configuration_gives_no_login(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text)
    assert keychain(tmp_path).find("r.x") is None


HELPER = """#!/bin/sh
read server
echo "$1 $server" > {folder}/asked
echo '{{"ServerURL": "'$server'", "Username": "{user}", "Secret": "hidden"}}'
"""


def write_helper(folder: Path, name: str, user: str) -> None:
    path = folder / f"docker-credential-{name}"
    path.write_text(HELPER.format(folder=folder, user=user))
    path.chmod(0o755)


@pytest.mark.parametrize(
    ("config", "registry", "server"),
    [
        ({"credsStore": "vault"}, "docker.io", "https://index.docker.io/v1/"),
        ({"credHelpers": {"r.example.com": "vault"}}, "r.example.com", "r.example.com"),
        (
            {"credsStore": "other", "credHelpers": {"r.example.com": "vault"}},
            "r.example.com",
            "r.example.com",
        ),
    ],
)
def test_a_credential_program_is_asked(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    config: dict[str, object],
    registry: str,
    server: str,
) -> None:
    write_config(tmp_path, **config)
    write_helper(tmp_path, "vault", "me")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    found = keychain(tmp_path, path=f"{tmp_path}:/usr/bin:/bin").find(registry)
    assert found == Login("me", "hidden")
    assert (tmp_path / "asked").read_text() == f"get {server}\n"
    assert "hidden" not in repr(found)


def test_a_credential_program_may_give_an_identity_token(tmp_path: Path) -> None:
    write_config(tmp_path, credsStore="vault")
    write_helper(tmp_path, "vault", "<token>")
    found = keychain(tmp_path, path=f"{tmp_path}:/usr/bin:/bin").find("r.example.com")
    assert found == Login("<token>", "hidden", identity=True)


@pytest.mark.parametrize("name", ["../evil", "missing", "a b"])
def test_a_credential_program_that_cannot_run_gives_no_login(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_config(tmp_path, credsStore=name, auths={"r.example.com": auth("me", "x")})
    keys = keychain(tmp_path, path=str(tmp_path))
    assert keys.find("r.example.com") == Login("me", "x")
    assert "credential" in capsys.readouterr().out


def test_a_credential_program_that_fails_gives_no_login(tmp_path: Path) -> None:
    write_config(tmp_path, credsStore="vault")
    path = tmp_path / "docker-credential-vault"
    path.write_text("#!/bin/sh\necho 'credentials not found in native keychain'\nexit 1\n")
    path.chmod(0o755)
    assert keychain(tmp_path, path="/usr/bin:/bin").find("r.example.com") is None
