"""`tests/corpus`, started by `bootstrap` in the environment that it made."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from lab.bases import Bases, publish_bases
from lab.corpus.apps import App
from lab.corpus.options import CorpusOptions, parse_corpus
from lab.corpus.report import Row, closing_line, passed, report
from lab.corpus.repository import FIRST, CommandLine
from lab.corpus.trial import Ground, Trial
from lab.debian import DEFAULT, MINORS
from lab.errors import LabError
from lab.progress import progress
from lab.registries import serve
from lab.runs import Run, running

KIND = "corpus"


def main(argv: Sequence[str]) -> int:
    """Go through the corpus; the status is 0 when all are identical and run."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    options, begun = parse_corpus(argv), time.monotonic()
    try:
        with running(KIND, progress()) as run:
            rows = try_on_python(run, options)
            _keep(run, options)
    except LabError as error:
        print(f"\nThe corpus failed. {error}", file=sys.stderr, flush=True)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    took = time.monotonic() - begun
    print(f"\n{report(rows)}\n\n{took / 60:.1f} minutes\n{closing_line(rows)}", flush=True)
    return 0 if passed(rows) else 1


def try_on_python(run: Run, options: CorpusOptions) -> list[Row]:
    """Start what is needed, own the bases as a team would, and try the applications.

    An application that does not support the Python is tried on the newest that it supports.
    """
    run.start_engine()
    own, upstream = serve(run, "own"), serve(run, "upstream")
    rows = []
    for minor, apps in by_python(options.apps, options.python).items():
        bases = publish_bases(run.cache, upstream.address, minor=minor)
        rows += try_all(apps, make_ground(run, bases, own.address, minor), options.jobs)
    return rows


def by_python(apps: Sequence[App], python: str) -> dict[str, list[App]]:
    """Return the applications by the Python, at most *python*, that they are tried on."""
    found: dict[str, list[App]] = {}
    for app in apps:
        found.setdefault(min(python, app.newest or python, key=MINORS.index), []).append(app)
    return found


def make_ground(run: Run, bases: Bases, registry: str, minor: str = DEFAULT) -> Ground:
    """Copy the bases into the team's registry by the product; return what trials share."""
    folder = run.folder / KIND / minor
    folder.mkdir(parents=True)
    command_line = CommandLine(run.name, folder / "states")
    place = f"{registry}/{KIND}/python{minor.replace('.', '')}"
    names = {"full": place, "slim": f"{place}-slim"}
    copies = [
        f"{bases.full.reference}={names['full']}",
        f"{bases.slim.reference}={names['slim']}",
    ]
    run.say("retag: the bases become the team's own")
    found = command_line.ship(folder, FIRST, "retag", *copies)["ship_bases"]
    references = [str(base["reference"]) for base in found.values()]
    own = {
        key: next(each for each in references if each.startswith(f"{name}:"))
        for key, name in names.items()
    }
    return Ground(folder, own, f"{registry}/{KIND}", command_line, run.labels, run.say)


def try_all(apps: Sequence[App], ground: Ground, jobs: int = 1) -> list[Row]:
    """Try applications, some at a time; an interruption ends those that are under way."""
    with ThreadPoolExecutor(jobs) as pool:
        try:
            return list(pool.map(lambda app: Trial(ground, app).row(), apps))
        except BaseException:
            ground.command_line.stop()
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _keep(run: Run, options: CorpusOptions) -> None:
    if options.keep:
        run.keep()
        run.say(f"kept: repositories and work folders in {run.folder / KIND}")
        run.say("remove them and the registry with: docker/demo --stop")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
