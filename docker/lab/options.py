"""The command lines of `docker/demo` and `tests/run`, parsed before anything is installed."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

from lab.debian import DEFAULT, RECIPES, SHOWN


@dataclass(frozen=True)
class Group:
    """A group of tests and its requirements."""

    folder: str
    about: str
    machine: bool = True
    browser: bool = False
    other_engine: bool = False
    git_server: bool = False
    example: bool = False


GROUPS = {
    "unit": Group(
        "tests/unit", "unit tests, style, types: no Docker, takes seconds", machine=False
    ),
    "engine": Group(
        "tests/engine",
        "verbs with a real Docker Engine and real registries",
        git_server=True,
        example=True,
    ),
    "article": Group(
        "tests/article",
        "images that run: smoke tests, secrets, orchestrators, state",
        example=True,
    ),
    "engines": Group(
        "tests/engines",
        "one commit on engines with different versions and storage",
        other_engine=True,
    ),
    "buildbot": Group(
        "tests/buildbot",
        "a real Buildbot master, workers and a browser",
        browser=True,
        git_server=True,
        example=True,
    ),
    "faults": Group(
        "tests/faults",
        "the fault matrix: what breaks around a master, and what follows",
        other_engine=True,
    ),
    "review": Group(
        "tests/review",
        "nightly updates proposed as branches, over ssh and http",
        git_server=True,
        example=True,
    ),
    "world": Group(
        "tests/world", "the whole pipeline on each Python; only the newest beside other groups"
    ),
    "site": Group(
        "tests/site",
        "the documentation as a site, in a browser: no Docker",
        machine=False,
        browser=True,
    ),
    "demo": Group("tests/demo", "docker/demo from start to end", example=True),
}


@dataclass(frozen=True)
class DemoOptions:
    """The options of `docker/demo`."""

    keep: bool
    stop: bool


@dataclass(frozen=True)
class TestOptions:
    """The options of `tests/run`."""

    groups: tuple[str, ...]
    pytest: tuple[str, ...]

    @property
    def machine(self) -> bool:
        """Return whether a group needs an engine, registries and bases."""
        return any(GROUPS[name].machine for name in self.groups)

    @property
    def browser(self) -> bool:
        """Return whether a group needs a browser."""
        return any(GROUPS[name].browser for name in self.groups)

    @property
    def other_engine(self) -> bool:
        """Return whether a group needs a second engine."""
        return any(GROUPS[name].other_engine for name in self.groups)

    @property
    def git_server(self) -> bool:
        """Return whether a group needs a git server with logins."""
        return any(GROUPS[name].git_server for name in self.groups)

    @property
    def pythons(self) -> tuple[str, ...]:
        """Return the Pythons of the bases that the groups need."""
        if self.groups == ("world",):
            return tuple(RECIPES)
        shown = [SHOWN] if any(GROUPS[name].example for name in self.groups) else []
        newest = [*RECIPES][-1:] if "world" in self.groups else []
        return tuple(dict.fromkeys([DEFAULT, *shown, *newest]))


def parse_demo(argv: Sequence[str]) -> DemoOptions:
    """Parse the arguments of the demo; `--help` ends the program."""
    parser = argparse.ArgumentParser(
        prog="docker/demo",
        description="Ship two applications with Buildbot and Docker, and run them.",
    )
    parser.add_argument(
        "--keep", action="store_true", help="keep everything running at the end"
    )
    parser.add_argument("--stop", action="store_true", help="stop what --keep left running")
    chosen = parser.parse_args(argv)
    return DemoOptions(keep=chosen.keep, stop=chosen.stop)


def parse_tests(argv: Sequence[str]) -> TestOptions:
    """Parse the arguments of the tests; arguments after `--` are passed to pytest."""
    at = argv.index("--") if "--" in argv else len(argv)
    parser = argparse.ArgumentParser(
        prog="tests/run",
        usage="tests/run [GROUP ...] [-- PYTEST-ARGUMENTS]",
        description="Run the tests of all groups, or of the groups that you name.",
        epilog="groups:\n"
        + "\n".join(f"  {name:<10}{group.about}" for name, group in GROUPS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "groups", nargs="*", metavar="GROUP", help="one of the groups below (default: all)"
    )
    chosen = parser.parse_args(argv[:at])
    for name in chosen.groups:
        if name not in GROUPS:
            parser.error(f"unknown group {name!r}: choose from {', '.join(GROUPS)}")
    # Always use the order of GROUPS, which begins with the quick groups.
    groups = tuple(name for name in GROUPS if name in chosen.groups or not chosen.groups)
    return TestOptions(groups=groups, pytest=tuple(argv[at + 1 :]))
