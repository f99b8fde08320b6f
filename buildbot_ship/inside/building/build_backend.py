"""Build a wheel with the package's build backend, and check its build requirements.

Format: PEP 517.  Each hook of the backend runs in a separate process, as PEP 517 recommends,
on a separate copy of the source.  The build lock already pins the build requirements, so the
build does not wait for the check: both run at the same time.  If a requirement is missing, the
wheel is discarded.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from build import BuildBackendException, BuildException, ProjectBuilder
from build_environment import is_installed
from job import Failed, call
from packaging.requirements import InvalidRequirement

FILE_TRACE = Path(__file__).with_name("file_trace.py")
NEEDS = "{} needs {} to build, but its section of the build lock does not pin it"
HARDEN = "run HardenRequirements, review the pins that it adds, and commit"
DECLARE = (
    "add its package to build-system.requires in pyproject.toml, for example "
    'requires = ["setuptools", "incremental"]; then ' + HARDEN
)


class Backend:
    """The build backend of the package *title*, run by *python*.

    *copy* creates a copy of the source in a folder of the given name.  *notes* are the paths of
    the notes of ``file_trace.py``, by the folder of the source.
    """

    def __init__(
        self,
        title: str,
        python: Path,
        copy: Callable[[str], Path],
        mark: str,
        *,
        traced: bool,
    ) -> None:
        """Start no process yet; *mark* is the prefix of the backend's lines in the log."""
        self.title, self.python, self.copy, self.mark = title, python, copy, mark
        self.traced = traced
        self.notes: dict[Path, Path] = {}

    def build(self, wheelhouse: Path) -> str:
        """Build one wheel; return the file's name.  Raises Failed."""
        with ThreadPoolExecutor(1) as pool:
            check = pool.submit(self._check_requirements)
            try:
                wheel = self._build(wheelhouse)
            except Failed:
                check.result()
                raise
            check.result()
        return Path(wheel).name

    def _build(self, wheelhouse: Path) -> str:
        with self._builder("source", self.mark) as builder:
            return builder.build("wheel", wheelhouse)

    def _check_requirements(self) -> None:
        """Raise Failed unless the build environment has the package's build requirements."""
        with self._builder("check", None) as builder:
            required = builder.build_system_requires | builder.get_requires_for_build("wheel")
        environment = self.python.parent.parent
        try:
            missing = sorted(text for text in required if not is_installed(text, environment))
        except InvalidRequirement as error:
            raise backend_failed(
                self.title, f"it returned an invalid requirement: {error}"
            ) from None
        if missing:
            raise Failed(NEEDS.format(self.title, ", ".join(missing)), HARDEN)

    @contextmanager
    def _builder(self, name: str, mark: str | None) -> Iterator[ProjectBuilder]:
        try:
            source = self.copy(name)
            if self.traced:
                self.notes[source] = self.python.parent.parent / f"{name}.json"
            runner = Runner(self.title, self.python.parent, mark, self.notes.get(source))
            yield ProjectBuilder(source, python_executable=str(self.python), runner=runner)
        except BuildBackendException as error:
            if isinstance(error.exception, Failed):
                raise error.exception from None
            raise backend_failed(self.title, str(error).splitlines()[0]) from None
        except BuildException as error:
            raise backend_failed(self.title, str(error).splitlines()[0]) from None


def backend_failed(title: str, why: str) -> Failed:
    """Return the error for a backend that failed."""
    hint = "read the backend's output in the step's log; a build has no network access"
    return Failed(f"the build backend of {title} failed: {why}", hint)


class Runner:
    """Run a hook of a build backend; on failure name the module that is missing, if any."""

    def __init__(self, title: str, scripts: Path, mark: str | None, notes: Path | None) -> None:
        """Take the package *title*, and the folder *scripts*, which goes first in PATH.

        *mark* is that of `call`.  *notes* is where ``file_trace.py`` writes, None for no trace.
        """
        self.title, self.scripts, self.mark, self.notes = title, scripts, mark, notes

    def __call__(
        self,
        cmd: Sequence[str],
        cwd: str | None = None,
        extra_environ: Mapping[str, str] | None = None,
    ) -> None:
        """Run *cmd*.  Raises Failed."""
        try:
            folder = Path(cwd) if cwd else None
            path = {"PATH": f"{self.scripts}{os.pathsep}{os.environ['PATH']}"}
            python, *hook = cmd
            tracing = [FILE_TRACE, self.notes] if self.notes else []
            call(
                [python, *tracing, *hook],
                "",
                environment=path | {**(extra_environ or {})},
                folder=folder,
                mark=self.mark,
            )
        except Failed as error:
            lines = error.output.split("\n")
            last = next((line for line in reversed(lines) if line.strip()), "no reason given")
            module = re.match(r"ModuleNotFoundError: No module named '([\w.]+)'", last)
            if module is None:
                specific = backend_failed(self.title, last.strip())
            else:
                specific = Failed(NEEDS.format(self.title, f"the module {module[1]}"), DECLARE)
            specific.output = error.output
            raise specific from None
