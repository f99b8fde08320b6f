"""What each row of the fault matrix checks as well: secrets, foreign objects, leftovers."""

from __future__ import annotations

import sqlite3
import threading
import uuid
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import attrs
from lab.soak.secrets.attacker import ENCODINGS

import docker

OWNER, BUILD = "org.buildbot-ship.owner", "org.buildbot-ship.build"
SECRET_FILE = ("secrets", "registry-password")
SAMPLE_SECONDS = 0.2


@attrs.define
class Processes:
    """Searches the arguments and the environment of all processes while tests run."""

    secrets: tuple[bytes, ...]
    samples: int = 0
    hits: set[str] = attrs.field(factory=set)
    over: threading.Event = attrs.field(factory=threading.Event)

    def watch(self) -> None:
        """Take samples until it is over."""
        while not self.over.wait(SAMPLE_SECONDS):
            self.samples += 1
            for process in Path("/proc").glob("[0-9]*"):
                for name in ("cmdline", "environ"):
                    with suppress(OSError):
                        data = (process / name).read_bytes()
                        if any(secret in data for secret in self.secrets):
                            self.hits.add(f"{name} of {(process / 'comm').read_text().strip()}")


@contextmanager
def watched_processes(secret: str) -> Iterator[Processes]:
    """Watch all processes of this machine for a secret."""
    watch = Processes(forms_of(secret))
    thread = threading.Thread(target=watch.watch, daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        watch.over.set()
        thread.join()


def forms_of(secret: str) -> tuple[bytes, ...]:
    """Return a secret in every encoding that the product promises to find."""
    return tuple(encode(secret).encode() for encode in ENCODINGS.values())


def secret_in_files(secret: str, folders: Iterable[Path]) -> list[str]:
    """Return the files with the secret, in any spelling; databases are read as text.

    The file of a master's secret provider does not count.
    """
    forms, found = forms_of(secret), []
    for path in (path for folder in folders for path in folder.rglob("*")):
        if path.parts[-2:] == SECRET_FILE or not path.is_file() or path.is_symlink():
            continue
        data = path.read_bytes()
        if path.suffix == ".sqlite":
            with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
                data += "\n".join(database.iterdump()).encode(errors="surrogateescape")
        if any(form in data for form in forms):
            found.append(str(path))
    return found


@attrs.frozen
class Foreign:
    """An image, a container, a network and a volume that others made, with labels like ours."""

    client: Any
    name: str
    image: str
    container: str
    network: str
    volume: str

    @classmethod
    @contextmanager
    def made(cls, client: Any, base: str, owner: str) -> Iterator[Foreign]:
        """Make them; their labels name *owner*, whose ledger knows none of them."""
        name = f"foreign-{uuid.uuid4().hex}"
        labels = {OWNER: owner}
        client.images.pull(base)
        container = client.containers.create(base, ["true"], name=name, labels=labels)
        image = container.commit(name, "1", changes=[f'LABEL {OWNER}="{owner}"'])
        network = client.networks.create(name, labels=labels)
        client.volumes.create(name, labels=labels)
        try:
            yield cls(client, name, image.id, container.id, network.id, name)
        finally:
            container.remove(force=True)
            client.images.remove(image.id, force=True)
            network.remove()
            client.volumes.get(name).remove()

    def gone(self) -> list[str]:
        """Return the kinds of those that do not exist any more."""
        places = {
            "image": (self.client.images, self.image),
            "container": (self.client.containers, self.container),
            "network": (self.client.networks, self.network),
            "volume": (self.client.volumes, self.volume),
        }
        return [kind for kind, (place, key) in places.items() if not _exists(place, key)]


def _exists(place: Any, key: str) -> bool:
    try:
        place.get(key)
    except docker.errors.NotFound:
        return False
    return True
