"""Registry logins: from the credentials option, else from the worker's Docker configuration.

Formats: https://docs.docker.com/reference/cli/docker/login/ (``config.json``) and
https://github.com/docker/docker-credential-helpers (``docker-credential-*`` programs).
"""

from __future__ import annotations

import base64
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from ...model.json_text import read_json
from ...model.log import Log
from ...model.reference import DEFAULT_REGISTRY
from ...model.request.settings import Credential

_HUB_KEY = "https://index.docker.io/v1/"
_HUB = (DEFAULT_REGISTRY, "index.docker.io", "registry-1.docker.io")
_HELPER = re.compile(r"[A-Za-z0-9_.-]+")
_OPTION = "the option credentials"
_HELPER_TIMEOUT = 30
"""Seconds that a credential helper may take."""


@attrs.frozen
class Login:
    """A user and a password, or an identity token in place of a password.

    *source* tells where it was found.
    """

    username: str
    secret: str = attrs.field(repr=False)
    identity: bool = False
    source: str = attrs.field(default="", eq=False)


def _host(key: str) -> str:
    """Return the registry of a key: ``host:port``, or a URL, as older Docker versions write."""
    host = re.sub(r"^https?://", "", key).partition("/")[0].lower()
    return DEFAULT_REGISTRY if host in _HUB else host


@attrs.frozen
class Keychain:
    """The logins for registries; Docker's ``config.json`` is read only when one is needed.

    *environment* is that of the process: its DOCKER_CONFIG or HOME locates ``config.json``.
    """

    credentials: tuple[Credential, ...]
    environment: Mapping[str, str] = attrs.field(repr=False)
    log: Log = attrs.field(repr=False)

    def find(self, registry: str) -> Login | None:
        """Return the login for *registry*, or None."""
        host = _host(registry)
        for credential in self.credentials:
            if _host(credential.registry) == host:
                return Login(credential.username, credential.password, source=_OPTION)
        return self._from_docker(host)

    def _from_docker(self, host: str) -> Login | None:
        config = self._read_config()
        helpers = {_host(k): v for k, v in _mapping(config, "credHelpers").items()}
        helper = helpers.get(host) or config.get("credsStore")
        login = self._run_helper(helper, host) if isinstance(helper, str) and helper else None
        entries = {_host(k): v for k, v in _mapping(config, "auths").items()}
        return login or _read_entry(entries.get(host), str(self.path))

    @property
    def path(self) -> Path:
        """Return the path of Docker's ``config.json``."""
        home = Path(self.environment.get("HOME") or "/nonexistent")
        return Path(self.environment.get("DOCKER_CONFIG") or home / ".docker") / "config.json"

    def _read_config(self) -> dict[str, Any]:
        path = self.path
        try:
            config = read_json(path.read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError):
            self.log(f"cannot read {path}: ignoring the registry logins in it")
            return {}
        return config if isinstance(config, dict) else {}

    def _run_helper(self, helper: str, host: str) -> Login | None:
        """Return the login of a credential helper; its error output may contain secrets."""
        if not _HELPER.fullmatch(helper):
            self.log("ignoring a credential helper in Docker's config.json: invalid name")
            return None
        program = f"docker-credential-{helper}"
        try:
            done = subprocess.run(
                [program, "get"],
                input=(_HUB_KEY if host == DEFAULT_REGISTRY else host).encode(),
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=_HELPER_TIMEOUT,
                check=False,
                env=dict(self.environment),
            )
        except (OSError, subprocess.TimeoutExpired):
            self.log(f"cannot run {program}: ignoring the registry logins in it")
            return None
        return _read_helper(done.stdout, program) if done.returncode == 0 else None


def _mapping(config: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = config.get(name)
    return value if isinstance(value, dict) else {}


def _read_helper(output: bytes, program: str) -> Login | None:
    try:
        answer = read_json(output)
        username, secret = str(answer["Username"]), str(answer["Secret"])
    except (ValueError, KeyError, TypeError):
        return None
    identity = username == "<token>"
    return Login(username, secret, identity, program) if secret else None


def _read_entry(entry: Any, path: str) -> Login | None:
    """Return the login in an entry of ``auths``; its ``auth`` is base64 of user:password."""
    if not isinstance(entry, dict):
        return None
    if entry.get("identitytoken"):
        return Login("<token>", str(entry["identitytoken"]), identity=True, source=path)
    try:
        plain = base64.b64decode(str(entry.get("auth") or ""), validate=True).decode()
    except ValueError:
        return None
    username, colon, password = plain.rstrip("\0").partition(":")
    return Login(username, password, source=path) if colon else None
