"""The worker of a build: its connection, and its interpreter that has buildbot-ship installed.

A worker in a virtual environment usually runs without its ``bin`` folder on ``PATH``, so
``python3`` may be another interpreter.  The worker is the parent process of every command that
it starts, and its command line begins with its interpreter.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from weakref import WeakKeyDictionary

from ...errors import PythonWithoutShip

_SECONDS = 60
_CHECK = ("-I", "-c", "import buildbot_ship")
SEARCH = """\
words=$(tr '\\0' '\\n' </proc/$PPID/cmdline || ps -o args= -p $PPID | tr ' ' '\\n')
worker=$(echo "$words" | sed -n 1p)
script=$(echo "$words" | sed -n 2p)
case ${worker##*/} in python*|pypy*) ;; *) worker= ;; esac
case $script in */*) script=${script%/*}/python3 ;; *) script= ;; esac
for python in "$worker" "$script" "${VIRTUAL_ENV:+$VIRTUAL_ENV/bin/python3}" python3; do
    found=$(command -v "$python") || continue
    "$found" -I -c 'import buildbot_ship' </dev/null && echo "fit $found" && exit
    echo "unfit $found"
done
"""
"""A command that prints a line for each interpreter that it tries, up to the first fit one.

The interpreter of a virtual environment is a link: ``/proc/PID/exe`` is the system's Python.
"""
_known: WeakKeyDictionary[Any, str] = WeakKeyDictionary()
"""The interpreter behind each connection to a worker."""


def send_without_delay(build: Any) -> None:
    """Switch Nagle's algorithm off for the connection to the worker of *build*.

    Otherwise TCP holds a small message until the worker acknowledges the previous one,
    which may take 40 ms, and a step sends several.  Other connections stay unchanged.
    """
    with suppress(AttributeError):
        build.workerforbuilder.worker.conn.mind.broker.transport.setTcpNoDelay(True)


async def python_of(step: Any) -> str:
    """Return the option ``python`` of *step*, or an interpreter that its worker has.

    The worker is asked once for each of its connections.  Raises PythonWithoutShip.
    """
    if step.python is not None:
        return str(step.python)
    if step.remote not in _known:
        _known[step.remote] = await _search(step)
    return _known[step.remote]


async def check(step: Any, python: str) -> None:
    """Raise PythonWithoutShip if *python* on the worker does not have buildbot-ship."""
    command = await _run(step, [python, *_CHECK])
    if command.didFail() and not step.stopped:
        _known.pop(step.remote, None)
        raise PythonWithoutShip(python)


async def _search(step: Any) -> str:
    command = await _run(step, ["sh", "-c", SEARCH])
    tried = dict.fromkeys(command.stdout.splitlines())
    for line in tried:
        verdict, _, python = line.partition(" ")
        if verdict == "fit":
            return str(python)
    if command.didFail() or not tried:
        return "python3"
    raise PythonWithoutShip(", ".join(line.partition(" ")[2] for line in tried))


async def _run(step: Any, argv: list[str]) -> Any:
    """Run a short command on the worker, without a log."""
    shown = step.command
    command = await step.makeRemoteShellCommand(
        command=argv, stdioLogName=None, collectStdout=True, timeout=_SECONDS
    )
    step.command = shown
    await step.runCommand(command)
    return command
