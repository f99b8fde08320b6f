"""Where a verb runs its scripts: the engine, the work folder, the limits, the index."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from ...daemon.interface import RESULT, Daemon, Job, JobFile
from ...errors import RegistryForbidden, RegistryUnavailable
from ...model.cache import Blob, Entry
from ...model.cache_key import key
from ...model.decision.netrc import netrc
from ...model.job_environment import JobEnvironment
from ...model.log import Log
from ...model.reference import Reference
from ...model.request.settings import Credential, Index, Limits
from ...registry.interface import Registry
from ...store.work_folder import Work
from .cache import Cache
from .files import digest_of_file
from .tools_image import MAKING, Tools, digest_of_scripts, lock_files, tools_reference

if TYPE_CHECKING:
    from ...model.image.base import Base

PYTHON = "/ship/tools/bin/python"


@attrs.frozen
class BuildBase:
    """The base that jobs run on: its *reference*, with its digest.

    *key* is that of the base, the platform, and our own scripts and tools.
    """

    reference: Reference
    key: str


@attrs.frozen
class JobRunner:
    """Everything that a verb needs to run scripts in throw-away containers.

    The engine is only connected to by who asks for the `daemon`; *platform* tells what it
    runs at less cost (``linux/amd64``).  *chained* says that a chain of verbs shares it.
    """

    connect: Callable[[], Daemon]
    platform: Callable[[], str]
    registry: Registry
    work: Work
    log: Log
    cache: Cache
    index: Index = attrs.field(factory=Index)
    ca_bundle: bytes | None = None
    limits: Limits = attrs.field(factory=Limits)
    job_environment: JobEnvironment = attrs.field(factory=JobEnvironment)
    credentials: tuple[Credential, ...] = attrs.field(default=(), repr=False)
    chained: bool = False
    bases: dict[Reference, Base] = attrs.field(factory=dict)
    """Bases of images that were read ahead, by their references."""
    _build_bases: dict[Reference, BuildBase] = attrs.field(factory=dict)

    @property
    def daemon(self) -> Daemon:
        """Return the engine."""
        return self.connect()

    def bring(self, blob: Blob, path: Path) -> bool:
        """See that *path* holds *blob*, out of a cache if need be; False when none has it."""
        if path.is_file():
            if digest_of_file(path) == blob.digest:
                return True
            self.log(f"{blob.name} in the work folder is not what was made: taken anew")
            path.unlink()
        return self.cache.fetch(blob, path)

    def build_base(self, base: Reference) -> BuildBase:
        """Return what jobs on *base* build on; its registry's word counts, asked for once.

        Raises BaseNotFound, and what registry and engine raise.
        """
        if base not in self._build_bases:
            self._build_bases[base] = self._find_build_base(base)
        return self._build_bases[base]

    def _find_build_base(self, base: Reference) -> BuildBase:
        digest = base.digest or self._digest(base)
        if digest is None:
            # A base of this engine's own, which no registry has.
            digest = (self.daemon.image(str(base)) or self.daemon.pull(base)).image_id
        else:
            base = attrs.evolve(base, digest=digest)
        made_by = digest_of_scripts()
        build_base = key("build base", base=digest, platform=self.platform(), scripts=made_by)
        return BuildBase(base, build_base)

    def _digest(self, base: Reference) -> str | None:
        """Return the digest that the base's registry says; None where the engine's counts."""
        try:
            return self.registry.head(base)
        except (RegistryUnavailable, RegistryForbidden) as error:
            if self.daemon.image(str(base)) is None:
                raise
            self.log(f"taking the engine's own {base}: {error}")
            return None

    def run(
        self,
        script: str,
        image: str,
        arguments: Mapping[str, Any],
        out: Path,
        inputs: tuple[JobFile, ...] = (),
        *,
        network: bool = False,
        prepare_next: bool = False,
    ) -> dict[str, Any]:
        """Run a script of ``inside/`` in a tools image; only with *network* it has an index.

        *prepare_next* says that the next verb of a chain will run one more there.
        """
        out.mkdir()
        job_environment = self.job_environment
        if network:
            arguments, inputs = self._with_index(arguments, inputs)
            job_environment = job_environment.online()
        job = Job(
            script,
            image,
            arguments,
            PYTHON,
            inputs,
            network=network,
            job_environment=job_environment,
            limits=self.limits,
        )
        return self.daemon.run(
            job, out=out, log=self.log, prepare_next=prepare_next and self.chained
        )

    def prepare_container(self, base: Reference) -> None:
        """Begin to make a container ready for a chain's next job on *base*, sure to come."""
        if self.chained:
            self.daemon.prepare_container(lambda: self._expected(base))

    def _expected(self, base: Reference) -> Job | None:
        """Return a job like those that a chain runs without a network, if it can run now."""
        known = self._known_tools(base, MAKING)
        if known is None:
            return None
        job_environment, limits = self.job_environment, self.limits
        return Job("", known.image, {}, PYTHON, job_environment=job_environment, limits=limits)

    def facts(self, build_base: BuildBase) -> Mapping[str, Any]:
        """Return what ``inside/jobs/tools.py`` found out about a base, known or looked up."""
        name = key("facts", base_key=build_base.key)
        entry = self.cache.find(name)
        if entry is not None:
            return entry.record
        facts = self.tools(build_base.reference, MAKING).facts
        self.cache.keep(name, Entry(facts), {})
        return facts

    def tools(self, base: Reference, names: tuple[str, ...] = ()) -> Tools:
        """Return the tools image of *base*, made when the engine has none.

        It holds the tools of these *names* only, if there are any.  Raises BaseNotFound,
        and JobFailed when the base cannot hold the tools.
        """
        known = self._known_tools(base, names)
        if known is not None:
            self.daemon.use(known.image)
            return known
        image = self.daemon.image(str(base)) or self.daemon.pull(base)
        locked = lock_files()
        reference = tools_reference(image, names, locked)
        self.log(f"making the tools image of {base} (once for each base)")
        files = tuple(JobFile(path, text) for path, text in locked.items())
        arguments, inputs = self._with_index({"only": list(names)}, files)
        job = Job(
            "tools", str(base), arguments, inputs=inputs, network=True, limits=self.limits
        )
        with self.work.scratch() as scratch:
            facts = self.daemon.keep(job, reference, scratch=scratch, log=self.log)
        return Tools(reference, facts)

    def _known_tools(self, base: Reference, names: tuple[str, ...]) -> Tools | None:
        image = self.daemon.image(str(base))
        if image is None:
            return None
        reference = tools_reference(image, names, lock_files())
        known = self.daemon.image(reference)
        if known is None or RESULT not in known.labels:
            return None
        return Tools(reference, json.loads(known.labels[RESULT]))

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
