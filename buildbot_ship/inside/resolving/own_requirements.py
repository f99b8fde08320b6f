"""Ask the repository's own packages what they need to run.

The build backend of each package answers, in an isolated environment.  A requirement on
another own package is not resolved, but the extras that it names are followed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from email.message import Message
from pathlib import Path
from typing import Any

from build import BuildBackendException, BuildException
from build.util import project_wheel_metadata
from job import Failed, say
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import NormalizedName, canonicalize_name


def own_requirements(folders: Sequence[str], job: Path, scratch: Path) -> dict[Path, str]:
    """Write what each own package needs to run to a file; return its name by file."""
    asked = {folder: ask(folder, job / "tree" / folder) for folder in folders}
    needs = {folder: requirements(folder, metadata) for folder, metadata in asked.items()}
    names = {canonicalize_name(metadata["Name"]): folder for folder, metadata in asked.items()}
    files = {}
    for number, (folder, lines) in enumerate(third_party(names, needs).items()):
        path = scratch / f"package-{number}.txt"
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        file = description(job / "tree" / folder, f"package {folder}")
        where = os.path.normpath(f"{folder}/{file}")
        files[path] = f"{asked[folder]['Name']} ({where})"
    return files


def ask(folder: str, source: Path) -> Message | Any:
    """Return the metadata of the package in *folder*, which lies at *source*."""
    description(source, f"package {folder}")
    say(f"asking package {folder} what it needs")
    try:
        return project_wheel_metadata(source, isolated=True)
    except BuildBackendException as error:
        raise silent(folder, error.exception) from None
    except BuildException as error:
        raise silent(folder, error) from None


def requirements(folder: str, metadata: Message | Any) -> list[Requirement]:
    """Return what a package says it requires, extras included.  Raises Failed."""
    found = []
    for text in metadata.get_all("Requires-Dist") or ():
        try:
            need = Requirement(text)
        except InvalidRequirement:
            raise Failed(
                f"package {folder} requires {text!r}, which is not a requirement",
                "correct it in the package: name, version, extras or marker, as in name>=1",
            ) from None
        if need.url:
            raise Failed(
                f"package {folder} requires {need.name} by URL",
                "require a version of it that a package index has",
            )
        found.append(need)
    return found


def third_party(
    names: Mapping[NormalizedName, str], needs: Mapping[str, Sequence[Requirement]]
) -> dict[str, list[str]]:
    """Return the lines to resolve for each folder; *names* are the own packages' folders.

    An extra of an own package counts only if another own package asks for it.
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
    """Tell whether the package itself, or its *extra*, needs it.

    What the package itself needs keeps its marker: the resolver evaluates that.
    """
    marker = need.marker
    if marker is None or "extra" not in str(marker):
        return not extra
    by_itself = marker.evaluate({"extra": ""})
    return by_itself if not extra else marker.evaluate({"extra": extra}) and not by_itself


def silent(folder: str, error: object) -> Failed:
    """Return what is raised when a package does not say what it needs."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return Failed(
        f"package {folder} does not say what it needs: {lines[-1]}",
        "build it by hand to see why; the backend's reason stands in the step's log",
    )


def description(source: Path, title: str) -> str:
    """Return the name of the file by which a package describes itself.  Raises Failed."""
    names = ("pyproject.toml", "setup.py", "setup.cfg")
    name = next((name for name in names if (source / name).exists()), None)
    if name is None:
        raise Failed(
            f"{title} has neither pyproject.toml nor setup.py",
            "name the folder of a Python package in the option packages",
        )
    return name
