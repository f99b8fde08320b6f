"""The environment variables of `master.cfg.example` and the names of its builders.

No other module contains these names.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lab.ports import LOOPBACK, free_port

SHIP, CHECK, RETAG, HARDEN = "ship", "check", "retag", "harden"
PROPOSE_BASES, PROPOSE_REQUIREMENTS = "propose-bases", "propose-requirements"
DERIVE, PROMOTE = "derive", "promote"
BUILDERS = (SHIP, CHECK, RETAG, DERIVE, HARDEN, PROPOSE_BASES, PROPOSE_REQUIREMENTS, PROMOTE)
FORCE = {builder: f"force-{builder}" for builder in BUILDERS}
GIT_SECRET = "git-password"  # noqa: S105  # the name of a secret
GIT_READER_SECRET = "git-reader-password"  # noqa: S105  # the name of a secret
HOOK_SECRET = "hook-secret"  # noqa: S105  # the name of a secret
HOOK_USER = "hook"
WORKER_SECRET = "worker-password"  # noqa: S105  # the name of a secret
WEB_SECRET = "web-password"  # noqa: S105  # the name of a secret
WEB_USER = "ship"
SMOKE_SECRET = "smoke-key"  # noqa: S105  # the name of a secret
HUB_PREFIX = "docker.io/library"
CA_VARIABLES = ("PIP_CERT", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
CA_BUNDLE_IN_WORKER = "/etc/ssl/ship-ca-bundle.pem"
INDEX_VARIABLE = "PIP_INDEX_URL"


def host_ca_bundle(environ: Mapping[str, str] = os.environ) -> Path | None:
    """Return the CA bundle that this host is configured to use, if any."""
    named = (Path(environ[name]) for name in CA_VARIABLES if environ.get(name))
    return next((path for path in named if path.is_file()), None)


def host_index_url(environ: Mapping[str, str] = os.environ) -> str | None:
    """Return the package index that this host is configured to use, if it is an http URL."""
    url = environ.get(INDEX_VARIABLE, "")
    return url if url.startswith(("http://", "https://")) else None


@dataclass(frozen=True)
class Settings:
    """The settings of one master."""

    git_url: str
    registry: str
    worker_password: str
    upstream: str = HUB_PREFIX
    worker_name: str = "ship-worker"
    workers: tuple[str, ...] = ()
    web_port: int = 8010
    worker_port: int = 9989
    poll_seconds: int = 2
    ca_bundle: str | None = None
    index_url: str | None = None
    git_user: str | None = None
    git_reader: str | None = None
    git_known_hosts: str | None = None
    derived: str | None = None
    smoke: bool = True
    forge: str | None = None
    forge_api: str | None = None

    @classmethod
    def on_free_ports(cls, **settings: str | int | None) -> Settings:
        """Return settings with free ports.

        Two sessions of tests that both prefer a port would both find it free.
        """
        ports = {"web_port": free_port(), "worker_port": free_port()}
        return cls(**ports | settings)  # type: ignore[arg-type]

    @property
    def url(self) -> str:
        """Return the URL of the web UI; the UI warns if the browser uses another one."""
        return f"http://{LOOPBACK}:{self.web_port}/"

    def environment(self) -> dict[str, str]:
        """Return the environment variables of the master's process."""
        variables = {
            "SHIP_GIT_URL": self.git_url,
            "SHIP_REGISTRY": self.registry,
            "SHIP_UPSTREAM": self.upstream,
            "SHIP_WORKERS": " ".join(self.workers or [self.worker_name]),
            "SHIP_WEB_PORT": str(self.web_port),
            "SHIP_WORKER_PORT": str(self.worker_port),
            "SHIP_URL": self.url,
            "SHIP_POLL_SECONDS": str(self.poll_seconds),
        }
        optional = {
            "SHIP_CA_BUNDLE": self.ca_bundle,
            "SHIP_INDEX_URL": self.index_url,
            "SHIP_GIT_USER": self.git_user,
            "SHIP_GIT_READER": self.git_reader,
            "SHIP_GIT_KNOWN_HOSTS": self.git_known_hosts,
            "SHIP_DERIVED": self.derived,
            "SHIP_FORGE": self.forge,
            "SHIP_FORGE_API": self.forge_api,
            "SHIP_SMOKE": None if self.smoke else "no",
        }
        return variables | {name: value for name, value in optional.items() if value}
