"""Ask the build backend of a package what it requires, in a virtual environment of its own."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from importlib.metadata import PathDistribution, distributions
from pathlib import Path
from typing import Any, Literal

from build import BuildBackendException, BuildException, ProjectBuilder
from build.env import DefaultIsolatedEnv
from job import NO_INDEX, TAIL, Failed, say
from pyproject_hooks import quiet_subprocess_runner
from strict_lines import Versions, version_of

Installer = Literal["pip", "uv"]
"""The program that installs the build requirements."""


PROJECT_FILES = ("pyproject.toml", "setup.py", "setup.cfg")
FILE_TRACE = Path(__file__).with_name("file_trace.py")


@dataclass(frozen=True)
class Answer:
    """The answer of a backend.

    *declared* are the build requirements of ``pyproject.toml``, and *build_requirements* has
    those that the backend adds, too.  *name* and *requires* are fields of the metadata; they
    are empty if it was not wanted.
    """

    declared: frozenset[str]
    build_requirements: frozenset[str]
    name: str = ""
    requires: tuple[str, ...] = ()


@dataclass(frozen=True)
class Asked:
    """An *answer*, and what was installed when the backend was asked.

    *environments* are the versions with the declared requirements only, and with all.  *opened*
    are the paths of the files that the backend opened, None if it may have opened others.
    """

    answer: Answer
    environments: tuple[Versions, Versions]
    opened: frozenset[str] | None


class Tracer:
    """Runs the hooks of a backend, and collects the files that they open."""

    def __init__(self) -> None:
        """Start with no files."""
        self.opened: frozenset[str] | None = frozenset()

    def __call__(
        self,
        cmd: Sequence[str],
        cwd: str | None = None,
        extra_environ: Mapping[str, str] | None = None,
    ) -> None:
        """Run the hook *cmd*, as pyproject-hooks does."""
        python, *hook = cmd
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "notes.json")
            traced = [python, str(FILE_TRACE), str(path), *hook]
            quiet_subprocess_runner(traced, cwd, extra_environ)
            notes = json.loads(path.read_text(encoding="utf-8"))
        if self.opened is None or notes["opaque"]:
            self.opened = None
        else:
            self.opened |= {*notes["read"], *notes["copied"]}


def declared_requirements(source: Path) -> frozenset[str]:
    """Return the build requirements of ``pyproject.toml``.  Raises BuildException."""
    return frozenset(ProjectBuilder(source).build_system_requires)


def ask(
    title: str,
    source: Path,
    installer: Installer,
    *,
    metadata: bool = False,
    traced: bool = False,
) -> Asked:
    """Ask the backend of the package in the folder *source*; with *metadata*, for those too.

    *title* names the package in errors.  The opened files are known only if it is *traced*.
    pip tries if uv cannot install its requirements.  Raises BuildException,
    BuildBackendException, and Failed if they cannot be installed.
    """
    try:
        return _ask(source, installer, metadata=metadata, traced=traced)
    except subprocess.CalledProcessError as error:
        if installer == "uv":
            say(f"uv cannot install the build requirements of {title}: pip tries")
            return ask(title, source, "pip", metadata=metadata, traced=traced)
        text = b"".join(filter(None, (error.stdout, error.stderr))).decode(errors="replace")
        output = "".join(text.splitlines(keepends=True)[-TAIL:])
        transient = NO_INDEX.search(text) is not None
        raise Failed(*unresolved(title), output, transient=transient) from None


def _ask(source: Path, installer: Installer, *, metadata: bool, traced: bool) -> Asked:
    with DefaultIsolatedEnv(installer=installer) as environment:
        tracer = Tracer()
        runner = tracer if traced else quiet_subprocess_runner
        builder = ProjectBuilder.from_isolated_env(environment, source, runner=runner)
        declared = frozenset(builder.build_system_requires)
        environment.install(declared)
        before = _installed(environment)
        more = builder.get_requires_for_build("wheel") - declared
        if more:
            environment.install(more)
        after = _installed(environment) if more else before
        name, requires = _metadata(builder) if metadata else ("", ())
    answer = Answer(declared, declared | more, name, requires)
    return Asked(answer, (before, after), tracer.opened if traced else None)


def _installed(environment: DefaultIsolatedEnv) -> Versions:
    folders = map(str, Path(environment.path).glob("lib/python*/site-packages"))
    found = distributions(path=list(folders))
    return dict(version_of(str(each.name), str(each.version)) for each in found)


def unresolved(title: str) -> tuple[str, str]:
    """Return the cause and the remedy of an error in the build requirements of *title*."""
    why = f"the build requirements of {title} do not resolve"
    hint = (
        "constrain them in pyproject.toml to versions that have wheels, for example "
        'requires = ["numpy<2"]; the reason is in the step\'s log'
    )
    return why, hint


def _metadata(builder: ProjectBuilder) -> tuple[str, tuple[str, ...]]:
    with tempfile.TemporaryDirectory() as folder:
        found: Message | Any = PathDistribution(Path(builder.metadata_path(folder))).metadata
    return str(found["Name"]), tuple(map(str, found.get_all("Requires-Dist") or ()))


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
    name = next((name for name in PROJECT_FILES if (source / name).exists()), None)
    if name is None:
        raise Failed(
            f"{title} has neither pyproject.toml nor setup.py",
            'name the folder of a Python package in the option packages: packages=["."]',
        )
    return name
