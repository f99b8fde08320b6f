"""Read the runtime requirements of the repository's own packages.

The build backend of each package returns its metadata, in an isolated environment.  A
requirement on another own package is not resolved, but its extras are followed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from email.message import Message
from pathlib import Path
from typing import Any

from build import BuildBackendException, BuildException
from build.util import project_wheel_metadata
from job import Failed, say
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import NormalizedName, canonicalize_name

MAX_BUILDS = 2
"""Build backends to run at the same time; more of them need more memory."""
# The version of an own package does not matter here, and there is no git to derive it from.
NO_VERSION = {
    "SETUPTOOLS_SCM_PRETEND_VERSION": "0",
    "PBR_VERSION": "0",
    "PDM_BUILD_SCM_VERSION": "0",
    "POETRY_DYNAMIC_VERSIONING_BYPASS": "0",
    "UV_DYNAMIC_VERSIONING_BYPASS": "0",
}


def own_requirements(folders: Sequence[str], job: Path, scratch: Path) -> dict[str, str]:
    """Write the requirements of each own package to a file; return the package by file.

    The package is ``NAME (FILE)``, for the `# via` lines.  Raises Failed.
    """
    with ThreadPoolExecutor(MAX_BUILDS) as pool:
        read = pool.map(lambda folder: read_metadata(folder, job / "tree" / folder), folders)
        metadata = dict(zip(folders, read, strict=True))
    needs = {folder: requirements(folder, message) for folder, message in metadata.items()}
    names = {canonicalize_name(m["Name"]): folder for folder, m in metadata.items()}
    files: dict[str, str] = {}
    for number, (folder, lines) in enumerate(third_party(names, needs).items()):
        path = scratch / f"package-{number}.txt"
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        file = project_file(job / "tree" / folder, f"package {folder}")
        where = os.path.normpath(f"{folder}/{file}")
        files[str(path)] = f"{metadata[folder]['Name']} ({where})"
    return files


def read_metadata(folder: str, source: Path) -> Message | Any:
    """Return the metadata of the package in *folder*, copied to *source*.  Raises Failed."""
    project_file(source, f"package {folder}")
    say(f"reading the requirements of package {folder}")
    try:
        return project_wheel_metadata(source, isolated=True)
    except BuildBackendException as error:
        raise no_metadata(folder, error.exception) from None
    except BuildException as error:
        raise no_metadata(folder, error) from None


def requirements(folder: str, metadata: Message | Any) -> list[Requirement]:
    """Return the requirements of a package, those of its extras included.  Raises Failed."""
    needs = []
    for text in metadata.get_all("Requires-Dist") or ():
        try:
            need = Requirement(text)
        except InvalidRequirement:
            raise Failed(
                f"package {folder} requires {text!r}, which is not a requirement",
                "correct it in the package's metadata, for example name[extra]>=1",
            ) from None
        if need.url:
            raise Failed(
                f"package {folder} requires {need.name} by URL",
                f"require a version from a package index, for example {need.name}>=1",
            )
        needs.append(need)
    return needs


def third_party(
    names: Mapping[NormalizedName, str], needs: Mapping[str, Sequence[Requirement]]
) -> dict[str, list[str]]:
    """Return the third-party requirements of each own package, by folder.

    *names* are the folders of the own packages by name, *needs* their requirements by folder.
    The requirements of an extra count only if another own package requires that extra.
    """
    lines: dict[str, list[str]] = {folder: [] for folder in needs}
    todo: list[tuple[NormalizedName, str]] = [(name, "") for name in names]
    for name, extra in todo:
        folder = names[name]
        for need in needs[folder]:
            if not is_needed(need, extra):
                continue
            required = canonicalize_name(need.name)
            if required in names:
                wanted = [(required, canonicalize_name(e)) for e in sorted(need.extras)]
                todo += [pair for pair in wanted if pair not in todo]
                continue
            if extra:
                need.marker = None
            lines[folder].append(str(need))
    return lines


def is_needed(need: Requirement, extra: str) -> bool:
    """Return whether the package needs it: for *extra*, or without any if that is empty.

    A requirement without an extra keeps its marker: the resolver evaluates it.
    """
    marker = need.marker
    if marker is None or "extra" not in str(marker):
        return not extra
    by_itself = marker.evaluate({"extra": ""})
    return by_itself if not extra else marker.evaluate({"extra": extra}) and not by_itself


def no_metadata(folder: str, error: object) -> Failed:
    """Return the error for a package whose build backend returns no metadata."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return Failed(
        f"the build backend of package {folder} returned no metadata: {lines[-1]}",
        "run python -m build in its folder; the backend's reason is in the step's log too",
    )


def project_file(source: Path, title: str) -> str:
    """Return ``pyproject.toml``, ``setup.py`` or ``setup.cfg`` of a package.  Raises Failed."""
    names = ("pyproject.toml", "setup.py", "setup.cfg")
    name = next((name for name in names if (source / name).exists()), None)
    if name is None:
        raise Failed(
            f"{title} has neither pyproject.toml nor setup.py",
            'name the folder of a Python package in the option packages: packages=["."]',
        )
    return name
