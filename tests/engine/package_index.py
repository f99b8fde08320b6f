"""A package index of one test's own, over TLS, with wheels that are made for it."""

from __future__ import annotations

import hashlib
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import attrs
from lab.authority import Authority
from lab.small_wheel import small_wheel

import docker


@attrs.frozen
class PackageIndex:
    """Where containers find the packages below *folder*, and what they verify it with."""

    folder: Path
    url: str
    bundle: Path

    @property
    def options(self) -> tuple[str, ...]:
        """Return the options that have a verb ask this index as well."""
        return ("--extra-index-url", self.url, "--ca-bundle", str(self.bundle))

    def add(self, name: str, files: Mapping[str, bytes], points: str = "") -> None:
        """Publish a wheel of version 1.0 with these *files*, and *points* as entry points."""
        folder = self.folder / "simple" / name
        folder.mkdir(parents=True)
        path = folder / f"{name}-1.0-py3-none-any.whl"
        path.write_bytes(small_wheel(name, files, points))
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        page = f'<a href="{path.name}#sha256={digest}">{path.name}</a>'
        (folder / "index.html").write_text(page)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        del format, args


@contextmanager
def package_index(client: docker.DockerClient, folder: Path) -> Iterator[PackageIndex]:
    """Serve an index where containers reach it."""
    network = client.api.inspect_network("bridge")
    host = network["IPAM"]["Config"][0]["Gateway"]
    folder.mkdir()
    authority = Authority.make(folder, host)
    system = Path(ssl.get_default_verify_paths().openssl_cafile).read_bytes()
    bundle = folder / "bundle-and-system.pem"
    bundle.write_bytes(system + authority.bundle.read_bytes())
    server = ThreadingHTTPServer((host, 0), partial(_Quiet, directory=str(folder)))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.bundle, authority.key_file)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        url = f"https://{host}:{server.server_port}/simple"
        yield PackageIndex(folder, url, bundle)
    finally:
        server.shutdown()
        server.server_close()
