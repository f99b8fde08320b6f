"""A master, a worker, and a repository whose code prints secrets, between such servers."""

from __future__ import annotations

import hashlib
import secrets
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import docker
from lab.bases import Bases, publish_bases
from lab.buildmaster import EXAMPLE, Master
from lab.errors import LabError
from lab.git_server import Developer, git, make_repository
from lab.registries import Registry, serve
from lab.runs import Run
from lab.sealing import BUILDERS, Keys, seal_token
from lab.settings import (
    GIT_SECRET,
    SMOKE_SECRET,
    Settings,
    host_ca_bundle,
    host_index_url,
)
from lab.small_wheel import small_wheel
from lab.soak.secrets import attacker
from lab.soak.secrets.planted import GIT, INDEX, KEY, REGISTRY, Planted
from lab.soak.secrets.servers import USER, Servers, servers
from lab.worker import ProcessWorker

APP, PACKAGE = "app", "ship-hidden"
HOOK = """\
#!/bin/sh
while read old new ref; do
    case $ref in refs/heads/ship/*) cat '{shown}' >&2; exit 1;; esac
done
"""
IMAGES = f"""\
TEST = {{
    "containers": [{{"name": "{APP}", "secrets": KEY}}],
    "checks": [{{"url": "http://{APP}:{attacker.PORT}/", "text": "{attacker.READY}"}}],
}}
IMAGES = [
    util.ShipImage(
        name="{APP}",
        repository=f"{{REGISTRY}}/{APP}",
        pex="app.pex",
        requirements=["{attacker.NAME}"],
        module="attacker",
        smoke=TEST,
    )
]
"""
REPLACED = {
    ("IMAGES = [\n", "\n]\n"): IMAGES,
    ("BASES = {", "\n}\n"): 'BASES = {f"{UPSTREAM}/python:3.11-slim": f"{REGISTRY}/refused"}\n',
    ("LOGINS = registry", "\n"): """\
LOGINS = registry_login(REGISTRY_USER, "registry-password")
INDEX = os.environ["SHIP_EXTRA_INDEX"]
LOGINS[urlsplit(INDEX).netloc] = ("robot", util.Secret("index-password"))
NETWORK = {**NETWORK, "extra_index_urls": [INDEX]}
COMMON = {**COMMON, **NETWORK}
""",
}
"""The parts of `master.cfg.example` that differ, by their first and last characters."""


@dataclass(frozen=True)
class Hostile(Settings):
    """Settings with the user of the registry, and a second index."""

    extra_index: str = ""

    def environment(self) -> dict[str, str]:
        """Return the environment variables of the master's process."""
        own = {"SHIP_REGISTRY_USER": USER, "SHIP_EXTRA_INDEX": self.extra_index}
        return super().environment() | own


@dataclass(frozen=True)
class Scene:
    """What a round needs."""

    run: Run
    master: Master
    worker: ProcessWorker
    developer: Developer
    servers: Servers
    registry: Registry
    planted: Planted = field(repr=False)

    @property
    def storage(self) -> Path:
        """Return the folder with the registry's files."""
        return self.run.folder / "registry-secrets"


def configuration() -> str:
    """Return `master.cfg.example` with the image, the bases and the logins of the soak."""
    text = EXAMPLE.read_text(encoding="utf-8")
    for (first, last), new in REPLACED.items():
        before, found, rest = text.partition(first)
        if not found:
            raise LabError(f"{EXAMPLE.name} has no line that begins with {first!r}")
        text = before + new + rest.partition(last)[2]
    return text


@contextmanager
def scene(run: Run, folder: Path) -> Iterator[Scene]:
    """Start everything; *folder* is for files with secrets, outside of all that is searched."""
    registry = serve(run, "secrets")
    bases = publish_bases(run.cache, registry.address)
    developer = make_repository(folder / "git" / "app", folder / "tree")
    git(developer.repository, "config", "http.receivepack", "true")
    keys = Keys(folder / "keys", developer.tree)
    keys.make()
    planted = Planted.plant(keys.file(BUILDERS).read_text(encoding="utf-8").strip())
    seal_token(developer.tree)
    host = docker.from_env().api.inspect_network("bridge")["IPAM"]["Config"][0]["Gateway"]
    with servers(planted, registry.address, folder, (host, PACKAGE, _wheel())) as served:
        run.note_registry(int(served.registry.rpartition(":")[2]))
        _add_hook(developer, folder, planted)
        _write(developer, bases, served)
        # The poller takes the first commits that it sees for old ones.
        developer.commit("First")
        developer.push()
        master = _master(run, folder, served, planted)
        master.create()
        master.start()
        worker = ProcessWorker(run, master.settings)
        try:
            worker.start()
            yield Scene(run, master, worker, developer, served, registry, planted)
        finally:
            worker.stop()
            master.stop()


def _add_hook(developer: Developer, folder: Path, planted: Planted) -> None:
    shown = folder / "shown-by-git"
    shown.write_text("\n".join(attacker.lines_of(GIT, planted.values[GIT])), encoding="utf-8")
    hook = developer.repository / "hooks" / "pre-receive"
    hook.write_text(HOOK.format(shown=shown), encoding="utf-8")
    hook.chmod(0o755)


def _write(developer: Developer, bases: Bases, served: Servers) -> None:
    full, slim = (
        f"{served.registry}/{base.reference.partition('/')[2]}"
        for base in (bases.full, bases.slim)
    )
    digest = hashlib.sha256(_wheel()).hexdigest()
    developer.write(
        {
            "attacker.py": Path(attacker.__file__).read_bytes(),
            "message.txt": "none yet\n",
            "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "attacker"\n'
            f'backend-path = ["."]\n[project]\nname = "{attacker.NAME}"\n'
            f'version = "{attacker.VERSION}"\n',
            "build.docker": f"FROM {full}\n",
            f"{APP}.docker": f"FROM {slim}\nCOPY app.pex /\nCOPY secrets/ /secrets/\n"
            'ENTRYPOINT ["/app.pex"]\n',
            "requirements.strict.txt": f"{PACKAGE}==1.0 --hash=sha256:{digest}\n",
            "requirements.build.txt": "#: package .\n",
        }
    )


def _master(run: Run, folder: Path, served: Servers, planted: Planted) -> Master:
    system = host_ca_bundle() or Path(ssl.get_default_verify_paths().openssl_cafile)
    bundle = folder / "bundle-and-system.pem"
    bundle.write_bytes(system.read_bytes() + served.bundle.read_bytes())
    settings = Hostile.on_free_ports(
        git_url=f"{served.git}/app",
        git_user=USER,
        registry=f"{served.registry}/team",
        upstream=f"{served.registry}/library",
        worker_password=secrets.token_hex(8),
        worker_name="loud-worker",
        poll_seconds=86400,
        ca_bundle=str(bundle),
        index_url=host_index_url(),
        extra_index=served.index,
    )
    config = folder / "master.cfg"
    config.write_text(configuration(), encoding="utf-8")
    names = {REGISTRY: REGISTRY, INDEX: INDEX, GIT_SECRET: GIT, SMOKE_SECRET: KEY}
    values = {file: planted.values[name] for file, name in names.items()}
    return Master(run, settings, name="loud-master", config=config, secrets=values)


def _wheel() -> bytes:
    return small_wheel(PACKAGE, {"ship_hidden.py": ""})
