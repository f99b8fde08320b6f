"""A package index of generated wheels, on the address where containers reach this host."""

from __future__ import annotations

import base64
import hashlib
import random
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import docker
from lab.corpus.artefacts import digest_of

VERSION = "1.0"
TAG = "py3-none-any"
METADATA = "Metadata-Version: 2.1\nName: {}\nVersion: {}\n"
WHEEL = f"Wheel-Version: 1.0\nGenerator: bench\nRoot-Is-Purelib: true\nTag: {TAG}\n"


def project(number: int) -> str:
    """Return the name of a generated project."""
    return f"bench-part-{number:03}"


def publish_project(folder: Path, number: int, size: int) -> str:
    """Write a project whose wheel holds *size* bytes of noise; return its pinned line."""
    name = project(number)
    place = folder / name
    place.mkdir(parents=True, exist_ok=True)
    wheel = write_wheel(place, name, size)
    digest = digest_of(wheel).removeprefix("sha256:")
    page = f'<a href="{wheel.name}#sha256={digest}">{wheel.name}</a>\n'
    (place / "index.html").write_text(page, encoding="utf-8")
    return f"{name}=={VERSION} \\\n    --hash=sha256:{digest}\n"


def write_wheel(folder: Path, name: str, size: int) -> Path:
    """Write a wheel of one package: a module and a file of *size* bytes."""
    package = name.replace("-", "_")
    noise = random.Random(f"{name} {size}").randbytes(size)  # noqa: S311  (no secret)
    info = f"{package}-{VERSION}.dist-info"
    files = {
        f"{package}/__init__.py": f'"""Part {name} of a benchmark."""\n'.encode(),
        f"{package}/noise.bin": noise,
        f"{info}/METADATA": METADATA.format(name, VERSION).encode(),
        f"{info}/WHEEL": WHEEL.encode(),
    }
    records = [f"{path},sha256={_encoded(data)},{len(data)}" for path, data in files.items()]
    records.append(f"{info}/RECORD,,\n")
    files[f"{info}/RECORD"] = "\n".join(records).encode()
    wheel = folder / f"{package}-{VERSION}-{TAG}.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, data in files.items():
            archive.writestr(zipfile.ZipInfo(path), data)
    return wheel


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve a folder of projects; yield the index's URL as containers have it."""
    networks = docker.from_env().networks
    host = networks.get("bridge").attrs["IPAM"]["Config"][0]["Gateway"]
    server = _Server((host, 0), partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://{host}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


class _Server(ThreadingHTTPServer):
    # uv opens fifty connections at once; the default of 5 would make some wait for a second.
    request_queue_size = 128


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
