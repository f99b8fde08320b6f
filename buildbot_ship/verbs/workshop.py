"""Where a verb runs its scripts: the engine, the work folder, the limits, the index."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import attrs

from ..daemon.interface import RESULT, Daemon, Job, JobFile
from ..model.conditions import Conditions
from ..model.log import Log
from ..model.netrc import netrc
from ..model.reference import Reference
from ..model.request import Credential, Index, Limits
from ..store.work import Work

PYTHON = "/ship/tools/bin/python"


@attrs.frozen
class Tools:
    """The tools image of a base; *facts* are what ``inside/tools.py`` found out.

    *base* is the base's reference with its digest, where the engine knows one.
    """

    image: str
    base: str
    facts: Mapping[str, Any]

    @property
    def minor(self) -> str:
        """Return the interpreter's minor version: ``3.11``."""
        return ".".join(str(self.facts["version"]).split(".")[:2])


@attrs.frozen
class Workshop:
    """Everything that a verb needs to run scripts in throw-away containers."""

    daemon: Daemon
    work: Work
    log: Log
    index: Index = attrs.field(factory=Index)
    ca_bundle: bytes | None = None
    limits: Limits = attrs.field(factory=Limits)
    conditions: Conditions = attrs.field(factory=Conditions)
    credentials: tuple[Credential, ...] = attrs.field(default=(), repr=False)

    def run(
        self,
        script: str,
        image: str,
        arguments: Mapping[str, Any],
        out: Path,
        inputs: tuple[JobFile, ...] = (),
        *,
        network: bool = False,
    ) -> dict[str, Any]:
        """Run a script of ``inside/`` in a tools image; only with *network* it has an index."""
        out.mkdir()
        conditions = self.conditions
        if network:
            arguments, inputs = self._with_index(arguments, inputs)
            conditions = conditions.online()
        job = Job(
            script,
            image,
            arguments,
            PYTHON,
            inputs,
            network=network,
            conditions=conditions,
            limits=self.limits,
        )
        return self.daemon.run(job, out=out, log=self.log)

    def tools(self, base: Reference) -> Tools:
        """Return the tools image of *base*, made when the engine has none.

        Raises BaseNotFound, and JobFailed when the base cannot hold the tools.
        """
        image = self.daemon.image(str(base)) or self.daemon.pull(base)
        locks = tuple(_locks())
        reference = f"ship.local/tools:{_key(image.image_id, locks)}"
        pinned = _with_digest(base, image.digests)
        known = self.daemon.image(reference)
        if known is not None and RESULT in known.labels:
            self.daemon.use(reference)
            return Tools(reference, pinned, json.loads(known.labels[RESULT]))
        self.log(f"making the tools image of {base} (once for each base)")
        arguments, inputs = self._with_index({}, locks)
        job = Job(
            "tools", str(base), arguments, inputs=inputs, network=True, limits=self.limits
        )
        with self.work.scratch() as scratch:
            facts = self.daemon.keep(job, reference, scratch=scratch, log=self.log)
        return Tools(reference, pinned, facts)

    def _with_index(
        self, arguments: Mapping[str, Any], inputs: tuple[JobFile, ...]
    ) -> tuple[dict[str, Any], tuple[JobFile, ...]]:
        index: dict[str, Any] = {
            "url": self.index.url,
            "extra_urls": list(self.index.extra_urls),
            "proxy": self.index.proxy,
            "ca": None,
            "netrc": None,
        }
        logins = netrc(self.index, self.credentials)
        if logins:
            index["netrc"] = "netrc"
            inputs = (*inputs, JobFile("netrc", logins.encode()))
        if self.ca_bundle is not None:
            index["ca"] = "ca.pem"
            inputs = (*inputs, JobFile("ca.pem", self.ca_bundle))
        return {**arguments, "index": index}, inputs


def _locks() -> list[JobFile]:
    folder = files("buildbot_ship.inside") / "tools"
    names = sorted(item.name for item in folder.iterdir() if re.match(r"py.*\.txt$", item.name))
    return [JobFile(f"tools/{name}", (folder / name).read_bytes()) for name in names]


def _key(image_id: str, locks: tuple[JobFile, ...]) -> str:
    script = (files("buildbot_ship.inside") / "tools.py").read_bytes()
    digest = hashlib.sha256(image_id.encode() + script)
    for lock in locks:
        assert isinstance(lock.content, bytes)  # noqa: S101  # _locks() read them
        digest.update(lock.content)
    return digest.hexdigest()[:32]


def _with_digest(base: Reference, digests: tuple[str, ...]) -> str:
    if base.digest:
        return str(base)
    for text in digests:
        known = Reference.parse(text)
        if known.repository == base.repository:
            return str(attrs.evolve(base, digest=known.digest))
    return str(base)
