"""Choose between the two builders of an engine, as Docker's own command line does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from ...errors import BuildKitMissing, InvalidRequest
from ...model.dockerfile.buildkit import BUILDKIT, CLASSIC, TITLES
from ...model.log import Log
from ..interface import Build
from .buildkit_build import BuildKitBuild, ContextRefused
from .buildkit_client import ClientBuild
from .buildkit_request import RequestBuild
from .image_build import ClassicBuild

VARIABLE = "DOCKER_BUILDKIT"
_VALUES = {"1": BUILDKIT, "true": BUILDKIT, "0": CLASSIC, "false": CLASSIC}
_OLD = "its BuildKit takes no build context from us, as in Engine 26 with the containerd store"


@attrs.frozen
class Choice:
    """A builder, and the reason for it, which completes "the engine offers no BuildKit"."""

    builder: str
    why: str


def choose(environment: Mapping[str, str], announced: str | None) -> Choice:
    """Return the builder for the variables of *environment*.

    *announced* is the engine's header ``Builder-Version``.  Raises InvalidRequest.
    """
    value = environment.get(VARIABLE, "")
    if not value:
        if announced == "2":
            return Choice(BUILDKIT, "the engine announces it")
        return Choice(CLASSIC, "it announces its classic builder only")
    if value.lower() not in _VALUES:
        raise InvalidRequest(VARIABLE, f"{value!r} is neither 0 nor 1")
    builder = _VALUES[value.lower()]
    default = ", the default of untrusted builds" if builder == CLASSIC else ""
    return Choice(builder, f"the variable {VARIABLE} is {value}{default}")


@attrs.frozen
class ImageBuild:
    """A build in the engine of *client*; *note* and *forget* record images in the ledger."""

    client: Any
    build: Build
    labels: Mapping[str, str]
    note: Callable[[str], None]
    forget: Callable[[str], None]

    def run(self, environment: Mapping[str, str], save: Callable[[], None], log: Log) -> str:
        """Build the image, call *save*, and remove the image; return the builder.

        Raises BuildKitMissing if the file needs BuildKit, DockerClientMissing if it mounts
        secrets, JobFailed with the line that failed, LimitExceeded.
        """
        choice = choose(environment, self._announced())
        if choice.builder == BUILDKIT:
            try:
                return self._run_buildkit(self._way(environment), save, log)
            except ContextRefused:
                choice = Choice(CLASSIC, _OLD)
        if self.build.needs:
            raise BuildKitMissing(self.build.needs[0], choice.why, self.build.needs)
        log(f"built by {TITLES[CLASSIC]}: {choice.why}")
        self.note(self.build.name)
        classic = ClassicBuild(self.client, self.build, self.labels, self.note, self.forget)
        try:
            classic.run(log)
            save()
        finally:
            classic.clean()
        return CLASSIC

    def _way(self, environment: Mapping[str, str]) -> BuildKitBuild:
        """Return the way to BuildKit: only Docker's command line can pass secrets."""
        given = self.client, self.build, self.labels, self.forget
        if self.build.secrets is None:
            return RequestBuild(*given)
        return ClientBuild(*given, environment=environment)

    def _run_buildkit(self, buildkit: BuildKitBuild, save: Callable[[], None], log: Log) -> str:
        self.note(self.build.name)
        try:
            buildkit.run(log)
            save()
        finally:
            buildkit.clean()
        return BUILDKIT

    def _announced(self) -> str | None:
        response = self.client.get(f"{self.client.base_url}/_ping", timeout=60)
        announced: str | None = response.headers.get("Builder-Version")
        return announced
