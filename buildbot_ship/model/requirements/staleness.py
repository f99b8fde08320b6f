"""Check that the strict file and the build lock are up to date.

The check reads files only.  The exception is `interpreter_fault`: it needs the Python version
of the build base.
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
from .loose import Loose, LooseRequirement, digests
from .reader import Pin, parse_strict
from .reasons import reasons

_FLAGS = {"loose": "--loose", "strict": "--strict", "build_lock": "--build-lock"}
_FLAGS |= {"dockerfile": "--build-dockerfile"}
_FLAGS |= {"no_binary": "--no-binary", "only_binary": "--only-binary"}
_LISTS = {"packages": "--package", "extras": "--extra", "groups": "--group"}


@attrs.frozen
class Locked:
    """The parsed strict file and build lock; *why* has the reasons for each package."""

    header: Header
    pins: tuple[Pin, ...]
    why: dict[str, tuple[str, ...]]
    lock_header: Header
    lock: BuildLock

    @classmethod
    def read(cls, request: CheckRequest, strict: str, lock: str) -> Locked:
        """Parse both files.  Raises InvalidFile with every problem of the first bad one."""
        header, lock_header = split(strict)[0], split(lock)[0]
        pins = parse_strict(strict, request.strict)
        sections = parse_build_lock(lock, request.build_lock)
        return cls(header, pins, reasons(strict), lock_header, sections)


def find_stale(
    request: CheckRequest, loose: Loose, metadata: dict[str, bytes], locked: Locked
) -> list[Problem]:
    """Return every place where the strict file or the build lock is out of date."""
    if not locked.header.inputs or locked.header.interpreter is None:
        text = "its header does not record the files that it was made from"
        return [Problem(request.strict, 1, text)]
    found = [*_unmet(request, loose, locked), *_obsolete(request, loose, locked)]
    reported = {problem.file for problem in found}
    inputs = digests({**loose.files, **metadata})
    found += [p for p in _changed(request, inputs, locked) if p.file not in reported]
    return [*found, *_formats(request, locked), *_lock(request, locked)]


def harden_command(request: CheckRequest) -> str:
    """Return the remedy: the command that updates both files without other upgrades."""
    words = ["buildbot-ship", "harden", "--upgrade", "nothing"]
    fields = attrs.fields_dict(CheckRequest)
    for name, flag in _FLAGS.items():
        value = getattr(request, name)
        words += [flag, value] if value != fields[name].default else []
    for name, flag in _LISTS.items():
        words += [word for each in getattr(request, name) for word in (flag, each)]
    return f"run {shlex.join(words)}, review its changes, and commit"


def interpreter_fault(
    request: CheckRequest, line: int, locked: Locked, has: Interpreter
) -> Iterator[Problem]:
    """Yield a problem if the base on *line* of the Dockerfile has another Python."""
    resolved = locked.header.interpreter
    if resolved is not None and not has.accepts(resolved):
        text = f"the base has Python {has}, but {request.strict} was resolved for {resolved}"
        yield Problem(request.dockerfile, line, text)


def environment_of(interpreter: Interpreter) -> dict[str, str]:
    """Return the environment for markers, independent of the Python that runs this.

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
    """Yield each loose requirement that no pin meets, and each constraint that a pin breaks."""
    assert locked.header.interpreter is not None  # noqa: S101  # find_stale() checked
    environment = environment_of(locked.header.interpreter)
    pins = {pin.key: pin for pin in locked.pins}
    for item in (*loose.requirements, *loose.constraints):
        marker = item.requirement.marker
        pin = pins.get(item.key)
        if marker is not None and not marker.evaluate(environment):
            continue
        if pin is None and item in loose.constraints:
            continue
        fault = unmet_requirement(item, pin, request.strict)
        if fault is not None:
            yield Problem(item.file, item.line, fault)


def unmet_requirement(item: LooseRequirement, pin: Pin | None, strict: str) -> str | None:
    """Return why *pin*, a line of the file *strict*, does not meet the requirement, or None."""
    wanted = item.requirement
    if pin is None:
        return f"{wanted.name} is not in {strict}"
    where = f"on line {pin.line} of {strict}"
    if not wanted.specifier.contains(pin.version, prereleases=True):
        return f"{wanted.name}{wanted.specifier} does not allow {pin.version} {where}"
    has = {canonicalize_name(extra) for extra in pin.extras}
    lacking = {canonicalize_name(extra) for extra in wanted.extras} - has
    if lacking:
        wants = f"{wanted.name}[{','.join(sorted(lacking))}]"
        return f"{wants} is pinned without its extra {where}"
    return None


def _obsolete(request: CheckRequest, loose: Loose, locked: Locked) -> Iterator[Problem]:
    """Yield each pin whose only reasons are loose lines that were removed."""
    required = {(item.file, item.key) for item in loose.requirements}
    for pin in locked.pins:
        why = locked.why.get(pin.key, ())
        gone = [w[3:] for w in why if w[:3] == "-r " and (w[3:], pin.key) not in required]
        if gone and len(gone) == len(why):
            text = f"{pin.name} is pinned for {gone[0]}, which no longer requires it"
            yield Problem(request.strict, pin.line, text)


def _changed(
    request: CheckRequest, inputs: dict[str, str], locked: Locked
) -> Iterator[Problem]:
    """Yield each input file that differs from the header's record."""
    header = locked.header
    for path, digest in inputs.items():
        if path not in header.inputs:
            yield Problem(path, 1, f"{request.strict} was written without this file")
        elif header.inputs[path] != digest:
            line = header.lines[path]
            text = f"this file changed after {request.strict} was written (its line {line})"
            yield Problem(path, 1, text)
    for path in sorted(header.inputs.keys() - inputs.keys()):
        text = f"it was also made from {path}, which is no longer read"
        yield Problem(request.strict, header.lines[path], text)


def _formats(request: CheckRequest, locked: Locked) -> Iterator[Problem]:
    """Yield each option of wheels and sdists that differs from the header's record."""
    was, now = locked.header.formats.options(), Formats.of(request).options()
    for option in was:
        if was[option] != now[option]:
            old, new = write_words(was[option]), write_words(now[option])
            text = f"it was written with {option} {old}; the option is now {new}"
            yield Problem(request.strict, 1, text)


def _lock(request: CheckRequest, locked: Locked) -> Iterator[Problem]:
    """Yield each missing section of the build lock, and each that fits no pin or package."""
    file, pins = request.build_lock, {pin.key: pin for pin in locked.pins}
    if locked.lock_header != locked.header:
        yield Problem(file, 1, f"it was not written together with {request.strict}")
    for section in locked.lock.sections:
        name, _, version = section.source.partition("==")
        pin = pins.get(name)
        fits = pin and pin.version == version and section.sdist_hash in pin.hashes
        if section.sdist_hash and not fits:
            yield Problem(file, section.line, f"{request.strict} does not pin {section.source}")
        elif not section.sdist_hash and section.source not in request.packages:
            yield Problem(
                file, section.line, f"the option packages does not name {section.source}"
            )
    locked_sources = {section.source for section in locked.lock.sections}
    for sdist in locked.header.sdists:
        name, _, version = sdist.partition("==")
        if f"{canonicalize_name(name)}=={version}" not in locked_sources:
            yield Problem(file, 1, f"it has no section for the sdist {sdist}")
    for folder in request.packages:
        if locked.lock.of_package(folder) is None:
            yield Problem(file, 1, f"it has no section for the package {folder}")
