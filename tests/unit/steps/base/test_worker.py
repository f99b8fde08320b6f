"""How messages travel to a worker, and which interpreter it has."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace as Parts
from typing import Any

import pytest
from buildbot.process.results import FAILURE, SUCCESS
from twisted.internet import reactor
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.protocol import Factory, Protocol
from twisted.trial import unittest

from buildbot_ship.steps import CollectGarbage
from buildbot_ship.steps.base.worker import SEARCH, send_without_delay
from tests.unit.steps.step_case import ExpectVerb, StepCase, ended

SYSTEM = os.path.realpath(sys.executable)
WORKER = """\
import subprocess, sys
print(subprocess.run(["sh", "-c", sys.argv[1]], capture_output=True, text=True).stdout, end="")
"""


def build_over(**mind: Any) -> Parts:
    """Return the parts of a build whose connection has this *mind*."""
    return Parts(workerforbuilder=Parts(worker=Parts(conn=Parts(**mind))))


class TestSendAtOnce(unittest.TestCase):
    """With a real connection."""

    async def test_a_connection_of_tcp_holds_nothing_back(self) -> None:
        any_reactor: Any = reactor
        factory: Any = Factory.forProtocol(Protocol)
        port = any_reactor.listenTCP(0, factory, interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        endpoint = TCP4ClientEndpoint(any_reactor, "127.0.0.1", port.getHost().port)
        protocol: Any = await endpoint.connect(factory)
        transport = protocol.transport
        self.addCleanup(transport.abortConnection)
        assert not transport.getTcpNoDelay()
        send_without_delay(build_over(mind=Parts(broker=Parts(transport=transport))))
        assert transport.getTcpNoDelay()

    def test_a_connection_of_another_kind_stays_as_it_is(self) -> None:
        for conn in (build_over(), build_over(mind=None), build_over(mind=Parts(broker=1))):
            send_without_delay(conn)
        send_without_delay(Parts())


class TestPython(StepCase):
    """The interpreter that runs the verb."""

    python = None

    def expect_search(self, said: str, rc: int = 0) -> ExpectVerb:
        # It has no log, so Buildbot's `stdout` of an expectation does not apply.
        search = ExpectVerb()
        search.behaviors.append(("callable", lambda command: command.addStdout(said)))
        search.exit(rc)
        self.expect_commands(search)
        return search

    async def test_it_is_the_one_that_the_worker_says(self) -> None:
        search = self.expect_search("unfit /usr/bin/python3\nfit /w o/bin/python3\n")
        verb = self.expect_verb("gc", ended("gc"))
        await self.run_and_say(CollectGarbage(), SUCCESS)
        assert search.sent["command"] == ["sh", "-c", SEARCH]
        assert verb.sent["command"][:4] == ["/w o/bin/python3", "-I", "-m", "buildbot_ship"]

    async def test_a_worker_without_our_package_is_named(self) -> None:
        self.expect_search("unfit /usr/bin/python3\nunfit /opt/python3\nunfit /opt/python3\n")
        said = await self.run_and_say(CollectGarbage(), FAILURE)
        assert said.startswith(
            "buildbot-ship is not installed on the worker for /usr/bin/python3, /opt/python3 - "
        )
        assert "set the option python" in said

    async def test_a_worker_that_cannot_say_has_a_python3(self) -> None:
        self.expect_search("", rc=127)
        verb = self.expect_verb("gc", ended("gc"))
        await self.run_and_say(CollectGarbage(), SUCCESS)
        assert verb.sent["command"][0] == "python3"

    async def test_the_option_comes_first(self) -> None:
        verb = self.expect_verb("gc", ended("gc"))
        await self.run_and_say(CollectGarbage(python="/opt/python"), SUCCESS)
        assert verb.sent["command"][0] == "/opt/python"

    async def test_an_option_without_our_package_is_named(self) -> None:
        self.expect_verb("gc", None, rc=1)
        self._steps.clear()
        self._expected_commands[-1].exit(1)
        said = await self.run_and_say(CollectGarbage(python="/opt/python"), FAILURE)
        assert said.startswith(
            "buildbot-ship is not installed on the worker for /opt/python - "
        )


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """A virtual environment with a package of our name, whose ``bin`` is not on ``PATH``."""
    folder = tmp_path / "with space"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "buildbot_ship.py").touch()
    return folder


def search(*argv: str, **more: str) -> list[str]:
    """Return what a command finds whose parent has the command line *argv*."""
    without = {k: v for k, v in os.environ.items() if k not in ("VIRTUAL_ENV", "PYTHONPATH")}
    variables = {**without, "PATH": "/usr/bin:/bin", **more}
    done = subprocess.run(
        [*argv, SEARCH], env=variables, check=True, capture_output=True, text=True
    )
    return done.stdout.splitlines()


def test_the_worker_s_environment_is_found_though_it_is_not_on_the_path(
    environment: Path,
) -> None:
    python = environment / "bin" / "python"
    assert search(str(python), "-c", WORKER) == [f"fit {python}"]


def test_the_environment_of_the_worker_s_script_is_found(environment: Path) -> None:
    script = environment / "bin" / "twistd"
    script.write_text(WORKER)
    assert search(SYSTEM, str(script))[-1] == f"fit {environment}/bin/python3"


def test_an_active_environment_is_found(environment: Path) -> None:
    found = search(SYSTEM, "-c", WORKER, VIRTUAL_ENV=str(environment))
    assert found[-1] == f"fit {environment}/bin/python3"


def test_each_interpreter_without_our_package_is_listed(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(plain)], check=True)
    found = search(f"{plain}/bin/python", "-c", WORKER, PATH=f"{plain}/bin:/usr/bin:/bin")
    assert found == [f"unfit {plain}/bin/python", f"unfit {plain}/bin/python3"]
