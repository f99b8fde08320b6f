"""A PostgreSQL server with an empty database, which can be killed and started again.

Debian's package does not put the programs on PATH.  They refuse to run as root, so root starts
them as `nobody`, with a data folder outside of root's home.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError
from lab.ports import LOOPBACK, free_port
from lab.processes import Process, Served
from lab.runs import Run

START_SECONDS = 30.0
USER = "buildbot"
_PLACES = "/usr/lib/postgresql"
# Nobody relies on the data after a crash of the machine.
_QUICK = ("-c", "fsync=off", "-c", "unix_socket_directories=")


def postgres_program(name: str) -> str | None:
    """Return the path of a program of PostgreSQL's server, or None if it is not installed."""
    places = sorted(Path(_PLACES).glob("*/bin"), reverse=True)
    return shutil.which(name, path=os.pathsep.join([*map(str, places), os.environ["PATH"]]))


@dataclass
class Postgres(Served):
    """A server on loopback, without a password."""

    run: Run
    folder: Path
    port: int

    @property
    def url(self) -> str:
        """Return the URL of its database, for SQLAlchemy with psycopg2."""
        return f"postgresql+psycopg2://{USER}@{LOOPBACK}:{self.port}/postgres"

    def create(self) -> None:
        """Create the data folder."""
        argv = ["--pgdata=.", f"--username={USER}", "--auth=trust", "--no-sync"]
        argv = _as_nobody(["initdb", *argv, "--encoding=UTF8", "--no-locale"])
        done = subprocess.run(
            argv, cwd=self.folder, check=False, capture_output=True, text=True
        )
        if done.returncode:
            raise LabError(f"initdb failed:\n{done.stdout}{done.stderr}")

    def start(self) -> None:
        """Start it and wait until it answers."""
        argv = ["postgres", "-D", str(self.folder), "-h", LOOPBACK, "-p", str(self.port)]
        self.process = Process.start(
            "postgres", _as_nobody([*argv, *_QUICK]), self.run.folder, cwd=self.folder
        )
        self.process.wait_until(self._answers, START_SECONDS)

    def _answers(self) -> bool:
        argv = [postgres_program("pg_isready") or "pg_isready", "-q", "-h", LOOPBACK]
        return subprocess.run([*argv, "-p", str(self.port)], check=False).returncode == 0


@contextmanager
def postgres(run: Run) -> Iterator[Postgres]:
    """Run a server with an empty database, and remove it at the end."""
    folder = Path(tempfile.mkdtemp(prefix=f"{run.name}-postgres-"))
    server = Postgres(run, folder, free_port(0))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, "nobody", "nogroup")
        server.create()
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _as_nobody(argv: list[str]) -> list[str]:
    program, *arguments = argv
    path = postgres_program(program)
    if path is None:
        raise LabError(f"{program} is missing: install postgresql")
    user = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
    return [*(user if os.geteuid() == 0 else ()), path, *arguments]
