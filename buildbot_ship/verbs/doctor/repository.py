"""Checks of the repository: git, its Dockerfiles, whether its strict file is up to date."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from functools import partial

import attrs

from ...errors import FileMissing, InvalidFile, RepositoryError, ShipError
from ...model.diagnosis.finding import Finding, failed, ok, problem, skipped, warning
from ...model.dockerfile.document import Dockerfile, read, read_base
from ...model.request import CheckRequest
from ...model.requirements.header import Interpreter, split
from ...model.requirements.loose import METADATA
from ...model.requirements.reader import parse_strict
from ...source.interface import Files, read_bytes, required
from ..requirements.check import check
from .checks import Check
from .scene import Scene

GIT, DOCKERFILES, LOCK = "git", "Dockerfiles", "requirements"
_LOCKS = ("uv.lock", "poetry.lock", "pylock.toml")


def git_check(scene: Scene) -> Check:
    """Return the check of git and of the commit that a build would take."""
    return Check(GIT, partial(_git, scene))


def _git(scene: Scene) -> Iterator[Finding]:
    try:
        commit = scene.commit()
    except RepositoryError as error:
        missing = "not installed" in error.why
        message = "git is not installed" if missing else "there is no commit to build"
        remedy = (
            "install git, for example with apt-get install git"
            if missing
            else "run this in a git repository: git init, git add, git commit"
        )
        yield failed(message, error, remedy)
        return
    yield ok(f"a build takes commit {commit[:12]}")
    if left := scene.uncommitted():
        remedy = "commit the files; the checks here read them as they are now"
        yield warning("some files are not committed", left, remedy)


@attrs.frozen
class Parsed:
    """The Dockerfiles that can be read, and the findings about all."""

    files: tuple[Dockerfile, ...]
    findings: tuple[Finding, ...]

    def check(self) -> Check:
        """Return the check of all Dockerfiles."""
        return Check(DOCKERFILES, lambda: self.findings)


def read_dockerfiles(scene: Scene) -> Parsed:
    """Read the build Dockerfile and every ``*.docker`` at the top of the checkout."""
    build = scene.options.lock.dockerfile
    files: list[Dockerfile] = []
    findings: list[Finding] = []
    try:
        names = scene.dockerfiles()
        there = read_bytes(scene.files, build) is not None
    except ShipError as error:
        return Parsed((), (failed("the Dockerfiles cannot be read", error),))
    if not there:
        what = f"there is no {build}, whose FROM line names the base for builds"
        why = f"{build} is not in {scene.options.checkout}"
        remedy = (
            "write one: FROM and an own base that has the Python of your application; "
            "buildbot-ship init writes it for you, and --build-dockerfile names another file"
        )
        findings.append(problem(what, why, remedy))
    for name in dict.fromkeys([*([build] if there else []), *names]):
        try:
            parse = read_base if name == build else read
            files.append(parse(required(scene.files, name), name))
        except ShipError as error:
            findings.append(failed(f"{name} cannot be read", error))
    names = [file.file for file in files]
    found = [ok(", ".join(names))] if names else []
    return Parsed(tuple(files), (*found, *findings))


def lock_check(scene: Scene) -> Check:
    """Return the check of the strict file, or of the lock file of another tool."""
    return Check(LOCK, partial(_lock, scene))


def recorded_python(scene: Scene) -> Interpreter | None:
    """Return the Python that the strict file was resolved for, if its header tells."""
    for path in (scene.options.lock.strict, scene.options.lock.build_lock):
        text = _text(scene.files, path)
        if (found := split(text)[0].interpreter) is not None:
            return found
    return None


def first_project(scene: Scene) -> str:
    """Return a package that the index must have: the first pinned one, or pip."""
    strict = scene.options.lock.strict
    try:
        pins = parse_strict(_text(scene.files, strict), strict)
    except InvalidFile:
        pins = ()
    return pins[0].name if pins else "pip"


def _text(files: Files, path: str) -> str:
    try:
        return (read_bytes(files, path) or b"").decode("utf-8", "replace")
    except ShipError:
        return ""


def _lock(scene: Scene) -> Iterator[Finding]:
    request = _request(scene)
    strict, loose = request.strict, request.loose
    if read_bytes(scene.files, strict) is None:
        if read_bytes(scene.files, loose) is None:
            yield skipped(f"there is no {strict} and no {loose}: buildbot-ship init writes one")
            return
        error = FileMissing(strict, "the repository", "")
        yield failed("the requirements are not pinned yet", error, _harden(request))
        return
    try:
        done = check(request, tree=scene.files, find_interpreter=lambda _: _recorded(scene))
    except InvalidFile as error:
        cause = "; ".join(map(str, error.problems[:3]))
        message = f"{strict} is not up to date ({len(error.problems)} places)"
        yield attrs.evolve(failed(message, error), cause=cause)
        return
    yield ok(done.summary)


def _harden(request: CheckRequest) -> str:
    words = [f"--package {folder}" for folder in request.packages]
    return f"run {' '.join(['buildbot-ship harden', *words])}, review both files, and commit"


def _recorded(scene: Scene) -> Interpreter:
    """Return the Python of the base: that of the lock, which the check of the base compares."""
    found = recorded_python(scene)
    if found is None:
        message = "which Python they are for"
        raise FileMissing(message, scene.options.lock.build_lock, "run buildbot-ship check")
    return found


def _request(scene: Scene) -> CheckRequest:
    """Return the options of the check; what they leave out is as in the files.

    Without a strict file, another lock is taken.  Without packages, those count whose metadata
    the header records.
    """
    request = scene.options.lock
    if read_bytes(scene.files, request.strict) is None:
        there = (name for name in _LOCKS if read_bytes(scene.files, name) is not None)
        request = attrs.evolve(request, strict=next(there, request.strict))
    if not request.packages:
        request = attrs.evolve(request, packages=tuple(_packages(scene, request)))
    return request


def _packages(scene: Scene, request: CheckRequest) -> list[str]:
    """Return the folders of own packages that the lock was made from."""
    found = split(_text(scene.files, request.strict))[0].inputs
    if not found:
        found = split(_text(scene.files, request.build_lock))[0].inputs
    folders = (posixpath.split(path) for path in found)
    return list(dict.fromkeys(folder or "." for folder, name in folders if name in METADATA))
