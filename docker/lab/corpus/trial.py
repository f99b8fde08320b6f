"""One application: hardened, built twice under different conditions, compared, and run."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

import docker
from lab.corpus.apps import App
from lab.corpus.artefacts import Artefacts, first_difference
from lab.corpus.report import Row
from lab.corpus.repository import (
    FIRST,
    SECOND,
    CommandLine,
    Conditions,
    ShipFailed,
    clone,
    commit,
    make_repository,
    own_package,
)
from lab.corpus.running import NotRunning, run_image
from lab.progress import Say


@dataclass(frozen=True)
class Ground:
    """What all trials share: the bases, where images go, the command line, a label."""

    folder: Path
    bases: dict[str, str]
    registry: str
    command_line: CommandLine
    labels: dict[str, str]
    say: Say


@dataclass
class Trial:
    """The way of one application through the product."""

    ground: Ground
    app: App
    builds: list[Artefacts] = field(default_factory=list)

    def row(self) -> Row:
        """Do all of it; what goes wrong is part of the row."""
        begun = time.monotonic()
        difference, trouble = "", "not built"
        try:
            self._build_twice()
            difference = first_difference(*self.builds)
            self._say("identical" if not difference else f"DIFFERS: {difference}")
            trouble = self._run()
        except ShipFailed as error:
            difference = str(error)
            self._say(f"FAILED: {error}")
        seconds = time.monotonic() - begun
        return Row.of(self.app.name, self.builds, difference, trouble, seconds)

    def _build_twice(self) -> None:
        first = self.ground.folder / FIRST.name / self.app.name
        make_repository(self.app, first, self.ground.bases)
        self._say("hardening")
        ship = self.ground.command_line.ship
        ship(first, FIRST, "harden", *own_package(self.app))
        commit(first, "Harden the requirements")
        self._build(first, FIRST)
        second = self.ground.folder / SECOND.name / "elsewhere" / f"{self.app.name}-again"
        clone(first, second)
        self._build(second, SECOND)

    def _build(self, repository: Path, conditions: Conditions) -> None:
        self._say(f"building, {conditions.name} conditions")
        name = self.app.name
        work = self.ground.folder / f"work-{conditions.name}" / name
        arguments = ["build", *own_package(self.app), *self.app.command.entry]
        arguments += ["--pex", f"{name}.pex={','.join(self.app.in_pex)}", "--image", name]
        arguments += ["--to", f"{self.ground.registry}/{conditions.name}", "--work", str(work)]
        found = self.ground.command_line.ship(repository, conditions, *arguments)
        published = found[f"ship_pushed_{name}"]["digest"]
        self.builds.append(Artefacts.of(work, name, published))

    def _run(self) -> str:
        """Run the published image; return why it does not, or nothing."""
        self._say(f"running {self.app.check.splitlines()[0][:60]}")
        where = f"{self.ground.registry}/{FIRST.name}/{self.app.name}"
        reference = f"{where}@{self.builds[0].published}"
        arguments = self.app.command.arguments
        try:
            run_image(
                docker.from_env(), reference, arguments, self.app.expect, self.ground.labels
            )
        except NotRunning as error:
            self._say(f"DOES NOT RUN: {error}")
            return str(error)
        return ""

    def _say(self, line: str) -> None:
        self.ground.say(f"{self.app.name}: {line}")
