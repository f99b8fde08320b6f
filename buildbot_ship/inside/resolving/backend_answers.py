"""Ask the build backend of a package what it requires, in a virtual environment of its own."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from importlib.metadata import PathDistribution
from pathlib import Path
from typing import Any, Literal

from build import BuildBackendException, BuildException, ProjectBuilder
from build.env import DefaultIsolatedEnv
from job import NO_INDEX, TAIL, Failed, say
from pyproject_hooks import quiet_subprocess_runner

Installer = Literal["pip", "uv"]
"""The program that installs the build requirements."""


@dataclass(frozen=True)
class Answer:
    """The answer of a backend: build requirements, and the *metadata* if they were wanted."""

    build_requirements: frozenset[str]
    metadata: Message | Any = None


def ask(title: str, source: Path, installer: Installer, *, metadata: bool) -> Answer:
    """Ask the backend of the package in the folder *source*; with *metadata*, for those too.

    *title* names the package in errors.  pip tries if uv cannot install its requirements.
    Raises BuildException, BuildBackendException, and Failed if they cannot be installed.
    """
    try:
        return _ask(source, installer, metadata=metadata)
    except subprocess.CalledProcessError as error:
        if installer == "uv":
            say(f"uv cannot install the build requirements of {title}: pip tries")
            return ask(title, source, "pip", metadata=metadata)
        text = b"".join(filter(None, (error.stdout, error.stderr))).decode(errors="replace")
        output = "".join(text.splitlines(keepends=True)[-TAIL:])
        transient = NO_INDEX.search(text) is not None
        raise Failed(*unresolved(title), output, transient=transient) from None


def _ask(source: Path, installer: Installer, *, metadata: bool) -> Answer:
    with DefaultIsolatedEnv(installer=installer) as environment:
        builder = ProjectBuilder.from_isolated_env(
            environment, source, runner=quiet_subprocess_runner
        )
        needs = builder.build_system_requires
        environment.install(needs)
        more = builder.get_requires_for_build("wheel")
        environment.install(more)
        found = _metadata(builder) if metadata else None
    return Answer(frozenset(needs | more), found)


def unresolved(title: str) -> tuple[str, str]:
    """Return the cause and the remedy of an error in the build requirements of *title*."""
    why = f"the build requirements of {title} do not resolve"
    hint = (
        "constrain them in pyproject.toml to versions that have wheels, for example "
        'requires = ["numpy<2"]; the reason is in the step\'s log'
    )
    return why, hint


def _metadata(builder: ProjectBuilder) -> Message | Any:
    with tempfile.TemporaryDirectory() as folder:
        return PathDistribution(Path(builder.metadata_path(folder))).metadata


@contextmanager
def naming(folder: str) -> Iterator[None]:
    """Raise the errors of a backend as Failed, with the *folder* of the package."""
    try:
        yield
    except BuildBackendException as error:
        raise _no_metadata(folder, error.exception) from None
    except BuildException as error:
        raise _no_metadata(folder, error) from None


def _no_metadata(folder: str, error: object) -> Failed:
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
