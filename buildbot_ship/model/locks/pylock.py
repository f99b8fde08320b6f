"""Read ``pylock.toml`` (PEP 751) with `packaging.pylock`.

Format: https://packaging.python.org/en/latest/specifications/pylock-toml/.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from packaging.markers import Environment
from packaging.pylock import (
    Package,
    PackageSdist,
    PackageWheel,
    Pylock,
    PylockSelectError,
    PylockUnsupportedVersionError,
    PylockValidationError,
)
from packaging.tags import Tag
from packaging.utils import canonicalize_name, parse_wheel_filename

from ...errors import InvalidFile, Problem
from ..requirement import Malformed
from ..requirements.reader import Pin, make_pin
from ..toml_file import TomlFile
from .lock import NO_RELEASE, Lock, Scope, finish, folder_of

REMEDY = "lock again with the tool that wrote the file, review its changes, and commit"
_POSITION = re.compile(r"packages\[(\d+)\]")


def read_pylock(document: TomlFile, scope: Scope) -> Lock:
    """Return the pins of ``pylock.toml`` for *scope*.  Raises InvalidFile, InvalidRequest."""
    lines = document.lines_of("packages")
    pylock = _parse(document, lines)
    own: set[str] = set()
    pins, problems, sdists = list[Pin](), list[Problem](), set[str]()
    for package in _select(pylock, document, scope, lines):
        line = lines[next(n for n, one in enumerate(pylock.packages) if one is package)]
        try:
            if package.directory is not None:
                own.add(_own_package(package, document.file, scope))
                continue
            pins.append(_pin(package, line))
            sdists |= set() if package.wheels else {pins[-1].key}
        except Malformed as fault:
            problems.append(Problem(document.file, line, f"{package.name[:100]}: {fault}"))
    lock = Lock(tuple(pins), frozenset(own), frozenset(sdists))
    return finish(lock, problems, document.file, REMEDY)


def _parse(document: TomlFile, lines: list[int]) -> Pylock:
    """Return the validated lock.  Raises InvalidFile."""
    try:
        return Pylock.from_dict(document.data)
    except PylockUnsupportedVersionError:
        line = document.line_of("lock-version")
        text = "this lock-version of pylock.toml is newer than what can be read: 1.0"
    except (PylockValidationError, ValueError, TypeError, RecursionError) as error:
        context = getattr(error, "context", None) or ""
        line = _line(context, lines)
        what = f"{context[:100]} is missing, or not" if context else "this is not"
        text = f"{what} what PEP 751 has here"
    raise InvalidFile((Problem(document.file, line, text),), REMEDY)


def _select(
    pylock: Pylock, document: TomlFile, scope: Scope, lines: list[int]
) -> list[Package]:
    """Return the packages for *scope*.  Raises InvalidFile, InvalidRequest.

    Every file of a package fits: the container chooses one of them by its own tags.
    """
    scope.check_names("extras", pylock.extras or (), document.file)
    groups = [*(pylock.dependency_groups or ()), *(pylock.default_groups or ())]
    scope.check_names("groups", groups, document.file)
    try:
        found = pylock.select(
            environment=Environment(**scope.environment),  # type: ignore[typeddict-item]
            tags=list(_tags(pylock.packages)),
            extras=scope.extras,
            dependency_groups=[*(pylock.default_groups or ()), *scope.groups],
        )
        return [package for package, _ in found]
    except PylockSelectError as error:
        numbers = _POSITION.findall(str(error))
        line = _line(f"packages[{numbers[0]}]" if numbers else "", lines)
        several = len(numbers) > 1
        text = "two versions of this package apply here" if several else _environment(scope)
    except (ValueError, LookupError, RecursionError):
        line, text = 1, "a marker or the name of a file is invalid"
    raise InvalidFile((Problem(document.file, line, text),), REMEDY)


def _environment(scope: Scope) -> str:
    has = scope.environment["python_full_version"]
    return f"the lock is not for the environment of the base, which has Python {has}"


def _tags(packages: Iterable[Package]) -> dict[Tag, None]:
    """Return the tags of all wheels."""
    return {
        tag: None
        for package in packages
        for wheel in package.wheels or ()
        for tag in parse_wheel_filename(wheel.filename)[3]
    }


def _own_package(package: Package, file: str, scope: Scope) -> str:
    """Return the name of an own package.  Raises Malformed if it is not to be built."""
    assert package.directory is not None  # noqa: S101  # the caller checked
    folder = folder_of(file, package.directory.path)
    if not scope.has_package(folder):
        raise Malformed(f"name its folder {folder[:200]} in the option packages")
    return canonicalize_name(package.name)


def _pin(package: Package, line: int) -> Pin:
    """Return the pin of a package of an index.  Raises Malformed."""
    kinds = {"git": package.vcs, "a URL": package.archive}
    for kind, source in kinds.items():
        if source is not None:
            raise Malformed(f"it comes from {kind}: {NO_RELEASE}")
    files: list[PackageWheel | PackageSdist] = list(package.wheels or ())
    files += [package.sdist] if package.sdist else []
    if any(file.url is None for file in files):
        raise Malformed(f"it comes from a file: {NO_RELEASE}")
    hashes = [f"sha256:{file.hashes.get('sha256', '')}" for file in files]
    return make_pin(package.name, str(package.version or ""), hashes, line)


def _line(context: str, lines: list[int]) -> int:
    found = _POSITION.search(context)
    return lines[int(found[1])] if found and int(found[1]) < len(lines) else 1
