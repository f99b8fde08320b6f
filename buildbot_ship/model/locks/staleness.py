"""Check that a lock file and its build lock are up to date with the project files.

The requirements themselves are compared.  They also tell what is out of date.  For Poetry's own
tables, there is only the digest that Poetry records.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import attrs
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from ...errors import Problem
from ..request import CheckRequest
from ..requirements.build_lock import BuildLock, Section
from ..requirements.loose import LooseRequirement
from ..requirements.pyproject import Project
from ..requirements.reader import Pin
from ..requirements.staleness import unmet_requirement
from .lock import Lock


@attrs.frozen
class Projects:
    """The project files of an application: the one beside the lock, and those of packages."""

    top: Project | None
    packages: Mapping[str, Project] = attrs.field(factory=dict)

    @property
    def names(self) -> frozenset[str]:
        """Return the canonical names of all projects."""
        return frozenset(p.name for p in (self.top, *self.packages.values()) if p) - {""}

    def required(
        self, extras: Iterable[str] = (), groups: Iterable[str] = ()
    ) -> list[LooseRequirement]:
        """Return the requirements of the project beside the lock, without other own ones.

        Extras and groups that only the lock has are left out: Poetry has its own tables.
        """
        if self.top is None:
            return []
        path = self.top.document.file
        found = self.top.requirements(
            _known(extras, self.top.extras), _known(groups, self.top.groups)
        )
        return [
            LooseRequirement(requirement, path, self.top.line_of(requirement))
            for requirement in found
            if canonicalize_name(requirement.name) not in self.names
        ]


def find_stale_lock(
    request: CheckRequest,
    lock: Lock,
    projects: Projects,
    *,
    loose: Iterable[LooseRequirement],
    build_lock: BuildLock,
    environment: Mapping[str, str],
) -> list[Problem]:
    """Return every place where the lock or the build lock is out of date."""
    required = [*projects.required(request.extras, request.groups), *loose]
    return [
        *_unmet(request, lock, required, environment),
        *_obsolete(request, lock, projects),
        *_other_project(request, lock, projects),
        *_sections(request, lock, build_lock),
        *_build_requirements(request, projects, build_lock, environment),
    ]


def _known(names: Iterable[str], known: Iterable[str]) -> list[str]:
    canonical = {canonicalize_name(name) for name in known}
    return [name for name in names if canonicalize_name(name) in canonical]


def _unmet(
    request: CheckRequest,
    lock: Lock,
    required: Iterable[LooseRequirement],
    environment: Mapping[str, str],
) -> Iterator[Problem]:
    """Yield each requirement that no pin meets."""
    pins = {pin.key: pin for pin in lock.pins}
    for item in required:
        if item.key in lock.own or not _applies(item.requirement, environment):
            continue
        fault = unmet_requirement(item, pins.get(item.key), request.strict)
        if fault is not None:
            yield Problem(item.file, item.line, fault)


def _applies(requirement: Requirement, environment: Mapping[str, str]) -> bool:
    marker = requirement.marker
    return marker is None or marker.evaluate({**environment, "extra": ""})


def _obsolete(request: CheckRequest, lock: Lock, projects: Projects) -> Iterator[Problem]:
    """Yield each name that the lock was made for, and no project file has any more."""
    if lock.declared is None or projects.top is None:
        return
    names = set[str]()
    for project in (projects.top, *projects.packages.values()):
        if project.is_dynamic:
            return
        found = project.requirements(project.extras, project.groups)
        names |= {canonicalize_name(requirement.name) for requirement in found}
    for name in sorted(lock.declared - names - projects.names):
        text = f"it was made when a project file required {name[:100]}, and none does now"
        yield Problem(request.strict, 1, text)


def _other_project(request: CheckRequest, lock: Lock, projects: Projects) -> Iterator[Problem]:
    """Yield a problem if the project changed since the lock was made."""
    digest, top = lock.content_hash, projects.top
    if digest is not None and top is not None and not digest.fits(top.document.data):
        what = f"the dependencies, groups or sources in {top.document.file}"
        text = f"it was made before {what} changed (content-hash)"
        yield Problem(request.strict, digest.line, text)


def _sections(request: CheckRequest, lock: Lock, build_lock: BuildLock) -> Iterator[Problem]:
    """Yield each missing section of the build lock, and each that fits no pin or package."""
    file, pins = request.build_lock, {pin.key: pin for pin in lock.pins}
    for section in build_lock.sections:
        own = section.sdist_hash is None
        if own and section.source not in request.packages:
            text = f"the option packages does not name {section.source}"
            yield Problem(file, section.line, text)
        elif not own and not _fits(section, pins):
            text = f"{request.strict} does not pin {section.source}"
            yield Problem(file, section.line, text)
    names = {s.source.partition("==")[0] for s in build_lock.sections if s.sdist_hash}
    for name in sorted(lock.sdists - names):
        yield Problem(file, 1, f"it has no section for the sdist {name}=={pins[name].version}")
    for folder in request.packages:
        if build_lock.of_package(folder) is None:
            yield Problem(file, 1, f"it has no section for the package {folder}")


def _fits(section: Section, pins: Mapping[str, Pin]) -> bool:
    name, _, version = section.source.partition("==")
    pin = pins.get(name)
    return pin is not None and pin.version == version and section.sdist_hash in pin.hashes


def _build_requirements(
    request: CheckRequest,
    projects: Projects,
    build_lock: BuildLock,
    environment: Mapping[str, str],
) -> Iterator[Problem]:
    """Yield each build requirement of an own package that its section does not meet."""
    for folder, project in projects.packages.items():
        section = build_lock.of_package(folder)
        pins = {pin.key: pin for pin in section.pins} if section else {}
        for need in project.build_requirements() if section else ():
            item = LooseRequirement(need, project.document.file, project.line_of(need))
            if not _applies(need, environment) or item.key in projects.names:
                continue
            fault = unmet_requirement(item, pins.get(item.key), request.build_lock)
            if fault is not None:
                yield Problem(item.file, item.line, fault)
