"""Checks of the repository: git, its Dockerfiles, whether its strict file is up to date."""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Iterator
from functools import partial

import attrs

from ...errors import FileMissing, InvalidFile, RepositoryError, ShipError
from ...model.diagnosis.finding import Finding, failed, ok, problem, skipped, warning
from ...model.dockerfile.document import Dockerfile, read, read_base
from ...model.request import CheckRequest
from ...model.requirements.distribution_formats import write_words
from ...model.requirements.header import Header, Interpreter, split
from ...model.requirements.lock_names import is_lock
from ...model.requirements.loose import METADATA
from ...model.requirements.reader import parse_strict
from ...model.result import counted
from ...source.interface import Files, read_bytes, required
from ..requirements.check import check
from .checks import Check
from .scene import Scene

GIT, DOCKERFILES, LOCK = "git", "Dockerfiles", "requirements"
PROJECT = "pyproject.toml"
_LOCKS = ("uv.lock", "poetry.lock", "pylock.toml")
_USUAL = CheckRequest()


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
            yield skipped(
                f"there is no {strict}, no {loose} and no {PROJECT}: write what you require "
                f"into {loose}, then run buildbot-ship harden"
            )
            return
        error = FileMissing(strict, "the repository", "")
        yield failed("the requirements are not pinned yet", error, _harden(request))
        return
    try:
        done = check(request, tree=scene.files, find_interpreter=lambda _: _recorded(scene))
    except InvalidFile as error:
        cause = "; ".join(map(str, error.problems[:3]))
        message = f"{strict} is not up to date in {counted(len(error.problems), 'place')}"
        yield attrs.evolve(failed(message, error), cause=cause)
        return
    yield ok(done.summary)


def _harden(request: CheckRequest) -> str:
    words = ["buildbot-ship", "harden"]
    words += ["--loose", request.loose] if request.loose != _USUAL.loose else []
    words += [word for folder in request.packages for word in ("--package", folder)]
    return f"run {shlex.join(words)}, review both files, and commit"


def _recorded(scene: Scene) -> Interpreter:
    """Return the Python of the base: that of the lock, which the check of the base compares."""
    found = recorded_python(scene)
    if found is None:
        message = "which Python they are for"
        raise FileMissing(message, scene.options.lock.build_lock, "run buildbot-ship check")
    return found


def _request(scene: Scene) -> CheckRequest:
    """Return the options of the check; what they leave out is as in the files.

    Without a strict file, another lock is taken.  The loose file, the packages and the formats
    are those that the header records.  If there is no lock at all, they are what init takes.
    """
    request = scene.options.lock
    if read_bytes(scene.files, request.strict) is None:
        there = (name for name in _LOCKS if read_bytes(scene.files, name) is not None)
        if (found := next(there, None)) is None:
            return _unpinned(scene, request)
        request = attrs.evolve(request, strict=found)
    header = split(_text(scene.files, request.strict))[0]
    if not header.inputs:
        header = split(_text(scene.files, request.build_lock))[0]
    if request.loose == _USUAL.loose and not is_lock(request.strict):
        request = attrs.evolve(request, loose=_loose(scene, header))
    if not request.packages:
        request = attrs.evolve(request, packages=tuple(_packages(scene, header, request)))
    if (request.no_binary, request.only_binary) == (_USUAL.no_binary, _USUAL.only_binary):
        no, only = map(write_words, header.formats.options().values())
        request = attrs.evolve(request, no_binary=no, only_binary=only)
    return request


def _unpinned(scene: Scene, request: CheckRequest) -> CheckRequest:
    """Return *request* with what `buildbot-ship init` takes, as far as it leaves it out."""
    project = _text(scene.files, PROJECT)
    if request.loose == _USUAL.loose and read_bytes(scene.files, request.loose) is None:
        request = attrs.evolve(request, loose=PROJECT if project else request.loose)
    is_built = "[build-system]" in project or bool(_text(scene.files, "setup.py"))
    if is_built and not request.packages:
        request = attrs.evolve(request, packages=(".",))
    return request


def _loose(scene: Scene, header: Header) -> str:
    """Return the usual loose file, or that of *header* if only that one exists."""
    usual, *inputs = _USUAL.loose, *header.inputs
    if not inputs or read_bytes(scene.files, usual) is not None:
        return usual
    return inputs[0] if read_bytes(scene.files, inputs[0]) is not None else usual


def _packages(scene: Scene, header: Header, request: CheckRequest) -> list[str]:
    """Return the folders of own packages that the lock was made from.

    The pyproject.toml that has the loose requirements is a package only if it is built.
    """
    folders = (
        posixpath.dirname(path) or "."
        for path in header.inputs
        if posixpath.basename(path) in METADATA
        and (path != request.loose or _has_section(scene, request, posixpath.dirname(path)))
    )
    return list(dict.fromkeys(folders))


def _has_section(scene: Scene, request: CheckRequest, folder: str) -> bool:
    title = f"#: package {folder or '.'}"
    return title in _text(scene.files, request.build_lock).splitlines()
