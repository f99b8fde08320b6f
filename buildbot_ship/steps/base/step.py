"""`ShipStep`, the base class of all steps: send a Request to the worker, run its verb."""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from buildbot import config
from buildbot.interfaces import IRenderable
from buildbot.process import results

from ...errors import InvalidRequest, LimitExceeded, ShipError
from ...model import result
from ...model.request import Envelope, Request, wire
from ...model.request.settings import CacheOptions, Index, Limits, RegistryOptions, work_folder
from . import credentials as logins
from . import envelope_options as common
from . import option_check as options
from . import result_file
from .build_record import record_of
from .presentation import ProgressObserver, ResultPresentation
from .secrets_of_build import mask_for
from .worker import check, python_of, send_without_delay

# Buildbot is not typed: its numbers are Any without this.
FAILURE: int = results.FAILURE
RETRY: int = results.RETRY
CANCELLED: int = results.CANCELLED
EXCEPTION: int = results.EXCEPTION
_SPARE_SECONDS = 300
_LOST = (
    "{} builds of this request ended without a result, for example because the worker died - "
    "look for the cause in the logs of the worker and of its machine, and force the build again"
)


class ShipStep(ResultPresentation):
    """Run one verb of buildbot-ship on the worker, and show its result.

    Every step takes these options, and those of Buildbot's own steps (``name``,
    ``doStepIf``, ``workdir``, ``env``, ``timeout``, ``locks``, ...).  All of them except
    ``retries`` may be renderables.

    :param work: the work folder on the worker, outside the checkout, where each step leaves
        files for the next one; relative to the step's ``workdir``
    :param python: the Python interpreter on the worker that has buildbot-ship installed;
        default: the one that the worker runs in, or else ``python3``
    :param index_url: the package index that containers use instead of PyPI
    :param extra_index_urls: additional package indexes
    :param proxy: the HTTP proxy through which containers reach the index
    :param ca_bundle: a file on the worker with the CA certificates that verify the index
        or the proxy
    :param registry_ca_bundle: a file on the worker with CA certificates to trust for
        registries, in addition to the usual ones
    :param insecure_registries: hosts of registries, with their ports, that speak plain HTTP
    :param memory: memory limit of one throw-away container, in bytes
    :param processes: limit on the processes and threads of one container
    :param seconds: time limit of one container
    :param disk: limit on what one container writes to disk, in bytes
    :param cpus: how many CPUs one container can use, such as 1.5
    :param open_files: limit on the open files of each process in a container
    :param cache: the repository of the cache that workers share
    :param trusted: whether this builder may publish and write to the shared cache; an
        untrusted builder has a separate cache and a separate work folder on the worker
    :param no_cache: ignore all caches and make everything again
    :param credentials: ``{"registry.example.com": (user, util.Secret("name"))}``: logins for
        registries and package indexes; they travel on standard input only
    :param image_page: the page of an image in your registry, for links on the build page:
        ``https://registry.example.com/images/{repository}?tag={tag}``; also ``{registry}``,
        ``{name}`` and ``{digest}``
    :param retries: how often Buildbot retries the build after a transient error, such as no
        engine, no registry or no git server, or after it lost its worker; then the build fails
    """

    request_type: ClassVar[type[Request]]
    request_options: ClassVar[Sequence[str]] = ()
    field_of_option: ClassVar[Mapping[str, str]] = {}
    renderables: ClassVar[Sequence[str]] = common.RENDERABLES

    haltOnFailure = True
    logEnviron = False
    sigtermTime = 8
    timeout = None

    def __init__(
        self,
        *,
        work: str | IRenderable = "../ship",
        python: str | IRenderable | None = None,
        index_url: str | IRenderable | None = None,
        extra_index_urls: Sequence[str] | IRenderable = (),
        proxy: str | IRenderable | None = None,
        ca_bundle: str | IRenderable | None = None,
        registry_ca_bundle: str | IRenderable | None = None,
        insecure_registries: Sequence[str] | IRenderable = (),
        memory: int | IRenderable | None = None,
        processes: int | IRenderable | None = None,
        seconds: int | IRenderable | None = None,
        disk: int | IRenderable | None = None,
        cpus: float | IRenderable | None = None,
        open_files: int | IRenderable | None = None,
        cache: str | IRenderable | None = None,
        trusted: bool | IRenderable = True,
        no_cache: bool | IRenderable = False,
        credentials: Mapping[str, tuple[str, str]] | IRenderable | None = None,
        image_page: str | IRenderable = "",
        retries: int = 2,
        **kwargs: Any,
    ) -> None:
        """Take the options; report each wrong one as a configuration error."""
        self.work, self.python = work, python
        self.index_url, self.extra_index_urls = index_url, extra_index_urls
        self.proxy, self.ca_bundle = proxy, ca_bundle
        self.registry_ca_bundle = registry_ca_bundle
        self.insecure_registries = insecure_registries
        self.memory, self.processes, self.seconds, self.disk = memory, processes, seconds, disk
        self.cpus, self.open_files = cpus, open_files
        self.cache, self.trusted, self.no_cache = cache, trusted, no_cache
        self.credentials = {} if credentials is None else credentials
        self.image_page = image_page
        self.retries = retries
        unknown = dict(options.unknown_options(type(self), kwargs))
        known = {name: value for name, value in kwargs.items() if name not in unknown}
        super().__init__(**self.setupShellMixin(known))
        self.addLogObserver("stdio", ProgressObserver())
        for fault in (*unknown.values(), *self.faults()):
            place = options.place_of(re.split(r"\W", fault, maxsplit=1)[0])
            config.error(f"{type(self).__name__}: {fault}{place and f' ({place})'}")

    def request_values(self) -> dict[str, object]:
        """Return the values of the request's fields, by field."""
        return {
            self.field_of_option.get(name, name): getattr(self, name)
            for name in self.request_options
        }

    def request_faults(self) -> Iterator[str]:
        """Yield ``option: why`` for every wrong option of the request."""
        names = {field: option for option, field in self.field_of_option.items()}
        yield from options.faults(self.request_type, self.request_values(), names)

    async def make_request(self) -> Request:
        """Return the request of the options, which were checked.  Raises InvalidRequest."""
        return options.make(self.request_type, self.request_values())

    def faults(self) -> Iterator[str]:
        """Yield ``option: why`` for every wrong option that has a value by now."""
        yield from self.request_faults()
        yield from common.faults(self)

    async def reserve(self, envelope: Envelope, record: Mapping[str, Any]) -> Envelope:
        """Reserve what only one build may have, and return the envelope with it.

        *record* is this build in the database.  The method runs before the verb.
        """
        return envelope

    async def settle(self, outcome: result.Result, record: Mapping[str, Any]) -> None:
        """Give back what `reserve` reserved and the verb did not use; write the journal.

        *record* is this build in the database.
        """

    async def run(self) -> int:
        """Run the verb on the worker; return Buildbot's status."""
        send_without_delay(self.build)
        mask_for(self.build)
        try:
            status = await self._run_verb()
        except ShipError as error:
            if self.stopped:
                return CANCELLED
            await self.show_error(error)
            status = FAILURE
        if status in (FAILURE, RETRY, EXCEPTION):
            await self.write_last_line()
        return status

    async def _run_verb(self) -> int:
        record = await record_of(self.build)
        if record.tries > self.retries + 1 and not self.alwaysRun:
            # Buildbot itself repeats a build that loses its worker, without end.
            self._summary = _LOST.format(record.tries - 1)
            return FAILURE
        python = await python_of(self)
        envelope = await self.reserve(await self._envelope(record.row), record.row)
        path = f"{envelope.work}/result-{envelope.verb}-{uuid.uuid4().hex}.json"
        limit = self.timeout or envelope.limits.seconds + _SPARE_SECONDS
        command = await self._command(python, envelope, path, limit)
        await self.runCommand(command)
        if self.stopped or command.results() == CANCELLED:
            return CANCELLED
        data = await result_file.fetch(self, path)
        if self.stopped:
            return CANCELLED
        if data is None and self.timed_out:
            option = "timeout" if self.timeout else "seconds"
            raise LimitExceeded(f"{envelope.verb}, without output,", f"{limit} seconds", option)
        if data is None and command.rc == result.BUG:
            self._summary = "this is a bug of buildbot-ship: please report it with the log"
            return EXCEPTION
        if data is None and command.rc:
            await check(self, python)
        outcome = result_file.parse(data, envelope.verb, command.rc)
        await self.settle(outcome, record.row)
        return self._limit_retries(await self.show_result(outcome), record.tries)

    async def _command(self, python: str, envelope: Envelope, path: str, limit: int) -> Any:
        """Return the remote command that leaves its result at *path*; *limit* in seconds."""
        argv = [python, "-I", "-m", "buildbot_ship", envelope.verb]
        return await self.makeRemoteShellCommand(
            command=[*argv, "--request", "-", "--result", path],
            initialStdin=json.dumps(wire.envelope_to_json(envelope)),
            timeout=limit,
        )

    async def _envelope(self, record: Mapping[str, Any]) -> Envelope:
        """Return the envelope for the worker; raise InvalidRequest for a wrong option."""
        credentials = await logins.render(self.build, self.credentials)
        wrong = list(self.faults())
        if wrong:
            raise InvalidRequest(type(self).__name__, "; ".join(wrong))
        # The name of a master is a host and a path: too long for a container's name.
        master = hashlib.sha256(self.master.name.encode()).hexdigest()[:8]
        return Envelope(
            request=await self.make_request(),
            build=f"{master}-{record['builderid']}-{record['number']}",
            work=work_folder(self.work, self.trusted is not False),
            index=common.make(Index, self),
            registries=common.make(RegistryOptions, self),
            limits=common.make(Limits, self),
            cache=common.make(CacheOptions, self),
            credentials=credentials,
        )

    def _limit_retries(self, status: int, tries: int) -> int:
        """Return *status*, or FAILURE if it is RETRY and the retries are used up."""
        if status != RETRY or tries <= self.retries:
            return status
        self._summary = f"{self._summary} (tried {tries} times)"
        return FAILURE
