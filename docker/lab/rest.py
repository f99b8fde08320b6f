"""A small client for Buildbot's REST API: force, watch, read and cancel builds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, cast

import requests

from lab.errors import LabError
from lab.settings import FORCE
from lab.waiting import MASTER_POLL_SECONDS, wait_until

Json = dict[str, Any]
RESULTS = ("SUCCESS", "WARNINGS", "FAILURE", "SKIPPED", "EXCEPTION", "RETRY", "CANCELLED")
POLL_SECONDS = 0.5
TIMEOUT = 30
READS = 3
LOG_LINES = 40


def result_name(results: int | None) -> str:
    """Return Buildbot's word for a result number."""
    return "RUNNING" if results is None else RESULTS[results]


@dataclass(frozen=True)
class Rest:
    """The REST API below a master's URL; *login* is a user with a password."""

    url: str
    login: tuple[str, str] | None = field(default=None, repr=False)

    def answers(self) -> bool:
        """Return whether the web server answers."""
        try:
            return requests.get(f"{self.url}api/v2/builders", timeout=5).ok
        except requests.RequestException:
            return False

    def get(self, path: str, **query: str | int) -> Json:
        """Read an endpoint below /api/v2/."""
        reply = _read(f"{self.url}api/v2/{path}", query)
        if not reply.ok:
            raise LabError(f"GET {reply.url} answered {reply.status_code}: {reply.text[:500]}")
        return cast(Json, reply.json())

    def control(self, path: str, method: str, **parameters: Any) -> Any:
        """Call a control method of an endpoint."""
        call = {"id": 1, "jsonrpc": "2.0", "method": method, "params": parameters}
        with requests.Session() as session:
            if self.login:
                login = f"{self.url}auth/login"
                session.get(login, auth=self.login, timeout=TIMEOUT, allow_redirects=False)
            reply = session.post(f"{self.url}api/v2/{path}", json=call, timeout=TIMEOUT)
        answer = reply.json() if "json" in reply.headers.get("Content-Type", "") else {}
        if not reply.ok or "error" in answer:
            said = answer.get("error", {}).get("message", reply.text[:500])
            raise LabError(f"the master refused {method} of {path}: {said}")
        return answer.get("result")

    def builder_id(self, builder: str) -> int:
        """Return the ID of a builder."""
        found = self.get("builders", name=builder)["builders"]
        if not found:
            raise LabError(f"the master has no builder {builder!r}")
        return int(found[0]["builderid"])

    def builds(self, builder: str) -> list[Json]:
        """Return a builder's builds, oldest first, with their properties."""
        path = f"builders/{self.builder_id(builder)}/builds"
        return cast(list[Json], self.get(path, order="buildid", property="*")["builds"])

    def build(self, build_id: int) -> Json:
        """Return a build with its properties."""
        return cast(Json, self.get(f"builds/{build_id}", property="*")["builds"][0])

    def properties(self, build_id: int) -> dict[str, Any]:
        """Return a build's properties, without their sources."""
        found = self.build(build_id)["properties"]
        return {name: value for name, (value, _source) in found.items()}

    def data(self, build_id: int, name: str) -> str:
        """Return the text of one of a build's data."""
        url = f"{self.url}api/v2/builds/{build_id}/data/{name}/value"
        reply = requests.get(url, timeout=TIMEOUT)
        if not reply.ok:
            raise LabError(f"build {build_id} has no data named {name!r}")
        return reply.content.decode()

    def force(self, builder: str, timeout: float = 60.0, **parameters: str | int | bool) -> int:
        """Force a builder, wait until the build begins, and return its ID."""
        request = self.request(builder, **parameters)
        begun: list[Json] = []

        def started() -> bool:
            begun[:] = self.get("builds", buildrequestid=request)["builds"]
            return bool(begun)

        wait_until(started, timeout, f"the forced build of {builder}")
        return int(begun[-1]["buildid"])

    def request(self, builder: str, **parameters: str | int | bool) -> int:
        """Force a builder, and return the ID of the request, whose build may begin later."""
        number = str(self.builder_id(builder))
        path = f"forceschedulers/{FORCE.get(builder, f'force-{builder}')}"
        _set, by_builder = self.control(path, "force", builderid=number, **parameters)
        return int(by_builder[number])

    def build_of_commit(
        self, builder: str, commit: str, *, branch: str | None = None, timeout: float = 120.0
    ) -> int:
        """Wait until a poller or a hook starts a build of a commit; return the first one.

        With *branch*, only builds of that branch count.
        """
        found: list[int] = []

        def started() -> bool:
            found[:] = [
                build["buildid"]
                for build in self.builds(builder)
                if commit in (build["properties"].get(key, [""])[0] for key in REVISIONS)
                and branch in (None, build["properties"]["branch"][0])
            ]
            return bool(found)

        what = f"the build of {commit[:12]}"
        wait_until(started, timeout, what, poll=MASTER_POLL_SECONDS)
        return found[0]

    def next_try(self, build: Json) -> int:
        """Wait for the build after one that ended as RETRY; return its ID."""
        request, found = build["buildrequestid"], list[int]()

        def started() -> bool:
            tries = self.get("builds", buildrequestid=request)["builds"]
            found[:] = sorted(t["buildid"] for t in tries if t["buildid"] > build["buildid"])
            return bool(found)

        wait_until(started, TIMEOUT, f"the next build of request {request}")
        return found[0]

    def steps(self, build_id: int) -> list[Json]:
        """Return a build's steps in order."""
        return cast(list[Json], self.get(f"builds/{build_id}/steps")["steps"])

    def wait(
        self, build_id: int, timeout: float, tell: Callable[[str], None] = lambda line: None
    ) -> Json:
        """Wait until a build ends; call *tell* with the summary of each step."""
        deadline = time.monotonic() + timeout
        told = 0
        while True:
            # Properties are large: they are read once, in the end.
            (build,), steps = self.get(f"builds/{build_id}")["builds"], self.steps(build_id)
            done = [step for step in steps if step["complete"] and not step["hidden"]]
            for step in done[told:]:
                tell(f"{step['name']}: {step['state_string']}")
            told = max(told, len(done))
            if build["complete"]:
                return self.build(build_id)
            if time.monotonic() > deadline:
                raise LabError(f"build {build_id} is still running after {timeout:.0f} s")
            time.sleep(POLL_SECONDS)

    def ended(self, build_id: int, timeout: float) -> Json:
        """Wait for the master's event that a build ended; polling would slow the master down.

        The event stream: https://html.spec.whatwg.org/multipage/server-sent-events.html
        """
        url = f"{self.url}sse/listen/builds/{build_id}/finished"
        try:
            with requests.get(url, stream=True, timeout=timeout) as events:
                for line in events.iter_lines(chunk_size=1):
                    # After the first event, no event is missed.
                    if (
                        line.startswith(b"event:")
                        and (build := self.build(build_id))["complete"]
                    ):
                        return build
        except requests.ReadTimeout:
            raise LabError(f"build {build_id} is still running after {timeout:.0f} s") from None
        raise LabError(f"the master sent no event for the end of build {build_id}")

    def stop(self, build_id: int, reason: str = "stopped by the lab") -> None:
        """Cancel a build."""
        self.control(f"builds/{build_id}", "stop", reason=reason)

    def running(self) -> list[int]:
        """Return the IDs of the builds that have not ended."""
        return [build["buildid"] for build in self.get("builds", complete="false")["builds"]]

    def logs(self, build_id: int, step: str) -> dict[str, str]:
        """Return the logs of the step with this name, by the name of the log."""
        (found,) = (each for each in self.steps(build_id) if each["name"] == step)
        return {log["name"]: self._text(log, 0) for log in self._logs(found)}

    def failing_logs(self, build_id: int) -> Iterator[str]:
        """Yield the last lines of every log of the failed steps."""
        for step in self.steps(build_id):
            if step["results"] in (0, 1, 3, None):
                continue
            for log in self._logs(step):
                text = self._text(log, max(0, log["num_lines"] - LOG_LINES))
                yield "\n".join([f"--- {step['name']}, {log['name']}:", text])

    def _logs(self, step: Json) -> list[Json]:
        return cast(list[Json], self.get(f"steps/{step['stepid']}/logs")["logs"])

    def _text(self, log: Json, first: int) -> str:
        """Return a log from its line *first*, without Buildbot's own lines."""
        if not log["num_lines"]:
            # Buildbot has no contents for it, and answers 404.
            return ""
        path = f"logs/{log['logid']}/contents"
        chunks = self.get(path, offset=first, limit=log["num_lines"])["logchunks"]
        lines = "".join(part["content"] for part in chunks).splitlines()
        if log["type"] == "s":
            # The first letter is the stream; `h` is Buildbot's own header.
            lines = [line[1:] for line in lines if line[:1] != "h"]
        return "\n".join(lines)


REVISIONS = ("got_revision", "revision")


def _read(url: str, query: dict[str, str | int]) -> requests.Response:
    # A master under load sometimes aborts a response. Reading again is safe.
    for _ in range(READS - 1):
        with suppress(requests.RequestException):
            return requests.get(url, params=query, timeout=TIMEOUT)
    return requests.get(url, params=query, timeout=TIMEOUT)
