"""Doctor trusts an index only if a container with the same options does."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from lab.authority import Authority

from buildbot_ship.errors import RegistryRefused
from buildbot_ship.model.request.settings import Index
from buildbot_ship.registry.http import certificates
from buildbot_ship.registry.index_reader import read_index


class Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        """Write nothing."""


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.make(tmp_path_factory.mktemp("index"), "127.0.0.1")


@pytest.fixture(scope="module")
def url(authority: Authority) -> Iterator[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.bundle, authority.key_file)
    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"https://127.0.0.1:{server.server_port}/simple"
        server.shutdown()


def read(url: str, bundle: Path | None = None) -> int:
    index = Index(ca_bundle=str(bundle) if bundle else None)
    page, _ = read_index(index, url, "six", credentials=(), environment={}, log=lambda _: None)
    return page.status


def test_the_bundle_of_the_option_is_trusted(url: str, authority: Authority) -> None:
    assert read(url, authority.bundle) == 200


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_what_the_environment_trusts_does_not_reach_containers(
    url: str, authority: Authority, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The environment never counts on loopback, where the server of this test is.
    monkeypatch.setattr(certificates, "is_loopback", lambda _: False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv(variable, str(authority.bundle))
    with pytest.raises(RegistryRefused, match="certificate is not trusted"):
        read(url)


def test_a_bundle_replaces_the_public_authorities_as_in_pip(
    url: str, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(authority.bundle))
    assert read(url) == 200
    other = Authority.make(tmp_path, "127.0.0.1")
    with pytest.raises(RegistryRefused, match="certificate is not trusted"):
        read(url, other.bundle)


def test_an_authority_that_docker_trusts_does_not_count(
    url: str, authority: Authority, tmp_path: Path
) -> None:
    host = url.split("/")[2]
    folder = tmp_path / "docker" / "certs.d" / host
    folder.mkdir(parents=True)
    (folder / "ca.crt").write_bytes(authority.bundle.read_bytes())
    environment = {"XDG_CONFIG_HOME": str(tmp_path)}
    with pytest.raises(RegistryRefused, match="certificate is not trusted"):
        read_index(
            Index(), url, "six", credentials=(), environment=environment, log=lambda _: None
        )
