"""The command lines of `docker/demo` and `tests/run`, parsed before anything is installed."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Group:
    """A group of tests, and what it takes to run it."""

    folder: str
    about: str
    machine: bool = True
    browser: bool = False
    other_engine: bool = False
    git_server: bool = False


GROUPS = {
    "unit": Group("tests/unit", "pure parts, rules, style: no Docker, seconds", machine=False),
    "engine": Group(
        "tests/engine", "verbs on a real engine and real registries", git_server=True
    ),
    "engines": Group(
        "tests/engines",
        "the same commit on engines of different versions and storage",
        other_engine=True,
    ),
    "buildbot": Group("tests/buildbot", "a real master, workers and a browser", browser=True),
    "review": Group(
        "tests/review",
        "nights that end as branches, on git servers over ssh and http",
        git_server=True,
    ),
    "demo": Group("tests/demo", "docker/demo from nothing to its table"),
}


@dataclass(frozen=True)
class DemoOptions:
    """What `docker/demo` was asked for."""

    keep: bool
    stop: bool


@dataclass(frozen=True)
class TestOptions:
    """What `tests/run` was asked for."""

    groups: tuple[str, ...]
    pytest: tuple[str, ...]

    @property
    def machine(self) -> bool:
        """Say whether a group needs an engine and what goes with it."""
        return any(GROUPS[name].machine for name in self.groups)

    @property
    def browser(self) -> bool:
        """Say whether a group needs a browser."""
        return any(GROUPS[name].browser for name in self.groups)

    @property
    def other_engine(self) -> bool:
        """Say whether a group needs a second engine beside the machine's own."""
        return any(GROUPS[name].other_engine for name in self.groups)

    @property
    def git_server(self) -> bool:
        """Say whether a group needs a git server that wants logins."""
        return any(GROUPS[name].git_server for name in self.groups)


def parse_demo(argv: Sequence[str]) -> DemoOptions:
    """Parse the demo's arguments; `--help` ends the program."""
    parser = argparse.ArgumentParser(
        prog="docker/demo",
        description="From a commit to two pushed images that answer, on a real Docker Engine.",
    )
    parser.add_argument("--keep", action="store_true", help="leave it all running to look at")
    parser.add_argument("--stop", action="store_true", help="stop what --keep left running")
    chosen = parser.parse_args(argv)
    return DemoOptions(keep=chosen.keep, stop=chosen.stop)


def parse_tests(argv: Sequence[str]) -> TestOptions:
    """Parse the tests' arguments; what follows `--` goes to pytest."""
    at = argv.index("--") if "--" in argv else len(argv)
    parser = argparse.ArgumentParser(
        prog="tests/run",
        usage="tests/run [GROUP ...] [-- PYTEST-ARGUMENTS]",
        description="Run the tests; without a group, all of them.",
        epilog="groups:\n"
        + "\n".join(f"  {name:<10}{group.about}" for name, group in GROUPS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("groups", nargs="*", metavar="GROUP", help="one of the groups below")
    chosen = parser.parse_args(argv[:at])
    for name in chosen.groups:
        if name not in GROUPS:
            parser.error(f"no group {name!r}; there are {', '.join(GROUPS)}")
    # In the order above, whatever the order given: the quick ones come first.
    groups = tuple(name for name in GROUPS if name in chosen.groups or not chosen.groups)
    return TestOptions(groups=groups, pytest=tuple(argv[at + 1 :]))
