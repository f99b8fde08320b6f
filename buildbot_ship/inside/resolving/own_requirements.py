"""Read the runtime requirements of the repository's own packages.

The build backend of each package returns its metadata, in an isolated environment.  A
requirement on another own package is not resolved, but its extras are followed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from backend_answers import Answer, Asked, Installer, ask, naming, project_file
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


@dataclass(frozen=True)
class OwnPackages:
    """What the repository's own packages require.

    *titles* are the names for `# via` lines by the file with the requirements: ``NAME (FILE)``.
    """

    titles: Mapping[str, str]
    requirements: Sequence[Requirement]


def ask_own_packages(
    folders: Sequence[str], job: Path, installer: Installer
) -> dict[str, Answer]:
    """Ask the backend of the own package in each of *folders*.  Raises Failed."""
    with ThreadPoolExecutor(MAX_BUILDS) as pool:
        asked = pool.map(
            lambda folder: read_metadata(folder, job / "tree" / folder, installer), folders
        )
        return {folder: each.answer for folder, each in zip(folders, asked, strict=True)}


def read_metadata(
    folder: str, source: Path, installer: Installer, *, traced: bool = False
) -> Asked:
    """Ask the backend of the package in *folder*, copied to *source*.  Raises Failed."""
    title = f"package {folder}"
    project_file(source, title)
    say(f"reading the requirements of {title}")
    with naming(folder):
        return ask(title, source, installer, metadata=True, traced=traced)


def write_requirements(answers: Mapping[str, Answer], job: Path, scratch: Path) -> OwnPackages:
    """Write the requirements of each own package to a file in *scratch*.  Raises Failed.

    *answers* are those of the backends, by folder.
    """
    needs = {folder: requirements(folder, answer) for folder, answer in answers.items()}
    names = {canonicalize_name(answer.name): folder for folder, answer in answers.items()}
    titles: dict[str, str] = {}
    found: list[Requirement] = []
    for number, (folder, own) in enumerate(third_party(names, needs).items()):
        path = scratch / f"package-{number}.txt"
        path.write_text("".join(f"{need}\n" for need in own), encoding="utf-8")
        file = project_file(job / "tree" / folder, f"package {folder}")
        where = os.path.normpath(f"{folder}/{file}")
        titles[str(path)] = f"{answers[folder].name} ({where})"
        found += own
    return OwnPackages(titles, found)


def requirements(folder: str, answer: Answer) -> list[Requirement]:
    """Return the requirements of a package, those of its extras included.  Raises Failed."""
    needs = []
    for text in answer.requires:
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
) -> dict[str, list[Requirement]]:
    """Return the third-party requirements of each own package, by folder.

    *names* are the folders of the own packages by name, *needs* their requirements by folder.
    The requirements of an extra count only if another own package requires that extra.
    """
    own: dict[str, list[Requirement]] = {folder: [] for folder in needs}
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
            own[folder].append(need)
    return own


def is_needed(need: Requirement, extra: str) -> bool:
    """Return whether the package needs it: for *extra*, or without any if that is empty.

    A requirement without an extra keeps its marker: the resolver evaluates it.
    """
    marker = need.marker
    if marker is None or "extra" not in str(marker):
        return not extra
    by_itself = marker.evaluate({"extra": ""})
    return by_itself if not extra else marker.evaluate({"extra": extra}) and not by_itself
