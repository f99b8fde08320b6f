"""Find paths that several packages of a pex install, and decide which package wins.

The rule is in docs/decisions/0013-where-packages-ship-the-same-file.md.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs

from ..artefact import Listing
from .installed_files import environment_files, environment_folders, site_packages

ENVIRONMENT = "the environment"
"""The package name for the files of the virtual environment itself."""
SHOWN = 20
"""Maximum number of lines that are shown as warnings."""
IMPORTED = (".py", ".so")
"""Endings of modules; in a zipapp only these conflict, for packages keep their own folders."""

Digests = Mapping[str, Mapping[str, str]]
"""Digests of the contents of each path, by the packages that install it."""


@attrs.frozen
class Shared:
    """The *files* that several packages install: package names by path.

    *clashes* are the paths that are a file in one package and a folder in another.
    """

    files: dict[str, tuple[str, ...]]
    clashes: dict[str, tuple[str, ...]]


@attrs.frozen
class Conflict:
    """A *path* that the *losers* install with other content than the *winner*."""

    path: str
    winner: str
    losers: tuple[str, ...]


def shared_tops(listings: Mapping[str, Listing], minor: str) -> frozenset[str]:
    """Return the tops that several *listings* (by package) share; only these can conflict.

    The files and folders of the environment count as one more package.
    """
    counted: dict[str, int] = defaultdict(int)
    for listing in listings.values():
        for top in listing.tops:
            counted[top] += 1
    own = {*environment_files(minor), *environment_folders(minor)}
    return frozenset(top for top, count in counted.items() if count > 1 or top in own)


def share(paths: Mapping[str, Iterable[str]], minor: str) -> Shared:
    """Return the shared files and clashes of packages; *paths* are by package name."""
    owners: dict[str, set[str]] = defaultdict(set)
    folders: dict[str, set[str]] = defaultdict(set)
    own = [*environment_files(minor), f"{site_packages(minor)}/."]
    for name, found in {**paths, ENVIRONMENT: own}.items():
        for path in found:
            owners[path].add(name)
            for folder in _folders(path):
                folders[folder].add(name)
    files = {path: names for path, names in owners.items() if len(names) > 1}
    both = {path: owners[path] | folders[path] for path in owners.keys() & folders.keys()}
    clashes = {path: names for path, names in both.items() if len(names) > 1}
    return Shared(_sorted(files), _sorted(clashes))


def imported(shared: Shared, minor: str) -> dict[str, tuple[str, ...]]:
    """Return the shared modules of a zipapp, which has no environment."""
    return {
        path: names
        for path, names in shared.files.items()
        if path.startswith(f"{site_packages(minor)}/")
        and path.endswith(IMPORTED)
        and ENVIRONMENT not in names
    }


def decide(digests: Digests, ranks: Mapping[str, Any]) -> tuple[Conflict, ...]:
    """Return the conflicts: for each path, the package with the highest rank wins.

    A package with the same content as the winner does not lose.
    """
    found = []
    for path, contents in sorted(digests.items()):
        winner = max(contents, key=lambda name: (name == ENVIRONMENT, ranks.get(name)))
        losers = sorted(name for name in contents if contents[name] != contents[winner])
        if losers:
            found.append(Conflict(path, winner, tuple(losers)))
    return tuple(found)


def left_out(conflicts: Iterable[Conflict]) -> dict[str, tuple[str, ...]]:
    """Return the losing paths by package."""
    found: dict[str, list[str]] = defaultdict(list)
    for conflict in conflicts:
        for name in conflict.losers:
            found[name].append(conflict.path)
    return {name: tuple(sorted(paths)) for name, paths in found.items()}


def describe(
    conflicts: Iterable[Conflict], titles: Mapping[str, str], minor: str
) -> tuple[str, ...]:
    """Return a message for each conflict; *titles* are names with versions."""

    def title(name: str) -> str:
        return titles.get(name, name)

    return tuple(
        f"{shown(conflict.path, minor)}: {title(conflict.winner)} wins over "
        f"{' and '.join(map(title, conflict.losers))}"
        for conflict in conflicts
    )


def describe_clashes(shared: Shared, titles: Mapping[str, str], minor: str) -> tuple[str, ...]:
    """Return a message for each path that is both a file and a folder."""
    return tuple(
        f"{shown(path, minor)}: a file in one and a folder in another of "
        f"{' and '.join(titles.get(name, name) for name in names)}"
        for path, names in shared.clashes.items()
    )


def shown(path: str, minor: str) -> str:
    """Return a path below the prefix in short form."""
    site = site_packages(minor)
    return f"site-packages{path.removeprefix(site)}" if path.startswith(site) else path


def bounded(lines: Sequence[str]) -> tuple[str, ...]:
    """Return the first lines, and the number of the others."""
    more = len(lines) - SHOWN
    rest = (f"{more} more files that packages ship with different content",) if more > 0 else ()
    return (*lines[:SHOWN], *rest)


def _folders(path: str) -> Iterable[str]:
    parts = path.split("/")
    return ("/".join(parts[:count]) for count in range(1, len(parts)))


def _sorted(found: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    return {path: tuple(sorted(names)) for path, names in sorted(found.items())}
