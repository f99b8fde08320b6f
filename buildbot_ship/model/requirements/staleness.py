"""Whether the strict file and the build lock still follow from what people wrote.

Decided from files alone, except for one question: which Python a base has that is not
the one they were resolved on (`interpreter_fault`).
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import attrs
from packaging.utils import canonicalize_name

from ...errors import Problem
from ..request import CheckRequest
from .build_lock import BuildLock, parse_build_lock
from .distribution_formats import Formats, write_words
from .header import Header, Interpreter, split
from .loose import Loose, Wish, digests
from .reader import Pin, parse_strict
from .reasons import reasons

_FLAGS = {"loose": "--loose", "strict": "--strict", "build_lock": "--build-lock"}
_FLAGS |= {"dockerfile": "--build-dockerfile"}
_FLAGS |= {"no_binary": "--no-binary", "only_binary": "--only-binary"}


@attrs.frozen
class Locked:
    """The strict file and the build lock as they were read."""

    header: Header
    pins: tuple[Pin, ...]
    why: dict[str, tuple[str, ...]]
    lock_header: Header
    lock: BuildLock

    @classmethod
    def read(cls, request: CheckRequest, strict: str, lock: str) -> Locked:
        """Return both files.  Raises InvalidFile with every problem of the first bad one."""
        header, lock_header = split(strict)[0], split(lock)[0]
        pins = parse_strict(strict, request.strict)
        sections = parse_build_lock(lock, request.build_lock)
        return cls(header, pins, reasons(strict), lock_header, sections)


def stale(
    request: CheckRequest, loose: Loose, metadata: dict[str, bytes], locked: Locked
) -> list[Problem]:
    """Return every place where the strict file or the build lock does not follow."""
    if not locked.header.inputs or locked.header.interpreter is None:
        text = "its header does not say what it was made from"
        return [Problem(request.strict, 1, text)]
    found = [*_unmet(request, loose, locked), *_left_over(request, loose, locked)]
    known = {problem.file for problem in found}
    inputs = digests({**loose.files, **metadata})
    found += [p for p in _changed(request, inputs, locked) if p.file not in known]
    return [*found, *_formats(request, locked), *_lock(request, locked)]


def mending(request: CheckRequest) -> str:
    """Return the command that mends what is stale, and upgrades nothing else."""
    words = ["buildbot-ship", "harden", "--upgrade", "nothing"]
    fields = attrs.fields_dict(CheckRequest)
    for name, flag in _FLAGS.items():
        value = getattr(request, name)
        words += [flag, value] if value != fields[name].default else []
    for folder in request.packages:
        words += ["--package", folder]
    return f"run {shlex.join(words)}, review what it writes, and commit"


def interpreter_fault(
    request: CheckRequest, line: int, locked: Locked, has: Interpreter
) -> Iterator[Problem]:
    """Yield that the base in *line* of the Dockerfile has another Python, if it has."""
    resolved = locked.header.interpreter
    if resolved is not None and not has.takes(resolved):
        text = f"the base has Python {has}, {request.strict} was resolved for {resolved}"
        yield Problem(request.dockerfile, line, text)


def environment_of(interpreter: Interpreter) -> dict[str, str]:
    """Return what markers are asked against, whatever Python asks.

    https://packaging.python.org/specifications/dependency-specifiers/#environment-markers
    """
    system, _, machine = interpreter.platform.partition("-")
    name = interpreter.abi.partition("-")[0] or "cpython"
    return {
        "implementation_name": name,
        "implementation_version": interpreter.version,
        "os_name": "posix",
        "platform_machine": machine,
        "platform_python_implementation": {"cpython": "CPython"}.get(name, "PyPy"),
        "platform_release": "",
        "platform_system": system.capitalize(),
        "platform_version": "",
        "python_full_version": interpreter.version,
        "python_version": interpreter.minor,
        "sys_platform": system,
        "extra": "",
    }


def _unmet(request: CheckRequest, loose: Loose, locked: Locked) -> Iterator[Problem]:
    """Yield each loose line that no pin satisfies, and each constraint that one breaks."""
    assert locked.header.interpreter is not None  # noqa: S101  # stale() looked
    environment = environment_of(locked.header.interpreter)
    pins = {pin.key: pin for pin in locked.pins}
    for wish in (*loose.requirements, *loose.constraints):
        marker = wish.requirement.marker
        pin = pins.get(wish.key)
        if marker is not None and not marker.evaluate(environment):
            continue
        if pin is None and wish in loose.constraints:
            continue
        fault = _fault(wish, pin, request.strict)
        if fault is not None:
            yield Problem(wish.file, wish.line, fault)


def _fault(wish: Wish, pin: Pin | None, strict: str) -> str | None:
    wanted = wish.requirement
    if pin is None:
        return f"{wanted.name} is not in {strict}"
    where = f"line {pin.line} of {strict}"
    if not wanted.specifier.contains(pin.version, prereleases=True):
        return f"{wanted.name}{wanted.specifier} does not admit {pin.version} of {where}"
    has = {canonicalize_name(extra) for extra in pin.extras}
    lacking = {canonicalize_name(extra) for extra in wanted.extras} - has
    if lacking:
        wants = f"{wanted.name}[{','.join(sorted(lacking))}]"
        return f"{wants} is without its extra in {where}"
    return None


def _left_over(request: CheckRequest, loose: Loose, locked: Locked) -> Iterator[Problem]:
    """Yield each pin that is there for nothing but a loose line that is gone."""
    asked = {(wish.file, wish.key) for wish in loose.requirements}
    for pin in locked.pins:
        why = locked.why.get(pin.key, ())
        gone = [w[3:] for w in why if w[:3] == "-r " and (w[3:], pin.key) not in asked]
        if gone and len(gone) == len(why):
            text = f"{pin.name} is here for {gone[0]}, which no longer asks for it"
            yield Problem(request.strict, pin.line, text)


def _changed(
    request: CheckRequest, inputs: dict[str, str], locked: Locked
) -> Iterator[Problem]:
    """Yield each input that is not the one that the header records."""
    header = locked.header
    for path, digest in inputs.items():
        if path not in header.inputs:
            yield Problem(path, 1, f"{request.strict} was written without this file")
        elif header.inputs[path] != digest:
            line = header.lines[path]
            text = f"this file changed since {request.strict} was written (its line {line})"
            yield Problem(path, 1, text)
    for path in sorted(header.inputs.keys() - inputs.keys()):
        text = f"it was made from {path} too, which is no longer read"
        yield Problem(request.strict, header.lines[path], text)


def _formats(request: CheckRequest, locked: Locked) -> Iterator[Problem]:
    """Yield each option of wheels and sdists that is not the one that the header records."""
    was, now = locked.header.formats.options(), Formats.of(request).options()
    for option in was:
        if was[option] != now[option]:
            old, new = write_words(was[option]), write_words(now[option])
            text = f"it was made with {option} {old}, the option is {new}"
            yield Problem(request.strict, 1, text)


def _lock(request: CheckRequest, locked: Locked) -> Iterator[Problem]:
    """Yield what the build lock lacks, and what in it is of another strict file."""
    file, pins = request.build_lock, {pin.key: pin for pin in locked.pins}
    if locked.lock_header != locked.header:
        yield Problem(file, 1, f"it was not written together with {request.strict}")
    for section in locked.lock.sections:
        name, _, version = section.source.partition("==")
        pin = pins.get(name)
        fits = pin and pin.version == version and section.sdist_hash in pin.hashes
        if section.sdist_hash and not fits:
            yield Problem(file, section.line, f"{request.strict} pins no {section.source}")
        elif not section.sdist_hash and section.source not in request.packages:
            yield Problem(file, section.line, f"no package {section.source} was named")
    locked_sources = {section.source for section in locked.lock.sections}
    for sdist in locked.header.sdists:
        name, _, version = sdist.partition("==")
        if f"{canonicalize_name(name)}=={version}" not in locked_sources:
            yield Problem(file, 1, f"it has no section for the sdist {sdist}")
    for folder in request.packages:
        if locked.lock.of_package(folder) is None:
            yield Problem(file, 1, f"it has no section for the package {folder}")
