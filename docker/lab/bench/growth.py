"""How cost grows: with images of one repository, dependencies, files, bytes of wheels, commits.

Each case is a generated repository. It is built once by a worker that has nothing but the
tools image, and what commits before it left, and once more after one line of its own package
was changed.  Those with more and more dependencies are also built by uv and BuildKit.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.bases import REPOSITORY
from lab.bench.changes import BUILD_LOCK, own_package_lock
from lab.bench.grown_uv import UvBuilds, uv_builds, uv_files
from lab.bench.history import live_through
from lab.bench.index import project, publish_project, serving
from lab.bench.page import markdown, size
from lab.bench.product import CommandLine, network
from lab.bench.world import BASES, TEAM, World, new_world
from lab.git_server import Developer, GitServer, make_repository
from lab.runs import Run

PART, BIG_PART = 100_000, 100_000_000
FEW = 10
# In a folder of its own: a package at the top takes all files of the tree to its build.
PACKAGE = "own"
CODE = f"{PACKAGE}/grown/__init__.py"
SETUP = (
    "from setuptools import setup\n\nsetup(name='grown', version='1.0', packages=['grown'])\n"
)
HEAD = (
    *("what grows", "", "first build", "one line", "sent, one line", "peak memory"),
    *("uv, first build", "uv, one line"),
)


@dataclass(frozen=True)
class Case:
    """One generated repository; *number* is how many there are of *what*."""

    what: str
    number: int
    images: int = 1
    parts: int = FEW
    part_size: int = PART
    files: int = 0
    before: int = 0

    @property
    def names(self) -> list[str]:
        """Return the names of its images."""
        return [f"app-{number}" for number in range(self.images)]


IMAGES, DEPENDENCIES = "images", "dependencies"
FILES, WHEELS = "files in the context", "MB of wheels"
COMMITS = "commits before"
CASES = (
    *(Case(IMAGES, n, images=n) for n in (1, 2, 4, 8)),
    *(Case(DEPENDENCIES, n, parts=n) for n in (10, 40, 160)),
    *(Case(FILES, n, files=n) for n in (1_000, 50_000)),
    *(Case(COMMITS, n, before=n) for n in (100, 10_000)),
    *(Case(WHEELS, n * 100, parts=n, part_size=BIG_PART) for n in (1, 10)),
)


@dataclass(frozen=True)
class Cost:
    """What a case cost: seconds, bytes, and the most memory that one process held.

    *uv* has the seconds of the same two builds by uv and BuildKit, if they were measured.
    """

    case: Case
    first: float
    again: float
    sent: int
    peak: int
    uv: tuple[float, float] | None = None


def measure_growth(run: Run, cases: Sequence[Case] = CASES) -> Iterator[Cost]:
    """Yield the cost of every case."""
    projects = run.folder / "index"
    projects.mkdir()
    server = GitServer.start(run)
    with (
        new_world(run, "growth", server) as world,
        serving(projects) as index,
        uv_builds(world) as uv,
    ):
        # The tools image is made first, and counts for none; its code is no other case's.
        for number, case in enumerate((Case("tools", 1, parts=1), *cases)):
            # Each has a worker's caches of its own.
            home = run.folder / f"growth-{number}.home"
            cost = _measure(world, case, home, projects, index, uv)
            if number:
                yield cost


def _measure(  # noqa: PLR0917
    world: World, case: Case, home: Path, projects: Path, index: str, uv: UvBuilds
) -> Cost:
    folder = world.run.folder / "grown"
    developer = make_repository(folder / "bare", folder / "tree")
    bases = {key: f"{world.counter.address}/{REPOSITORY}:{tag}" for key, tag in BASES.items()}
    developer.write(dict(repository_files(case, bases, projects)))
    developer.commit(f"{case.number} {case.what}")
    command_line = CommandLine(developer.tree, home, world.owner)
    live_through(case.before, command_line.state)
    arguments = build_arguments(case, f"{world.counter.address}/{TEAM}", index)
    first = command_line.measure(*arguments)
    developer.write({CODE: code(case, "again")})
    developer.commit("One line")
    world.counter.reset()
    again = command_line.measure(*arguments)
    sent = world.counter.sent
    beside = None
    if case.what == DEPENDENCIES:
        mark = f"{world.run.name}-{case.number}"
        developer.write(dict(uv_files(bases, PACKAGE, index, mark)))
        beside = measure_uv(uv, developer, case)
    shutil.rmtree(folder)
    peak = max(first.peak, again.peak)
    cost = Cost(case, first.seconds, again.seconds, sent, peak, beside)
    world.run.say(
        f"{case.number} {case.what}: {cost.first:.1f} s, then {cost.again:.1f} s, "
        f"{cost.sent:,} bytes sent, at most {size(cost.peak)} of memory"
    )
    return cost


def measure_uv(uv: UvBuilds, developer: Developer, case: Case) -> tuple[float, float]:
    """Return the seconds that uv takes for a repository, and for one more line."""
    seconds = []
    for build in ("uv", "uv again"):
        developer.write({CODE: code(case, build)})
        developer.commit(build)
        seconds.append(uv.ship(developer.tree, f"grown-uv-{case.number}"))
    uv.world.run.say(f"{case.number} {case.what}, uv: {seconds[0]:.1f} s, {seconds[1]:.1f} s")
    return seconds[0], seconds[1]


def repository_files(
    case: Case, bases: dict[str, str], projects: Path
) -> Iterator[tuple[str, str]]:
    """Yield the files of a case's repository; publish the projects that it pins."""
    pins = [publish_project(projects, n, case.part_size) for n in range(case.parts)]
    yield "requirements.strict.txt", "".join(pins)
    yield BUILD_LOCK, own_package_lock(PACKAGE)
    yield "build.docker", f"FROM {bases['python311']}\n"
    yield f"{PACKAGE}/setup.py", SETUP
    yield CODE, code(case, "first")
    copied = "COPY static /static\n" if case.files else ""
    for name in case.names:
        last = f'COPY {name}.pex /\nENTRYPOINT ["/{name}.pex"]\n'
        yield f"{name}.docker", f"FROM {bases['python311-slim']}\n{copied}{last}"
    for number in range(case.files):
        yield f"static/{number // 500:03}/{number:05}.txt", f"file {number}\n"


def code(case: Case, build: str) -> str:
    """Return the own package's code, which no other case has: no blob is there already."""
    return f'LINE = "{case.number} {case.what}, {build}"\n'


def build_arguments(case: Case, to: str, index: str) -> list[str]:
    """Return the command line that ships all images of a case."""
    packages = ",".join(["grown", *(project(number) for number in range(case.parts))])
    options = ["--package", PACKAGE, "--module", "grown", "--to", to]
    for name in case.names:
        options += ["--pex", f"{name}.pex={packages}", "--image", name]
    given = network()
    return ["build", *options, *given, "--extra-index-url", index]


def growth_table(costs: Iterable[Cost]) -> str:
    """Return the table of all costs."""
    rows = [
        (
            cost.case.what,
            f"{cost.case.number:,}",
            f"{cost.first:.1f} s",
            f"{cost.again:.1f} s",
            size(cost.sent),
            size(cost.peak),
            *(f"{seconds:.1f} s" for seconds in cost.uv or ()),
            *(("-", "-") if cost.uv is None else ()),
        )
        for cost in costs
    ]
    return markdown(HEAD, rows)


def sentences(costs: Sequence[Cost]) -> str:
    """Return what one more of each thing costs, one sentence each."""
    found = []
    for what in dict.fromkeys(cost.case.what for cost in costs):
        group = [cost for cost in costs if cost.case.what == what]
        few, many = group[0], group[-1]
        if few is many:
            continue
        more = many.case.number - few.case.number
        first, again = (many.first - few.first) / more, (many.again - few.again) / more
        found.append(
            f"- From {few.case.number:,} to {many.case.number:,} {what}, each further one "
            f"costs {_seconds(first)} in a first build and {_seconds(again)} after one line."
        )
    return "\n".join(found)


def _seconds(value: float) -> str:
    value = max(value, 0.0)
    return f"{value:.2f} s" if value >= 0.1 else f"{value * 1000:.1f} ms"
