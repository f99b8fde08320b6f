"""The build backend of a package: asked what it needs, and run, side by side.

Every hook runs in a process of its own, as PEP 517 recommends.  What a package needs is
pinned already, so the wheel need not wait for the answer: each hook has a copy of the
source to itself, and a wheel that was built without what it needs is thrown away.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from build import BuildBackendException, BuildException, ProjectBuilder
from build_environment import is_there
from job import Failed, call
from packaging.requirements import InvalidRequirement

TRACED = Path(__file__).with_name("file_trace.py")
NEEDS = "{} needs {} to build, which its section of the build lock does not hold"
HARDEN = "run HardenRequirements, review what it adds, and commit"
DECLARE = "add it to build-system.requires in its pyproject.toml; " + HARDEN


class Backend:
    """The backend of the package *title*, run by *python*; *copy* makes a source by name.

    *notes* is where `traced`, if it is wanted, leaves notes, by the folder of the source.
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
        """Run nothing yet; *mark* stands before every line that it will write."""
        self.title, self.python, self.copy, self.mark = title, python, copy, mark
        self.traced = traced
        self.notes: dict[Path, Path] = {}

    def build(self, wheelhouse: Path) -> str:
        """Build one wheel; return the file's name.  Raises Failed."""
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(self._require)
            try:
                made = self._build(wheelhouse)
            except Failed:
                asked.result()
                raise
            asked.result()
        return Path(made).name

    def _build(self, wheelhouse: Path) -> str:
        with self._builder("source", self.mark) as builder:
            return builder.build("wheel", wheelhouse)

    def _require(self) -> None:
        """Raise Failed unless the environment holds what the package needs to build."""
        with self._builder("asked", None) as builder:
            needed = builder.build_system_requires | builder.get_requires_for_build("wheel")
        environment = self.python.parent.parent
        try:
            lacking = sorted(text for text in needed if not is_there(text, environment))
        except InvalidRequirement as error:
            raise failed(
                self.title, f"it asks for what is not a requirement: {error}"
            ) from None
        if lacking:
            raise Failed(NEEDS.format(self.title, ", ".join(lacking)), HARDEN)

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
            raise failed(self.title, str(error).splitlines()[0]) from None
        except BuildException as error:
            raise failed(self.title, str(error).splitlines()[0]) from None


def failed(title: str, why: str) -> Failed:
    """Return what is raised when a backend does not build."""
    hint = "read the step's log; while building there is no network"
    return Failed(f"the build backend of {title} failed: {why}", hint)


class Runner:
    """Run a build backend; name the module that it lacks, if that is why it fails."""

    def __init__(self, title: str, scripts: Path, mark: str | None, notes: Path | None) -> None:
        """Build the package *title*, *scripts* first in PATH; see `call` for *mark*.

        What the hook opens is noted in *notes*, if there are to be any.
        """
        self.title, self.scripts, self.mark, self.notes = title, scripts, mark, notes

    def __call__(
        self,
        cmd: Sequence[str],
        cwd: str | None = None,
        extra_environ: Mapping[str, str] | None = None,
    ) -> None:
        """Run *cmd*; raise Failed."""
        try:
            folder = Path(cwd) if cwd else None
            path = {"PATH": f"{self.scripts}{os.pathsep}{os.environ['PATH']}"}
            python, *hook = cmd
            tracing = [TRACED, self.notes] if self.notes else []
            call(
                [python, *tracing, *hook],
                "",
                environment=path | {**(extra_environ or {})},
                folder=folder,
                mark=self.mark,
            )
        except Failed as ended:
            lines = ended.output.split("\n")
            last = next((line for line in reversed(lines) if line.strip()), "no reason given")
            module = re.match(r"ModuleNotFoundError: No module named '([\w.]+)'", last)
            if module is None:
                better = failed(self.title, last.strip())
            else:
                better = Failed(NEEDS.format(self.title, f"the module {module[1]}"), DECLARE)
            better.output = ended.output
            raise better from None
