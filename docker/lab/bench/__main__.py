"""`tests/bench/run`, started by `bootstrap` in the environment that it made."""

from __future__ import annotations

import shutil
import signal
import sys
from collections.abc import Sequence

from lab.bench.figures import Figure, medians
from lab.bench.options import BenchOptions, parse_bench
from lab.bench.rounds import measure
from lab.errors import LabError
from lab.progress import progress
from lab.runs import running

KIND = "bench"


def main(argv: Sequence[str]) -> int:
    """Measure, print and write what was asked for; return the exit status."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    options = parse_bench(argv)
    try:
        figures = run_all(options)
    except LabError as error:
        print(f"\nThe benchmark failed. {error}", file=sys.stderr, flush=True)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    print(figures)
    return 0


def run_all(options: BenchOptions) -> list[Figure]:
    """Measure on this machine."""
    if not shutil.which("docker"):
        raise LabError("the article and the Dockerfiles take the docker command: install it")
    with running(KIND, progress()) as run:
        run.start_engine()
        return medians(measure(run, options))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
