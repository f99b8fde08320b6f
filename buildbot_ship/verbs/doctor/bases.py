"""Checks of the bases in the Dockerfiles: are they there, owned, and with a usable Python?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import PurePosixPath

import attrs

from ... import inside
from ...errors import ShipError
from ...model.diagnosis.finding import Finding, ok, problem, skipped, warning
from ...model.dockerfile.document import Dockerfile
from ...model.dockerfile.pin import is_own
from ...model.filesystem.filesystem import Filesystem
from ...model.reference import Reference
from ...model.runtime.interpreter import DEFAULT_PATH, default_minor, minors_of
from ...model.tag import NO_BASE
from ..shared.base_image import fetch_base, known_files, read_files, save_files
from .checks import Check
from .machine import ENGINE
from .registries import login_name
from .repository import recorded_python
from .scene import Scene

_PEX = ".pex"


def base_name(file: str) -> str:
    """Return the name of the check of the base in a Dockerfile."""
    return f"base of {file}"


def python_name(file: str) -> str:
    """Return the name of the check of the Python in that base."""
    return f"Python of {file}"


def copies_pex(file: Dockerfile) -> bool:
    """Return whether an image of this Dockerfile has a pex, by the name of the file."""
    return any(name.endswith(_PEX) for name in file.copied)


@attrs.frozen
class _Bases:
    """The checks of all bases; *builds* gets the Python of the build base."""

    scene: Scene
    build: str
    builds: list[str] = attrs.field(factory=list)

    def checks(self, file: Dockerfile) -> Iterator[Check]:
        login = login_name(file.base.repository.registry)
        name = base_name(file.file)
        yield Check(name, partial(self._base, file), needs=(login,), after=(ENGINE,))
        before = () if file.file == self.build else (python_name(self.build),)
        run = partial(self._python, file)
        yield Check(python_name(file.file), run, needs=(login, name), after=before)

    def _base(self, file: Dockerfile) -> Iterator[Finding]:
        base, place = file.base, f"{file.file}:{file.base_line}"
        if self.scene.registry().head(base) is None:
            yield self._absent(base, place)
            return
        if is_own(base):
            yield ok(f"{base} is an own base")
            return
        yield self._unowned(base, place)

    def _absent(self, base: Reference, place: str) -> Finding:
        if base.tag == NO_BASE:
            message = f"{base.repository} has no copy of a base yet"
            cause = f"{place} still has the placeholder of buildbot-ship init"
            remedy = (
                "run the buildbot-ship retag and the buildbot-ship pin that init printed; init "
                "prints them again, and changes no file"
            )
            return problem(message, cause, remedy)
        cause = f"{place} names it, and {base.repository.registry} does not have it"
        if not self._engine_has(base):
            return problem(f"{base} does not exist", cause, _correction(base, place))
        message = f"only this engine has {base}"
        remedy = (
            f"copy it to a registry: {_retag(self.scene, base)}, then run buildbot-ship pin"
        )
        return warning(message, f"{cause}; another worker cannot build on it", remedy)

    def _engine_has(self, base: Reference) -> bool:
        with suppress(ShipError):
            return self.scene.has_image(str(base))
        return False

    def _unowned(self, base: Reference, place: str) -> Finding:
        remedy = (
            f"copy it to your own repository: {_retag(self.scene, base)}, and write the tag "
            f"that this prints into {place}"
        )
        message = f"{base} is not an own base"
        if base.digest:
            cause = f"{place} names it by digest, and its owner may remove it"
            return warning(message, cause, remedy)
        cause = (
            f"its tag is no timestamp and may move, so two builds of a commit may differ "
            f"({place})"
        )
        return problem(message, cause, remedy)

    def _python(self, file: Dockerfile) -> Iterator[Finding]:
        if file.file != self.build and not copies_pex(file):
            yield skipped("not checked: the Dockerfile copies no pex")
            return
        files, path = self._files(file.base)
        minors = sorted(minors_of(path, files), key=_number)
        first = default_minor(path, files)
        if file.file == self.build:
            yield self._build_python(file, first, minors)
        else:
            yield self._runtime_python(file, minors)

    def _build_python(
        self, file: Dockerfile, first: str | None, minors: Sequence[str]
    ) -> Finding:
        known = supported()
        if first is None:
            cause = f"{file.base} has no python3 on its PATH"
            remedy = f"name a base with Python in {file.file}, such as python:{known[-1]}"
            return problem("the base has no Python", cause, remedy)
        if first not in known:
            cause = f"python3 in {file.base} is Python {first}"
            remedy = f"name a base with Python {', '.join(known)} in {file.file}"
            return problem(f"Python {first} is not supported", cause, remedy)
        self.builds.append(first)
        recorded = recorded_python(self.scene)
        if recorded is not None and recorded.minor != first:
            cause = f"they were resolved for Python {recorded.minor}, the base has {first}"
            remedy = "run buildbot-ship harden, review the files, and commit"
            return problem("the requirements are for another Python", cause, remedy)
        return ok(f"Python {first}" + (f" of {', '.join(minors)}" * (len(minors) > 1)))

    def _runtime_python(self, file: Dockerfile, minors: Sequence[str]) -> Finding:
        wanted = self.builds or supported()
        fits = [minor for minor in minors if minor in wanted]
        if fits:
            return ok(f"Python {fits[-1]}")
        remedy = f"name a base with Python {' or '.join(wanted)} in {file.file}"
        if not minors:
            cause = f"{file.base} has no Python on its PATH, and {file.file} copies a pex"
            return problem("the base has no Python", cause, remedy)
        cause = f"{file.base} has Python {', '.join(minors)}; {self.build} has another one"
        return problem("the base cannot run what the build base builds", cause, remedy)

    def _files(self, reference: Reference) -> tuple[Filesystem, str]:
        """Return the files of a base, and the PATH of its containers."""
        registry, work = self.scene.registry(), self.scene.work
        base = fetch_base(reference, self.scene.platform, registry)
        files = known_files(base, work)
        if files is None:
            files = read_files(base, registry)
            # The build that follows reads it; without a work folder there is no build yet.
            if work.root.is_dir():
                with suppress(OSError):
                    save_files(files, base, work)
        return files, dict(base.environment).get("PATH", DEFAULT_PATH)


def base_checks(scene: Scene, files: Sequence[Dockerfile]) -> list[Check]:
    """Return the checks of the base of each Dockerfile, that of the build base first."""
    bases = _Bases(scene, scene.options.lock.dockerfile)
    return [check for file in files for check in bases.checks(file)]


def supported() -> list[str]:
    """Return the minor versions of Python whose tools are locked."""
    names = (name.removeprefix("py").removesuffix(".txt") for name in inside.locks())
    return sorted(names, key=_number)


def _number(minor: str) -> int:
    return int(minor.partition(".")[2])


def _correction(base: Reference, place: str) -> str:
    """Return what to do about a base that is nowhere."""
    if not is_own(base):
        return f"correct {place}: name a base that exists"
    return (
        f"run buildbot-ship pin, which writes the newest tag of {base.repository} into the "
        "file; if there is none, copy a public base there, such as with "
        f"buildbot-ship retag python:3.14={base.repository}"
    )


def _retag(scene: Scene, base: Reference) -> str:
    """Return the command that copies *base* to an own repository."""
    team = scene.options.push_to
    if not team:
        pushed = scene.options.push
        team = (
            str(PurePosixPath(str(pushed[0])).parent) if pushed else "registry.example.com/team"
        )
    path = base.repository.path.rpartition("/")[2]
    tag = "" if is_own(base) else (base.tag or "").lower()
    name = path + re.sub(r"[^a-z0-9-]", "", tag).rstrip("-")
    return f"buildbot-ship retag {base}={team}/{name}"
