"""Read the lock file of another tool, and the project files beside it."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping

from ...model.locks.formats import read_lock
from ...model.locks.lock import Lock, Scope
from ...model.locks.staleness import Projects
from ...model.request import CheckRequest, HardenRequest, WheelsRequest
from ...model.requirements.lock_names import PYPROJECT
from ...model.requirements.pyproject import Project
from ...source.interface import Files, read_bytes, required

Request = CheckRequest | HardenRequest | WheelsRequest


def read_locked(
    request: Request, tree: Files, environment: Mapping[str, str]
) -> tuple[Lock, Projects]:
    """Return the lock file of *request*, and the project files of its application."""
    projects = read_projects(request, tree)
    scope = Scope(environment, request.packages, request.extras, request.groups)
    needs = tuple(
        item.requirement
        for item in projects.required(request.extras, request.groups)
        if item.requirement.marker is None or item.requirement.marker.evaluate({**environment})
    )
    data = required(tree, request.strict)
    return read_lock(data, request.strict, scope, needs), projects


def read_projects(request: Request, tree: Files) -> Projects:
    """Return the project files of the application of *request*, as far as they exist."""
    folders = (posixpath.dirname(request.strict) or ".", *request.packages)
    found = {}
    for folder in folders:
        path = posixpath.normpath(f"{folder}/{PYPROJECT}")
        data = read_bytes(tree, path)
        if data is not None:
            found[folder] = Project.parse(data, path)
    packages = {folder: found[folder] for folder in request.packages if folder in found}
    return Projects(found.get(folders[0]), packages)
