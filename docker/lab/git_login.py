"""Git servers that require a login and accept pushes, over ssh and over http."""

from __future__ import annotations

import base64
import getpass
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import which
from typing import ClassVar

from lab.git_server import Developer, git, make_repository
from lab.ports import LOOPBACK, free_port, listens
from lab.processes import Process

SSHD_CONFIG = """\
Port {port}
ListenAddress {address}
HostKey {folder}/host
AuthorizedKeysFile {folder}/authorized
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
"""
USER, TOKEN = "robot", "a-token-for-tests"
READER, READER_TOKEN = "reader", "a-token-for-reading"
COMMANDS = {
    "client": 'git-shell -c \\"$SSH_ORIGINAL_COMMAND\\"',
    "reader": "case $SSH_ORIGINAL_COMMAND in git-upload-pack*) "
    'exec git-shell -c \\"$SSH_ORIGINAL_COMMAND\\";; *) exit 1;; esac',
}
"""The command that sshd runs for each key; the reader can only fetch."""
SEPARATION = Path("/run/sshd")


@dataclass(frozen=True)
class GitLogin:
    """A server with bare repositories in *folder*, its login, and one that can only read."""

    folder: Path
    prefix: str
    user: str
    password: str
    reader: str
    reader_password: str
    known_hosts: str = ""

    def url(self, name: str) -> str:
        """Return a repository's URL."""
        return f"{self.prefix}/{name}"

    def repository(self, name: str) -> Developer:
        """Create an empty repository that accepts push options, and a working tree for it."""
        made = make_repository(self.folder / name, self.folder.parent / f"{name}.tree")
        git(made.repository, "config", "http.receivepack", "true")
        git(made.repository, "config", "receive.advertisePushOptions", "true")
        return made


@contextmanager
def over_ssh(folder: Path) -> Iterator[GitLogin]:
    """Serve the repositories below *folder* with sshd; the login is a key."""
    repositories, keys = folder / "git", folder / "sshd"
    for path in (repositories, keys):
        path.mkdir(parents=True)
    for name in ("host", *COMMANDS):
        _keygen(keys / name)
    lines = [
        f'restrict,command="{command}" {(keys / f"{name}.pub").read_text()}'
        for name, command in COMMANDS.items()
    ]
    (keys / "authorized").write_text("".join(lines))
    port = free_port()
    config = keys / "config"
    config.write_text(SSHD_CONFIG.format(port=port, address=LOOPBACK, folder=keys))
    SEPARATION.mkdir(mode=0o755, exist_ok=True)
    program = which("sshd") or "/usr/sbin/sshd"
    process = Process.start("sshd", [program, "-D", "-e", "-f", str(config)], folder)
    try:
        process.wait_until(lambda: listens(port), 20.0)
        user = getpass.getuser()
        kind, key = (keys / "host.pub").read_text().split()[:2]
        yield GitLogin(
            repositories,
            f"ssh://{user}@{LOOPBACK}:{port}{repositories}",
            user,
            (keys / "client").read_text(),
            user,
            (keys / "reader").read_text(),
            f"[{LOOPBACK}]:{port} {kind} {key}",
        )
    finally:
        process.stop()


@contextmanager
def over_http(folder: Path) -> Iterator[GitLogin]:
    """Serve the repositories below *folder* with git's http backend; the login is a token."""
    repositories, port = folder / "git", free_port()
    repositories.mkdir(parents=True)
    argv = [sys.executable, "-m", "lab.git_login", str(repositories), str(port)]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parent.parent)}
    process = Process.start("git-http", argv, folder, env=environment)
    try:
        process.wait_until(lambda: listens(port), 20.0)
        url = f"http://{LOOPBACK}:{port}"
        yield GitLogin(repositories, url, USER, TOKEN, READER, READER_TOKEN)
    finally:
        process.stop()


def _keygen(path: Path) -> None:
    argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "tests", "-f", str(path)]
    subprocess.run(argv, check=True, capture_output=True)


class Backend(BaseHTTPRequestHandler):
    """Run ``git http-backend`` as CGI (https://git-scm.com/docs/git-http-backend)."""

    folder = Path()
    logins: ClassVar = {
        "Basic " + base64.b64encode(f"{user}:{token}".encode()).decode(): user
        for user, token in ((USER, TOKEN), (READER, READER_TOKEN))
    }

    def do_GET(self) -> None:
        """Answer a request for refs."""
        self._answer()

    def do_POST(self) -> None:
        """Answer a fetch or a push."""
        self._answer()

    def _answer(self) -> None:
        user = self.logins.get(self.headers.get("Authorization", ""))
        if user is None or (user == READER and "receive-pack" in self.path):
            self.send_response(401 if user is None else 403)
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        done = subprocess.run(
            ["git", "http-backend"],
            input=self._body(),
            env=os.environ | self._variables(),
            capture_output=True,
            check=False,
        )
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        lines = [line.split(": ", 1) for line in head.decode().split("\r\n")]
        status = next((text for name, text in lines if name == "Status"), "200")
        self.send_response(int(status.split()[0]))
        for name, text in lines:
            if name != "Status":
                self.send_header(name, text)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", "0")))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _variables(self) -> dict[str, str]:
        path, _, query = self.path.partition("?")
        names = {"Content-Encoding": "HTTP_CONTENT_ENCODING", "Git-Protocol": "GIT_PROTOCOL"}
        passed = {
            ours: self.headers[name] for name, ours in names.items() if self.headers[name]
        }
        return passed | {
            "GIT_PROJECT_ROOT": str(self.folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REQUEST_METHOD": self.command,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "REMOTE_USER": USER,
        }


def main(folder: str, port: str) -> None:
    """Serve the repositories in *folder* until a signal ends the process."""
    Backend.folder = Path(folder)
    server = ThreadingHTTPServer((LOOPBACK, int(port)), Backend)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    threading.Event().wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
