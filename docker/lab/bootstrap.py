"""Prepare a machine for the demo, the tests, the corpus, the benchmark, a soak or the site.

Uses only the standard library. It announces and installs the missing packages. It creates the
virtual environment and the base images at the same time, and then becomes the program.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from lab.bench.options import parse_bench
from lab.cache import cache_folder
from lab.corpus.options import parse_corpus
from lab.debian import SHOWN
from lab.environment import make_environment, make_locked_environment
from lab.errors import LabError
from lab.options import parse_demo, parse_tests
from lab.packages import Need, install, look, makes_bases, makes_other_root, missing_packages
from lab.processes import with_parent
from lab.progress import Say, progress
from lab.site.options import parse_site
from lab.soak.options import SOAKS, parse_soak

LAB = Path(__file__).resolve().parent
CHECKOUT = LAB.parent.parent
OLDEST = (3, 11)


def demo(argv: Sequence[str]) -> int:
    """Prepare the machine and run the demo."""
    need = Need(machine=not parse_demo(argv).stop, pythons=(SHOWN,))
    return _become("lab.demo", argv, need, LAB / "requirements.txt")


def tests(argv: Sequence[str]) -> int:
    """Prepare the machine and run the test suite."""
    options = parse_tests(argv)
    need = Need(
        machine=options.machine,
        browser=options.browser,
        own_bases=True,
        other_engine=options.other_engine,
        git_server=options.git_server,
        pythons=options.pythons,
    )
    return _become("lab.suite", argv, need, CHECKOUT / "tests" / "requirements.txt")


def corpus(argv: Sequence[str]) -> int:
    """Prepare the machine and run the corpus."""
    parse_corpus(argv)
    need = Need(own_bases=True)
    return _become("lab.corpus", argv, need, CHECKOUT / "tests" / "requirements.txt")


def bench(argv: Sequence[str]) -> int:
    """Prepare the machine and run the benchmark."""
    options = parse_bench(argv)
    need = Need(machine=options.read is None, own_bases=True)
    return _become("lab.bench", argv, need, LAB / "requirements.txt")


def soak(argv: Sequence[str]) -> int:
    """Prepare the machine and run a soak."""
    need = Need(own_bases=SOAKS[parse_soak(argv).name].bases)
    return _become("lab.soak", argv, need, CHECKOUT / "tests" / "requirements.txt")


def site(argv: Sequence[str]) -> int:
    """Prepare the environment of the documentation's site, and build it."""
    parse_site(argv)
    need = Need(machine=False, project=False)
    return _become("lab.site", argv, need, CHECKOUT / "docs" / "requirements.txt")


def _become(module: str, argv: Sequence[str], need: Need, requirements: Path) -> int:
    # On SIGTERM, end the child processes, as on an interrupt.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        python = _prepare(need, requirements, progress())
    except LabError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    environ = os.environ | {"PYTHONPATH": str(LAB.parent)}
    os.execve(python, [str(python), "-m", module, *argv], environ)  # noqa: S606


def _prepare(need: Need, requirements: Path, say: Say) -> Path:
    if sys.version_info < OLDEST:
        raise LabError(f"Python {'.'.join(map(str, OLDEST))} or later is required")
    cache = cache_folder()
    machine = look(cache)
    if packages := missing_packages(machine, need):
        install(packages, cache, say)
    bases = makes_bases(machine, need)
    other = makes_other_root(machine, need)
    with (
        _meanwhile(["lab.debian", *bases], "the base images", bool(bases), say),
        _meanwhile(["lab.other_root"], "the root file systems of other engines", other, say),
    ):
        if need.project:
            environment = make_environment(cache, CHECKOUT, requirements, say)
        else:
            environment = make_locked_environment(cache, requirements, say)
    return environment / "bin" / "python"


@contextmanager
def _meanwhile(module: Sequence[str], what: str, wanted: bool, say: Say) -> Iterator[None]:
    if not wanted:
        yield
        return
    say(f"building {what} with debootstrap: takes a minute or two, only once")
    argv = with_parent([sys.executable, "-m", *module])
    with subprocess.Popen(argv, cwd=LAB.parent) as maker:
        try:
            yield
            if maker.wait() != 0:
                raise LabError(f"debootstrap could not build {what}")
            say(f"built {what}")
        finally:
            maker.terminate()
