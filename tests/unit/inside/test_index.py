"""Package indexes that do not answer, and those that trickle: row 29, in small."""

from __future__ import annotations

import hashlib
import json
import os
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from lab.authority import Authority

from tests.fakes.raw_http import Connection, raw_server
from tests.scripts import scripts_folder

SCRIPT = """
import json, sys
from pathlib import Path
from index import Index
from job import Failed
try:
    index = Index({"url": sys.argv[1], "seconds": float(sys.argv[4])}, {})
    if sys.argv[2]:
        index.choose_and_fetch("six", "1.0", [sys.argv[2]], Path(sys.argv[3]))
    else:
        index.files("six")
    answer = {}
except Failed as failed:
    answer = {"why": failed.why, "transient": failed.transient}
print(json.dumps(answer))
"""
FILE = "six-1.0-py3-none-any.whl"
DIGEST = hashlib.sha256(b"x" * 100).hexdigest()


def ask(
    url: str, folder: Path, digest: str = "", seconds: int = 1, bundle: str | None = None
) -> dict[str, Any]:
    command = [sys.executable, "-c", SCRIPT, url, digest, str(folder), str(seconds)]
    ran = subprocess.run(
        command,
        cwd=scripts_folder(),
        check=True,
        capture_output=True,
        text=True,
        timeout=30,
        env={**os.environ, "REQUESTS_CA_BUNDLE": bundle} if bundle else None,
    )
    answer: dict[str, Any] = json.loads(ran.stdout)
    return answer


def page(connection: Connection) -> bytes:
    body = f'<a href="/files/{FILE}#sha256={DIGEST}">{FILE}</a>'.encode()
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


def slow_headers(connection: Connection) -> None:
    connection.trickle(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 10_000, 0.1)


def slow_body(connection: Connection) -> None:
    connection.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n")
    connection.trickle(b"x" * 10_000, 0.1)


def slow_file(connection: Connection) -> None:
    if "/files/" in connection.head:
        slow_body(connection)
    else:
        connection.write(page(connection))


@pytest.mark.parametrize("respond", [slow_headers, slow_body, slow_file])
def test_an_index_that_trickles_is_left_after_its_deadline(
    tmp_path: Path, respond: Any
) -> None:
    with raw_server(respond) as server:
        found = ask(f"http://{server.address}/simple", tmp_path, DIGEST)
    assert found["transient"]
    assert "its answer was not complete after 1 seconds" in found["why"]


def test_a_file_that_is_fast_enough_may_take_longer_than_the_deadline(tmp_path: Path) -> None:
    data = b"x" * 100_000
    digest = hashlib.sha256(data).hexdigest()

    def respond(connection: Connection) -> None:
        if "/files/" in connection.head:
            connection.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            connection.trickle(data, 0.3, step=20_000)
        else:
            body = f'<a href="/files/{FILE}#sha256={digest}">{FILE}</a>'.encode()
            connection.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
            connection.write(body)

    with raw_server(respond) as server:
        assert ask(f"http://{server.address}/simple", tmp_path, digest) == {}
    assert (tmp_path / FILE).read_bytes() == data


@pytest.mark.parametrize(
    ("url", "why", "transient"),
    [
        ("http://no-such-host.invalid/simple", "its host name does not resolve", True),
        ("http://127.0.0.1:1/simple", "no connection", True),
        ("ftp://127.0.0.1/simple", "InvalidSchema", False),
    ],
)
def test_no_answer_is_transient_and_a_wrong_address_is_not(
    tmp_path: Path, url: str, why: str, transient: bool
) -> None:
    found = ask(url, tmp_path, seconds=8)
    assert found == {
        "why": f"the package index cannot be reached ({why})",
        "transient": transient,
    }


@pytest.mark.parametrize(("status", "transient"), [(403, False), (501, False), (520, True)])
def test_a_status_that_may_change_is_transient(
    tmp_path: Path, status: int, transient: bool
) -> None:
    def respond(connection: Connection) -> None:
        connection.write(b"HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n" % status)

    with raw_server(respond) as server:
        found = ask(f"http://{server.address}/simple", tmp_path)
    assert found["why"].endswith(f"(HTTP status {status})")
    assert found["transient"] is transient


def test_an_untrusted_certificate_is_named(tmp_path: Path) -> None:
    authority = Authority.make(tmp_path, "127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.bundle, authority.key_file)
    with raw_server(lambda connection: None, tls=context) as server:
        found = ask(f"https://{server.address}/simple", tmp_path)
    why = "the package index cannot be reached (its certificate is not trusted)"
    assert found == {"why": why, "transient": False}


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_an_authority_of_a_bundle_or_a_folder_is_trusted(tmp_path: Path, kind: str) -> None:
    authority = Authority.make(tmp_path, "127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.bundle, authority.key_file)
    folder = tmp_path / "folder"
    folder.mkdir()
    command = ["openssl", "x509", "-hash", "-noout", "-in", str(authority.bundle)]
    name = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    (folder / f"{name}.0").write_bytes(authority.bundle.read_bytes())
    bundle = authority.bundle if kind == "file" else folder
    with raw_server(
        lambda connection: connection.write(page(connection)), tls=context
    ) as server:
        found = ask(f"https://{server.address}/simple", tmp_path, bundle=str(bundle))
    assert found == {}


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_bundle_that_cannot_be_read_is_named(tmp_path: Path, content: str | None) -> None:
    bundle = tmp_path / "bundle.pem"
    if content is not None:
        bundle.write_text(content)
    found = ask("https://127.0.0.1:1/simple", tmp_path, bundle=str(bundle))
    assert found["why"].startswith("the certificates of authorities cannot be read: ")
    assert found["transient"] is False


CONNECTIONS = """
import ssl, sys
made, load = [], ssl.SSLContext.load_verify_locations
def counted(self, *args, **options):
    made.append(options)
    return load(self, *args, **options)
ssl.SSLContext.load_verify_locations = counted
from index import Index
index = Index({"url": sys.argv[1]}, {})
index.prefetch([f"project-{n}" for n in range(6)])
print(len({f"project-{n}": index.files(f"project-{n}") for n in range(6)}), len(made))
"""


def test_all_connections_share_the_authorities(tmp_path: Path) -> None:
    authority = Authority.make(tmp_path, "127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.bundle, authority.key_file)
    with raw_server(
        lambda connection: connection.write(page(connection)), tls=context
    ) as server:
        ran = subprocess.run(
            [sys.executable, "-c", CONNECTIONS, f"https://{server.address}/simple"],
            cwd=scripts_folder(),
            env={**os.environ, "REQUESTS_CA_BUNDLE": str(authority.bundle)},
            check=True,
            capture_output=True,
            text=True,
        )
    assert ran.stdout.split() == ["6", "1"]


CALL = """
import sys
from job import Failed, call
try:
    command = [sys.executable, "-c", sys.argv[1]]
    call(command, "pip failed", mark=None, seconds=float(sys.argv[2]))
    print("ended")
except Failed as failed:
    print(failed.transient, failed.why)
"""


@pytest.mark.parametrize(
    ("program", "seconds", "said"),
    [
        ("print(1)", "30", "ended"),
        ("raise SystemExit(1)", "30", "False pip failed"),
        ("raise SystemExit('ReadTimeoutError: x')", "30", "True pip failed"),
        ("import time; time.sleep(60)", "0.5", "True pip failed: no end after 0.5 seconds"),
    ],
)
def test_a_tool_may_say_that_the_index_did_not_answer(
    program: str, seconds: str, said: str
) -> None:
    command = [sys.executable, "-c", CALL, program, seconds]
    ran = subprocess.run(
        command, cwd=scripts_folder(), check=True, capture_output=True, text=True, timeout=30
    )
    assert ran.stdout.strip() == said
