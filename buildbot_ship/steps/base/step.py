"""The step under all steps: render a Request, run one remote command, show the Result."""

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
from buildbot.process.buildstep import BuildStep, ShellMixin
from buildbot.process.logobserver import LogLineObserver

from ...errors import InvalidRequest, LimitExceeded, ShipError
from ...model import result
from ...model.request import Envelope, Request, wire
from ...model.request.settings import CacheOptions, Index, Limits
from . import credentials as logins
from . import envelope_options as common
from . import option_check as options
from . import result_file
from .connection import send_at_once

# Buildbot's numbers, typed: without py.typed they are Any.
SUCCESS: int = results.SUCCESS
WARNINGS: int = results.WARNINGS
FAILURE: int = results.FAILURE
RETRY: int = results.RETRY
CANCELLED: int = results.CANCELLED
EXCEPTION: int = results.EXCEPTION
_STATUS: dict[str, int] = {
    result.SUCCESS: SUCCESS,
    result.FAILURE: FAILURE,
    result.RETRY: RETRY,
}
_SPARE_SECONDS = 300
_LINE = 120


class LastLine(LogLineObserver):  # type: ignore[misc]
    """Show the last line that the command wrote as the step's progress."""

    def outLineReceived(self, line: str) -> None:
        """Show *line*."""
        self.step.show_progress(line)


def with_warnings(ended: result.Result) -> str:
    """Return the summary of a verb that has ended, with its first warning."""
    if not ended.warnings:
        return ended.summary
    more = len(ended.warnings) - 1
    rest = f" (and {more} more in the log warnings)" if more else ""
    return f"{ended.summary}; warning: {ended.warnings[0]}{rest}"


class ShipStep(ShellMixin, BuildStep):  # type: ignore[misc]
    """Run one verb of buildbot-ship on the worker, and show how it ended.

    Every step takes these options, and those of Buildbot's own steps (``name``,
    ``doStepIf``, ``workdir``, ``env``, ``timeout``, ``locks``, ...).  All of them but
    ``retries`` may be renderables.

    :param work: the folder on the worker, outside the checkout, where one step leaves
        what the next one reads; relative to the step's ``workdir``
    :param python: the worker's Python interpreter that has buildbot-ship installed
    :param index_url: the package index that containers ask, in place of the public one
    :param extra_index_urls: more package indexes, asked as well
    :param proxy: the HTTP proxy through which containers reach the index
    :param ca_bundle: a file on the worker with the CA certificates that the index,
        or the proxy before it, is verified against
    :param memory: bytes of memory that one throw-away container may use
    :param processes: how many processes and threads one container may have
    :param seconds: how long one container may run
    :param disk: bytes that one container may write to disk
    :param cache: the repository of the cache that workers share, if there is one
    :param trusted: whether this builder may write to it
    :param no_cache: whether all is made again, whatever a cache knows
    :param credentials: ``{"registry.example.com": (user, util.Secret("name"))}``: how to
        log in to registries and package indexes; it travels on standard input only
    :param retries: how often the build is tried again when the outside world failed
        (no engine, no registry, no git server); after that it is a failure
    """

    request_type: ClassVar[type[Request]]
    own_options: ClassVar[Sequence[str]] = ()
    field_names: ClassVar[Mapping[str, str]] = {}
    renderables: ClassVar[Sequence[str]] = common.RENDERABLES

    haltOnFailure = True
    logEnviron = False
    sigtermTime = 8
    timeout = None
    _progress = "starting"
    _summary: str | None = None

    def __init__(
        self,
        *,
        work: str | IRenderable = "../ship",
        python: str | IRenderable = "python3",
        index_url: str | IRenderable | None = None,
        extra_index_urls: Sequence[str] | IRenderable = (),
        proxy: str | IRenderable | None = None,
        ca_bundle: str | IRenderable | None = None,
        memory: int | IRenderable | None = None,
        processes: int | IRenderable | None = None,
        seconds: int | IRenderable | None = None,
        disk: int | IRenderable | None = None,
        cache: str | IRenderable | None = None,
        trusted: bool | IRenderable = True,
        no_cache: bool | IRenderable = False,
        credentials: Mapping[str, tuple[str, str]] | IRenderable | None = None,
        retries: int = 2,
        **kwargs: Any,
    ) -> None:
        """Take the options; report those that are wrong to Buildbot's configuration."""
        self.work, self.python = work, python
        self.index_url, self.extra_index_urls = index_url, extra_index_urls
        self.proxy, self.ca_bundle = proxy, ca_bundle
        self.memory, self.processes, self.seconds, self.disk = memory, processes, seconds, disk
        self.cache, self.trusted, self.no_cache = cache, trusted, no_cache
        self.credentials = {} if credentials is None else credentials
        self.retries = retries
        super().__init__(
            **self.setupShellMixin(kwargs, prohibitArgs=["command", "initialStdin"])
        )
        self.addLogObserver("stdio", LastLine())
        for fault in self.faults():
            config.error(f"{type(self).__name__}: {fault}")

    def request_values(self) -> dict[str, object]:
        """Return the values of the request's fields, by field."""
        return {
            self.field_names.get(name, name): getattr(self, name) for name in self.own_options
        }

    def request_faults(self) -> Iterator[str]:
        """Yield ``option: why`` for the options of the request that are wrong."""
        names = {field: option for option, field in self.field_names.items()}
        yield from options.faults(self.request_type, self.request_values(), names)

    def faults(self) -> Iterator[str]:
        """Yield ``option: why`` for every option that is wrong, as far as it has a value."""
        yield from self.request_faults()
        yield from common.faults(self)

    async def run(self) -> int:
        """Run the verb on the worker; return how it ended, for Buildbot."""
        send_at_once(self.build)
        try:
            return await self._run()
        except ShipError as error:
            details = self._cleaned(error.details)
            if details:
                await self.addCompleteLog("details", details)
            self._summary = f"{error} - {error.remedy}"
            return FAILURE

    async def _run(self) -> int:
        record = await self.master.data.get(("builds", self.build.buildid))
        envelope = await self._envelope(record)
        path = f"{self.work.rstrip('/')}/result-{envelope.verb}-{uuid.uuid4().hex}.json"
        argv = [self.python, "-I", "-m", "buildbot_ship", envelope.verb]
        limit = self.timeout or envelope.limits.seconds + _SPARE_SECONDS
        command = await self.makeRemoteShellCommand(
            command=[*argv, "--request", "-", "--result", path],
            initialStdin=json.dumps(wire.envelope_to_json(envelope)),
            timeout=limit,
        )
        await self.runCommand(command)
        if self.stopped or command.results() == CANCELLED:
            return CANCELLED
        data = await result_file.fetch(self, path)
        if self.stopped:
            return CANCELLED
        if data is None and self.timed_out:
            option = "timeout" if self.timeout else "seconds"
            raise LimitExceeded(f"{envelope.verb}, silent,", f"{limit} seconds", option)
        if data is None and command.rc == result.BUG:
            self._summary = "this is a bug of buildbot-ship: please report it with the log"
            return EXCEPTION
        return await self._show(result_file.parse(data, envelope.verb, command.rc), record)

    async def _envelope(self, record: Mapping[str, Any]) -> Envelope:
        """Return what goes to the worker; raise InvalidRequest when an option is wrong."""
        known = await logins.render(self.build, self.credentials)
        wrong = list(self.faults())
        if wrong:
            raise InvalidRequest(type(self).__name__, "; ".join(wrong))
        # The name of a master is a host and a path: too long for a container's name.
        master = hashlib.sha256(self.master.name.encode()).hexdigest()[:8]
        return Envelope(
            request=options.make(self.request_type, self.request_values()),
            build=f"{master}-{record['builderid']}-{record['number']}",
            work=self.work,
            index=common.make(Index, self),
            limits=common.make(Limits, self),
            cache=common.make(CacheOptions, self),
            credentials=known,
        )

    async def _show(self, ended: result.Result, record: Mapping[str, Any]) -> int:
        source = type(self).__name__
        for name, value in ended.properties.items():
            shown = self._cleaned(value) if isinstance(value, str) else value
            self.setProperty(name, shown, source)
        for name, text in ended.texts.items():
            await self.addCompleteLog(name, self._cleaned(text))
            await self.setBuildData(name, self._cleaned(text).encode(), source)
        if ended.warnings:
            lines = "".join(f"{warning}\n" for warning in ended.warnings)
            await self.addCompleteLog("warnings", self._cleaned(lines))
        self._summary = with_warnings(ended)
        if ended.failure is not None:
            self._summary = f"{ended.failure.message} - {ended.failure.remedy}"
            if ended.failure.details:
                await self.addCompleteLog("details", self._cleaned(ended.failure.details))
        status = _STATUS[ended.status]
        if status == SUCCESS and ended.warnings:
            status = WARNINGS
        return await self._bounded(status, record)

    async def _bounded(self, status: int, record: Mapping[str, Any]) -> int:
        """Return *status*, or FAILURE where the build was tried again often enough."""
        if status != RETRY:
            return status
        request = record["buildrequestid"]
        tries = len(await self.master.data.get(("buildrequests", request, "builds")))
        if tries <= self.retries:
            return RETRY
        self._summary = f"{self._summary} (tried {tries} times)"
        return FAILURE

    def show_progress(self, line: str) -> None:
        """Show *line*, which the command wrote, until the next one."""
        if line.strip():
            self._progress = " ".join(line.split())[:_LINE]
            self.updateSummary()

    def getCurrentSummary(self) -> dict[str, str]:
        """Return the last line of progress, as Buildbot asks for it."""
        return {"step": self._progress}

    def is_news(self) -> bool:
        """Tell whether the build says, in its summary, how this step ended well."""
        return False

    def getResultSummary(self) -> dict[str, str]:
        """Return how the step ended: the cause and the remedy when it failed."""
        if self._summary is None:
            summary: dict[str, str] = BuildStep.getResultSummary(self)
            return summary
        said = re.sub(r"\s+", " ", self._cleaned(self._summary))
        ended_well = self.results in (SUCCESS, WARNINGS)
        news = {"build": said} if ended_well and self.is_news() else {}
        return {"step": said, **news}

    def _cleaned(self, text: str) -> str:
        """Return *text* without the secrets that this build has used."""
        cleaned: str = self.build.properties.cleanupTextFromSecrets(text)
        return cleaned
