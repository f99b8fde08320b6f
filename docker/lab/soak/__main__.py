"""`tests/soak/run`, started by `bootstrap` in the environment that it made."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from lab.errors import LabError
from lab.other_engine import OtherEngine
from lab.progress import progress
from lab.runs import Run, running
from lab.soak.collecting.soak import soak_collector
from lab.soak.fuzz.soak import soak_fuzz
from lab.soak.kills import soak_kills
from lab.soak.load import soak_load
from lab.soak.options import SoakOptions, parse_soak
from lab.soak.publish import soak_publish
from lab.soak.secrets.soak import soak_secrets
from lab.soak.tally import Tally

SOAKS: dict[str, Callable[[Run, SoakOptions], Tally]] = {
    "publish": soak_publish,
    "secrets": soak_secrets,
    "collector": soak_collector,
    "kills": soak_kills,
    "load": soak_load,
    "fuzz": soak_fuzz,
}

ON_AN_ENGINE = ("collector", "secrets")
"""Soaks that use the engine of their environment; kills and load start theirs."""


def main(argv: Sequence[str]) -> int:
    """Run one soak and print its figures; return the exit status."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    options = parse_soak(argv)
    try:
        with (
            running("soak", progress()) as run,
            _engine(run, wanted=options.name in ON_AN_ENGINE),
        ):
            tally = SOAKS[options.name](run, options)
    except LabError as error:
        print(f"\nThe soak failed. {error}", file=sys.stderr, flush=True)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    print(*tally.lines(options.name), sep="\n", flush=True)
    return 0 if tally.all_held else 1


@contextmanager
def _engine(run: Run, *, wanted: bool) -> Iterator[None]:
    """Start an engine of this soak, because others may use the machine's."""
    if not wanted:
        yield
        return
    engine = OtherEngine(run, "overlay2", "soak")
    try:
        engine.start()
        os.environ["DOCKER_HOST"] = engine.address
        yield
    finally:
        engine.kill()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
