"""Run the scripts of ``inside/`` in throw-away containers, for all verbs."""

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
from .phases import TITLES, phase
from .tools_image import BUILD_TOOLS, Tools, digest_of_scripts, lock_files, tools_reference

if TYPE_CHECKING:
    from ...model.image.base import Base

PYTHON = "/ship/tools/bin/python"
TOOLS_JOB = JobEnvironment("/ship/making/job", "/ship/making/out")
"""Its folders belong to root and stay in the image, so no other job can have them."""


@attrs.frozen
class BuildBase:
    """The build base of jobs: its *reference*, with digest, and its base key.

    The base *key* is a digest of the base in its registry, the platform, our scripts and their
    locked tools.  It is part of most cache keys.
    """

    reference: Reference
    key: str


@attrs.frozen
class JobRunner:
    """Everything that a verb needs to run scripts in throw-away containers.

    *connect* returns the engine; it is called only if a verb needs the engine.  *platform*
    returns the engine's platform (``linux/amd64``), without a connection if possible.
    *in_pipeline* is true if several verbs share this runner.
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
    in_pipeline: bool = False
    index_seconds: float | None = None
    """Seconds in which the package index must answer; None for the default of the jobs."""
    prefetched_bases: dict[Reference, Base] = attrs.field(factory=dict)
    """Bases of images that the pipeline read in advance."""
    _build_bases: dict[Reference, BuildBase] = attrs.field(factory=dict)

    @property
    def daemon(self) -> Daemon:
        """Return the engine."""
        return self.connect()

    def build_base(self, base: Reference) -> BuildBase:
        """Return the build base that *base* names, with its base key.

        The registry is asked for the digest once per base.  Raises BaseNotFound, and the errors
        of registry and engine.
        """
        if base not in self._build_bases:
            self._build_bases[base] = self._find_build_base(base)
        return self._build_bases[base]

    def _find_build_base(self, base: Reference) -> BuildBase:
        digest = base.digest or self._registry_digest(base)
        if digest is None:
            # A local image, which no registry has.
            digest = (self.daemon.image(str(base)) or self.daemon.pull(base)).image_id
        else:
            base = attrs.evolve(base, digest=digest)
        scripts = digest_of_scripts()
        base_key = key("build base", base=digest, platform=self.platform(), scripts=scripts)
        return BuildBase(base, base_key)

    def _registry_digest(self, base: Reference) -> str | None:
        """Return the digest of *base* in its registry; None if only the engine has it."""
        try:
            return self.registry.with_short_patience().head(base)
        except (RegistryUnavailable, RegistryForbidden) as error:
            if self.daemon.image(str(base)) is None:
                return self.registry.head(base)
            self.log(f"using the engine's copy of {base}: {error}")
            return None

    def tools(self, base: Reference, names: tuple[str, ...] = ()) -> Tools:
        """Return the tools image of *base*; build it if the engine does not have it.

        It contains the tools in *names*, or all tools if there are none.  Raises BaseNotFound,
        and JobFailed if the tools cannot be installed on the base.
        """
        existing = self._existing_tools(base, names)
        if existing is not None:
            return existing
        image = self.daemon.image(str(base)) or self.daemon.pull(base)
        locked = lock_files()
        reference = tools_reference(image, names, locked)
        files = tuple(JobFile(path, text) for path, text in locked.items())
        arguments, inputs = self._with_index({"only": list(names)}, files)
        job = Job(
            "tools",
            str(base),
            arguments,
            inputs=inputs,
            network=True,
            job_environment=TOOLS_JOB,
            limits=self.limits,
        )
        title = f"building the tools image of {base} (once per base)"
        with self.work.scratch() as scratch, phase(title, self.log):
            facts = self.daemon.keep(job, reference, scratch=scratch, log=self.log)
        return Tools(reference, facts)

    def _existing_tools(self, base: Reference, names: tuple[str, ...]) -> Tools | None:
        """Return the tools image of *base* if the engine has it."""
        image = self.daemon.image(str(base))
        if image is None:
            return None
        reference = tools_reference(image, names, lock_files())
        # Before the look: the collector removes no image that was used a moment ago.
        self.daemon.use(reference)
        tools_image = self.daemon.image(reference)
        if tools_image is None or RESULT not in tools_image.labels:
            return None
        return Tools(reference, json.loads(tools_image.labels[RESULT]))

    def facts(self, build_base: BuildBase) -> Mapping[str, Any]:
        """Return what ``inside/jobs/tools.py`` reports of the Python in a base; cached."""
        name = key("facts", base_key=build_base.key)
        entry = self.cache.find(name)
        if entry is not None:
            return entry.record
        facts = self.tools(build_base.reference, BUILD_TOOLS).facts
        self.cache.keep(name, Entry(facts), {})
        return facts

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
        """Run *script* of ``inside/`` in a tools *image*; return its result.

        The files that it makes are in the new folder *out*.  With *network* the job has the
        network and the package index.  With *prepare_next*, and in a pipeline, the container of
        the next job starts meanwhile.
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
        prepares = prepare_next and self.in_pipeline
        with phase(TITLES.get(script, script), self.log):
            return self.daemon.run(job, out=out, log=self.log, prepare_next=prepares)

    def _with_index(
        self, arguments: Mapping[str, Any], inputs: tuple[JobFile, ...]
    ) -> tuple[dict[str, Any], tuple[JobFile, ...]]:
        """Return *arguments* and *inputs* with the package index, its logins and CA bundle."""
        index: dict[str, Any] = {
            "url": self.index.url,
            "extra_urls": list(self.index.extra_urls),
            "proxy": self.index.proxy,
            "ca": None,
            "netrc": None,
            "seconds": self.index_seconds,
        }
        logins = netrc(self.index, self.credentials)
        if logins:
            index["netrc"] = "netrc"
            inputs = (*inputs, JobFile("netrc", logins.encode()))
        if self.ca_bundle is not None:
            index["ca"] = "ca.pem"
            inputs = (*inputs, JobFile("ca.pem", self.ca_bundle))
        return {**arguments, "index": index}, inputs

    def prepare_container(self, base: Reference) -> None:
        """In a pipeline, start a container in advance for the next job on *base*."""
        if self.in_pipeline:
            self.daemon.prepare_container(lambda: self._standby_job(base))

    def _standby_job(self, base: Reference) -> Job | None:
        """Return the job to start a container for; None if the tools image does not exist."""
        tools = self._existing_tools(base, BUILD_TOOLS)
        if tools is None:
            return None
        job_environment, limits = self.job_environment, self.limits
        return Job("", tools.image, {}, PYTHON, job_environment=job_environment, limits=limits)

    def ensure_blob(self, blob: Blob, path: Path) -> bool:
        """Make sure that *path* holds *blob*, from a cache if necessary.

        Return False if no cache has it.
        """
        if path.is_file():
            if digest_of_file(path) == blob.digest:
                return True
            self.log(f"{blob.name} in the work folder is damaged: replacing it from the cache")
            path.unlink()
        return self.cache.fetch(blob, path)
