"""The flow that a careful team would write today: a Dockerfile with uv, built by BuildKit."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from lab.bench.buildkit import SETTINGS, Cache, buildkit_client
from lab.bench.figures import UV
from lab.bench.scripts import ScriptFlow
from lab.bench.uv import Uv


@dataclass(frozen=True)
class UvFlow(ScriptFlow):
    """The script and the Dockerfile of uv, with the image that has uv in the engine."""

    flow: str = UV
    cache: Cache = field(default_factory=Cache)

    @cached_property
    def client(self) -> str:
        """Return the docker command that has BuildKit.  Raises LabError."""
        return buildkit_client()

    def start(self) -> None:
        """Have the image of uv, as on a machine that pulled it once.  Raises LabError."""
        self.world.run.say(f"uv: BuildKit of {self.client}")
        Uv.get(self.world.run.cache).put_into_engine(self.world.run)

    def ship(self) -> float:
        """Ship the newest commit; return the seconds."""
        with self.cache.noted():
            return super().ship()

    def variables(self) -> dict[str, str]:
        """Return what the script is told, and the command that has BuildKit."""
        return super().variables() | SETTINGS | {"CLIENT": self.client}

    def close(self) -> None:
        """Remove what BuildKit keeps of these builds, and of no others."""
        self.cache.remove()
