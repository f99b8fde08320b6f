"""Where the build of an own package reads its version."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from contextlib import suppress
from enum import Enum

from ..requirements.build_lock import Section


class VersionSource(Enum):
    """What a build gets of git: nothing, a description of the commit, or a repository."""

    FILES = "files"
    DESCRIPTION = "description"
    REPOSITORY = "repository"


def version_source(section: Section, read: Callable[[str], bytes | None]) -> VersionSource:
    """Return the source for the own package of *section*; *read* returns a file of it.

    A package that runs git gets a repository even if it could read a description too.
    """
    if section.runs_git or read("versioneer.py") is not None or _has_pdm_scm(section, read):
        return VersionSource.REPOSITORY
    if section.reads_description:
        return VersionSource.DESCRIPTION
    return VersionSource.FILES


def _has_pdm_scm(section: Section, read: Callable[[str], bytes | None]) -> bool:
    """Return whether pdm-backend reads the version from git.

    See https://backend.pdm-project.org/metadata/#read-from-scm-tag-supporting-git-and-hg.
    """
    if all(pin.key != "pdm-backend" for pin in section.pins):
        return False
    # What is not valid TOML, or not a table, is the backend's to report.
    with suppress(ValueError, LookupError, TypeError):
        project = tomllib.loads((read("pyproject.toml") or b"").decode())
        return bool(project["tool"]["pdm"]["version"]["source"] == "scm")
    return False
