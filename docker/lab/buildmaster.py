"""Run a Buildbot master with the unchanged `master.cfg.example`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from secrets import token_hex

import requests

from lab.errors import LabError, tail
from lab.processes import Process, Served
from lab.rest import Rest
from lab.runs import Run
from lab.settings import (
    HOOK_SECRET,
    HOOK_USER,
    WEB_SECRET,
    WEB_USER,
    WORKER_SECRET,
    Settings,
)
from lab.waiting import wait_until

CHECKOUT = Path(__file__).resolve().parent.parent.parent
EXAMPLE = CHECKOUT / "master.cfg.example"
START_SECONDS = 90.0
CANCEL_SECONDS = 30.0


def program(name: str) -> str:
    """Return the path of a program in the current virtual environment."""
    return str(Path(sys.executable).parent / name)


@dataclass
class Master(Served):
    """A master of this run."""

    run: Run
    settings: Settings
    name: str = "master"
    config: Path = EXAMPLE
    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    database: str = "sqlite:///state.sqlite"
    web_password: str = field(default_factory=partial(token_hex, 16), repr=False)
    hook_secret: str = field(default_factory=partial(token_hex, 16), repr=False)

    @property
    def folder(self) -> Path:
        """Return the master's base directory."""
        return self.run.folder / self.name

    @property
    def rest(self) -> Rest:
        """Return a client for its REST API."""
        return Rest(self.settings.url, (WEB_USER, self.web_password))

    def poll(self) -> None:
        """Call the change hook: the poller looks for new commits at once."""
        url = f"{self.settings.url}change_hook/poller?poller=source"
        reply = requests.post(url, auth=(HOOK_USER, self.hook_secret), timeout=30)
        reply.raise_for_status()

    @property
    def log(self) -> Path:
        """Return the path of the master's log."""
        return self.folder / "twistd.log"

    @property
    def web_password_file(self) -> Path:
        """Return the path of the file with the password of `WEB_USER`."""
        return self.folder / "secrets" / WEB_SECRET

    def create(self) -> None:
        """Create the base directory with the configuration, and check the configuration."""
        options = ["--log-count=2", f"--db={self.database}"]
        self._buildbot("create-master", *options, str(self.folder))
        shutil.copyfile(self.config, self.folder / "master.cfg")
        self._write_secrets()
        self._buildbot("checkconfig", str(self.folder))

    def start(self) -> None:
        """Start it and wait until its web API answers."""
        argv = [program("twistd"), "--nodaemon", "--no_save", "--pidfile=twistd.pid"]
        # twistd refuses to start if a killed master left its pid file.
        (self.folder / "twistd.pid").unlink(missing_ok=True)
        self.process = Process.start(
            self.name,
            [*argv, "--python=buildbot.tac"],
            self.run.folder,
            env=self._environ(),
            cwd=self.folder,
        )
        wait_until(
            self.rest.answers,
            START_SECONDS,
            "the master",
            alive=self.process.alive,
            explain=lambda: tail(self.log),
        )
        self.run.say(f"master: running, web UI: {self.settings.url}")

    def stop(self) -> None:
        """Cancel its builds, so that they leave nothing behind, and stop it."""
        if not self.process or not self.process.alive():
            return
        with suppress(LabError):
            for build in self.rest.running():
                self.rest.stop(build)
            wait_until(lambda: not self.rest.running(), CANCEL_SECONDS, "cancelling")
        self.process.stop(timeout=30.0)

    def _write_secrets(self) -> None:
        folder = self.folder / "secrets"
        folder.mkdir(mode=0o700)
        always = {
            WEB_SECRET: self.web_password,
            WORKER_SECRET: self.settings.worker_password,
            HOOK_SECRET: self.hook_secret,
        }
        for name, text in {**always, **self.secrets}.items():
            path = folder / name
            path.touch(mode=0o600)
            path.write_text(text, encoding="utf-8")

    def _environ(self) -> dict[str, str]:
        return os.environ | {"SHIP_DB_URL": self.database} | self.settings.environment()

    def _buildbot(self, *arguments: str) -> None:
        done = subprocess.run(
            [program("buildbot"), *arguments],
            env=self._environ(),
            cwd=self.run.folder,
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            said = f"{done.stdout}{done.stderr}".strip()
            raise LabError(f"buildbot {arguments[0]} failed:\n{said}")
