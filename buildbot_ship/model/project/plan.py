"""Decide what a repository ships: its services, its requirements and its bases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs
from packaging.utils import canonicalize_name

from ...errors import InvalidReference, InvalidRequest, NothingToShip
from ..reference import Repository
from ..request import check
from ..tag import NO_BASE
from .applications import WSGI, Application, find_applications
from .files import ProjectFiles, joined, plain_name
from .pins import Pins, find_pins, with_servers
from .python import choose_python
from .service import (
    PORT,
    SERVERS,
    Service,
    module_service,
    passing_over,
    script_service,
    web_service,
)
from .units import Unit, find_units


def _optional_reference(_: object, attribute: Any, value: str | None) -> None:
    if value is not None:
        check.reference_with_tag(_, attribute, value)


def _repositories(_: object, attribute: Any, value: str) -> None:
    """Accept what comes before the last part of a repository: a host, and perhaps a path."""
    try:
        if "@" in value or (":" in value.partition("/")[2] and "://" not in value):
            raise InvalidReference(value, "leave out tag and digest")
        Repository.parse(f"{value}/name")
    except InvalidReference as error:
        why = f"{value!r} is not a place of repositories in a registry: {error.why}"
        example = "write it as registry.example.com/team"
        raise InvalidRequest(f"--{attribute.name}", f"{why}: {example}") from None


@attrs.frozen
class Wishes:
    """What the user chose.  *entries* and *ports* are by image; ``""`` is for the only one.

    Raises InvalidRequest and InvalidReference for wrong values.
    """

    registry: str = attrs.field(validator=_repositories)
    upstream: str = attrs.field(default="docker.io/library", validator=_repositories)
    python: str | None = None
    build_base: str | None = attrs.field(default=None, validator=_optional_reference)
    runtime_base: str | None = attrs.field(default=None, validator=_optional_reference)
    entries: Mapping[str, str] = attrs.field(factory=dict)
    ports: Mapping[str, int] = attrs.field(factory=dict)


@attrs.frozen
class Plan:
    """What ships from a repository: *name* is the repository's."""

    name: str
    services: tuple[Service, ...]
    pins: Pins
    python: str
    wishes: Wishes
    problems: tuple[str, ...] = ()

    @property
    def copies(self) -> dict[str, str]:
        """Return the own repository of each public base that must be copied first."""
        wishes, short = self.wishes, f"python{self.python.replace('.', '')}"
        public = f"{wishes.upstream}/python:{self.python}"
        own = f"{wishes.registry}/{short}"
        found = {} if wishes.build_base else {public: own}
        return found if wishes.runtime_base else {**found, f"{public}-slim": f"{own}-slim"}

    @property
    def build_base(self) -> str:
        """Return the base of ``build.docker``."""
        return self.wishes.build_base or self._placeholder("")

    @property
    def runtime_base(self) -> str:
        """Return the base of the images."""
        return self.wishes.runtime_base or self._placeholder("-slim")

    def _placeholder(self, suffix: str) -> str:
        public = f"{self.wishes.upstream}/python:{self.python}{suffix}"
        return f"{self.copies[public]}:{NO_BASE}"


def make_plan(files: ProjectFiles, name: str, wishes: Wishes) -> Plan:
    """Return the plan for the repository *name*.

    Raises NothingToShip, InvalidRequest for a choice that the user must make, and InvalidFile.
    """
    units = find_units(files, name)
    if not units:
        why = "there is no pyproject.toml, setup.py or requirements.txt"
        raise NothingToShip(name, why)
    pins = find_pins(files, units)
    services = tuple(_services(files, units, pins.has, wishes))
    if not services:
        raise NothingToShip(name, "no web application and no console script was found")
    _check_names(services, wishes)
    lacking = dict.fromkeys(each.lacks for each in services if each.lacks)
    return Plan(
        plain_name(name),
        services,
        with_servers(pins, units, tuple(lacking)),
        choose_python(
            wishes.python,
            files.text(".python-version"),
            (unit.requires_python for unit in units),
        ),
        wishes,
        tuple(problem for unit in units for problem in unit.problems if not pins.is_lock),
    )


def _services(
    files: ProjectFiles, units: tuple[Unit, ...], has: frozenset[str], wishes: Wishes
) -> Iterator[Service]:
    folders = {unit.folder for unit in units} - {""}
    required = {canonicalize_name(r.name) for unit in units for r in unit.requirements}
    for unit in units:
        nested = frozenset(each for each in folders if each.startswith(joined(unit.folder, "")))
        apps = find_applications(files, unit.folder, nested - {unit.folder})
        port = wishes.ports.get(unit.name, wishes.ports.get(""))
        wish = wishes.entries.get(unit.name, wishes.entries.get("", ""))
        if wish:
            yield _wished(unit, wish, apps, has, port)
        elif apps:
            best = _best(unit, apps, has)
            service = web_service(unit.name, unit, best, has=has, port=port or PORT)
            yield _with_others(service, unit, apps, best)
        elif unit.name not in required:
            yield from _without_web(files, unit, port)


def _wished(
    unit: Unit, wish: str, apps: tuple[Application, ...], has: frozenset[str], port: int | None
) -> Service:
    for app in apps:
        if app.target == wish:
            return web_service(unit.name, unit, app, has=has, port=port or PORT)
    if wish in unit.scripts:
        return script_service(unit.name, unit, wish, port)
    check.module(None, attrs.fields(Wishes).entries, wish)
    return module_service(unit.name, unit, wish, port, unit.folder)


def _best(unit: Unit, apps: tuple[Application, ...], has: frozenset[str]) -> Application:
    """Return the application to run.  Raises InvalidRequest if several are as good."""
    first = [app for app in apps if app.rank == apps[0].rank]
    served = [app for app in first if set(SERVERS[app.interface]) & has]
    first = served or first
    first = [app for app in first if app.interface == WSGI] or first
    if len(first) > 1:
        raise _choice(unit, [app.target for app in first])
    return first[0]


def _with_others(
    service: Service, unit: Unit, apps: tuple[Application, ...], best: Application
) -> Service:
    """Return the web *service* of *best* with what else could run."""
    # A factory beside an application is most often what made it.
    others = [app.target for app in apps if app != best and not app.factory]
    if others:
        why = "the usual names of files, servers that you require and WSGI come first"
        return passing_over(service, ((each, each) for each in others), why)
    scripts = (each for each in unit.scripts if each != service.script)
    found = ((f"the console script {each}", each) for each in scripts)
    return passing_over(service, found, "a web application comes first")


def _without_web(files: ProjectFiles, unit: Unit, port: int | None) -> Iterator[Service]:
    scripts = [script for script in unit.scripts if script == unit.name] or [*unit.scripts]
    if len(scripts) > 1:
        raise _choice(unit, scripts)
    if scripts:
        service = script_service(unit.name, unit, scripts[0], port)
        others = (each for each in unit.scripts if each != scripts[0])
        found = ((f"the console script {each}", each) for each in others)
        yield passing_over(service, found, "the one with the name of the package comes first")
        return
    module = unit.name.replace("-", "_")
    for folder in ("", "src"):
        if joined(joined(unit.folder, folder), f"{module}/__main__.py") in files.paths:
            yield module_service(unit.name, unit, module, port, joined(unit.folder, folder))
            return


def _choice(unit: Unit, found: list[str]) -> InvalidRequest:
    why = f"{unit.folder or 'the repository'} has {' and '.join(found)}: choose one"
    return InvalidRequest("--entry", f"{why}, as in --entry {unit.name}={found[0]}")


def _check_names(services: tuple[Service, ...], wishes: Wishes) -> None:
    """Raise InvalidRequest for an option that names no image, or one image of several."""
    names = [service.name for service in services]
    for option, values in (("--entry", wishes.entries), ("--port", wishes.ports)):
        for name in values:
            if name and name not in names:
                raise InvalidRequest(option, f"{name} is none of the images {', '.join(names)}")
            if not name and len(names) > 1:
                why = f"there are several images: write {names[0]}=... and so on"
                raise InvalidRequest(option, why)
    if len(set(names)) < len(names):
        raise InvalidRequest("images", f"two have one name: {', '.join(sorted(names))}")
