"""Decide how an application of a repository runs in an image."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from .applications import ASGI, WSGI, Application
from .units import Unit

PORT = 8000
SERVERS = {WSGI: ("gunicorn", "waitress"), ASGI: ("uvicorn", "hypercorn", "daphne")}
"""Servers for each interface.  The first one is taken if a repository has none of them."""
_ANYWHERE = "0.0.0.0"  # noqa: S104  # the address inside a container


@attrs.frozen
class Service:
    """An image *name*, and what runs in it.

    *requirements* are those of the pex.  It runs a *script* or a *module* with *arguments*.
    With *copies*, the code is no package: the image has a copy of this folder, whose modules
    are imported from the folder *root* of the repository.  *about* says what was found.
    *lacks* is the server that the repository does not require.  *passed_over* says what else
    could run, why it was not chosen, and how to choose it; it may be empty.
    """

    name: str
    requirements: tuple[str, ...]
    about: str
    script: str = ""
    module: str = ""
    arguments: tuple[str, ...] = ()
    port: int | None = None
    answers: bool = False
    copies: str | None = None
    root: str = ""
    lacks: str = ""
    passed_over: str = ""

    @property
    def pex(self) -> str:
        """Return the name of its pex."""
        return f"{self.name}.pex"

    @property
    def entry(self) -> tuple[str, str]:
        """Return the option of the entry point and its value."""
        return ("script", self.script) if self.script else ("module", self.module)

    @property
    def check(self) -> dict[str, Any]:
        """Return the check of a smoke test: a page, a port, or that it keeps running."""
        if self.port is None:
            return {"command": ["python", "-c", "pass"]}
        scheme, path = ("http", "/") if self.answers else ("tcp", "")
        return {"url": f"{scheme}://{self.name}:{self.port}{path}"}


def choose_server(app: Application, has: Iterable[str]) -> str:
    """Return the server of *app*: one that the repository *has*, or the usual one."""
    servers, has = SERVERS[app.interface], set(has)
    return next((server for server in servers if server in has), servers[0])


def web_service(
    name: str, unit: Unit, app: Application, *, has: frozenset[str], port: int = PORT
) -> Service:
    """Return the service that runs *app*; *has* are the packages that the repository pins."""
    server = choose_server(app, has)
    script, arguments = _command(server, app, port)
    made = "made by" if app.factory else "application"
    return attrs.evolve(
        _plain(name, unit, app.root, server),
        about=f"{app.framework} {made} {app.target}, run by {server} on port {port}",
        script=script,
        arguments=arguments,
        port=port,
        answers=app.answers,
        lacks="" if server in has else server,
    )


def script_service(name: str, unit: Unit, script: str, port: int | None) -> Service:
    """Return the service that runs a console script of the package *unit*."""
    about = f"console script {script}{_on(port)}"
    return attrs.evolve(_plain(name, unit), script=script, port=port, about=about)


def module_service(
    name: str, unit: Unit, module: str, port: int | None, root: str = ""
) -> Service:
    """Return the service that runs ``python -m module``."""
    about = f"module {module}{_on(port)}"
    return attrs.evolve(_plain(name, unit, root), module=module, port=port, about=about)


def passing_over(service: Service, others: Iterable[tuple[str, str]], why: str) -> Service:
    """Return *service*, chosen before *others*: each has words for a sentence and its entry."""
    found = [*others]
    if not found:
        return service
    names = " and ".join(name for name, _ in found)
    how = f"--entry {service.name}={found[0][1]}"
    choice = f"{how} chooses {'it' if len(found) == 1 else 'the first'}"
    return attrs.evolve(service, passed_over=f"passed over {names}, because {why}: {choice}")


def _on(port: int | None) -> str:
    return f" on port {port}" if port else ", which opens no known port (--port names one)"


def _plain(name: str, unit: Unit, root: str = "", server: str = "") -> Service:
    own = [unit.name] if unit.is_built else [*unit.names()]
    if server and server not in own:
        own.append(server)
    copies = None if unit.is_built else unit.folder
    return Service(name, tuple(own), "", copies=copies, root=root)


def _command(server: str, app: Application, port: int) -> tuple[str, tuple[str, ...]]:
    """Return the console script of a server, and its arguments."""
    address, target = f"{_ANYWHERE}:{port}", app.target
    # A container may have a root that is not writable, but always has /dev/shm.
    call = f"{target}()" if app.factory else target
    factory = ("--factory",) if app.factory else ()
    commands: Mapping[str, tuple[str, tuple[str, ...]]] = {
        "gunicorn": (
            "gunicorn",
            (f"--bind={address}", "--worker-tmp-dir=/dev/shm", call),
        ),
        "waitress": (
            "waitress-serve",
            (f"--listen={address}", *(["--call"] if app.factory else []), target),
        ),
        "uvicorn": (
            "uvicorn",
            (f"--host={_ANYWHERE}", f"--port={port}", *factory, target),
        ),
        "hypercorn": ("hypercorn", (f"--bind={address}", call)),
        "daphne": ("daphne", (f"--bind={_ANYWHERE}", f"--port={port}", target)),
    }
    return commands[server]
