"""The flows of this project with a smoke test: the image must answer before it is published."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from pprint import pformat
from typing import ClassVar

from lab.bench.product import ARTEFACTS, BuildFlow, VerbsFlow, network
from lab.bench.starting import ARGUMENTS, PATH, PORT, STATUS
from lab.bench.world import IMAGE
from lab.buildmaster import EXAMPLE
from lab.errors import LabError

SMOKE_OF_EXAMPLE = re.compile(r"^SMOKE = \{\n.*?^\}\n", re.MULTILINE | re.DOTALL)


def url(name: str) -> str:
    """Return a page that the application in the container *name* does not have."""
    return f"http://{name}:{PORT}{PATH}"


SMOKE = {
    "containers": [{"name": IMAGE, "arguments": list(ARGUMENTS)}],
    "checks": [{"url": url(IMAGE), "status": int(STATUS)}],
}


def smoke_arguments(image: str) -> list[str]:
    """Return the options of `buildbot-ship smoke` for one image and its check."""
    arguments = [f"--argument={argument}" for argument in ARGUMENTS]
    return ["--container", image, *arguments, "--url", url(image), "--status", str(int(STATUS))]


def with_own_test(example: str) -> str:
    """Return the text of `master.cfg.example` with a test of the one image of the benchmark."""
    text, count = SMOKE_OF_EXAMPLE.subn(lambda _: f"SMOKE = {pformat(SMOKE)}\n", example)
    if count != 1:
        raise LabError(f"{EXAMPLE.name} has {count} places for SMOKE, not one")
    return text


@dataclass
class VerbsSmokeFlow(VerbsFlow):
    """Three calls: `buildbot-ship build` without a push, `smoke`, and `push --tested`."""

    def ship(self) -> float:
        """Ship the newest commit; return the seconds."""
        calls = (
            ("build", *ARTEFACTS, "--image", IMAGE, *network()),
            ("smoke", *smoke_arguments(IMAGE)),
            ("push", IMAGE, self.world.repository, "--tested"),
        )
        return sum(self.command_line.run(*call) for call in calls)


@dataclass
class BuildSmokeFlow(BuildFlow):
    """A build of `master.cfg.example` with a smoke test of the one image."""

    smoke: ClassVar[bool] = True

    def config(self) -> Path:
        """Write the configuration into the folder of the run; return its path."""
        path = self.world.run.folder / f"{self.world.name}.master.cfg"
        path.write_text(with_own_test(EXAMPLE.read_text(encoding="utf-8")), encoding="utf-8")
        return path
