"""Run rounds of one target: each makes an input from its number, and checks the promises."""

from __future__ import annotations

import signal
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

from lab.soak.fuzz.guard import no_requests
from lab.soak.fuzz.promise import Broken, expect
from lab.soak.fuzz.target import Target
from lab.soak.fuzz.targets import TARGETS

SECONDS = 2.0
"""Processor time that one input may take; most take less than a millisecond."""
HANGS = 60
"""Seconds after which an input counts as one that never ends."""
SHOWN = 300
"""Characters of an input in a report."""
SMALL, LARGE = 4_000, 32_000
"""Bytes of the two inputs whose times are compared."""
FACTOR = 24
"""How many times longer the large one may take: linear is 8, with the square it is 64."""
NEGLIGIBLE = 0.05
"""Seconds for the large input that are not compared."""


@dataclass(frozen=True)
class Chunk:
    """*count* rounds of a target, from number *first*; *growth* compares times instead."""

    target: str
    seed: int
    first: int
    count: int
    growth: bool = False


@dataclass
class Done:
    """The rounds of a chunk, and a line for each that did not hold."""

    chunk: Chunk
    broken: list[str] = field(default_factory=list)


def run_chunk(chunk: Chunk) -> Done:
    """Run the rounds of *chunk*, without any network."""
    target, done = TARGETS[chunk.target], Done(chunk)
    check = _check_growth if chunk.growth else _check_one
    with no_requests(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number in range(chunk.first, chunk.first + chunk.count):
            random = Random(f"{chunk.seed} {target.name} {chunk.growth} {number}")  # noqa: S311
            data = target.make(random)
            why = _fault(lambda data=data, random=random: check(target, data, random))  # type: ignore[misc]
            if why is not None:
                done.broken.append(_report(chunk, number, data, why))
    return done


def _fault(check: Callable[[], None]) -> str | None:
    """Return why *check* failed, or None."""
    try:
        with _limit():
            check()
    except Broken as broken:
        return str(broken)
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        name = place.filename.rpartition("/")[2]
        return f"{type(error).__name__}: {error} ({name}:{place.lineno})"
    return None


def _check_one(target: Target, data: bytes, _: Random) -> None:
    began = time.process_time()
    target.check(data)
    spent = time.process_time() - began
    expect(spent < SECONDS, f"{len(data)} bytes took {spent:.1f} s")


def _check_growth(target: Target, data: bytes, random: Random) -> None:
    """Compare the times of two inputs that repeat the same words."""
    unit = b"".join(random.choice(target.words) for _ in range(random.choice((1, 1, 2, 2, 3))))
    at = random.randrange(len(data) + 1)
    # Once more before it counts: something else may have kept the processor busy.
    if _grows(target, data, at, unit or b"a") > FACTOR:
        times = _grows(target, data, at, unit or b"a")
        expect(times <= FACTOR, f"8 times the size takes {times:.0f} times as long: {unit!r}")


def _grows(target: Target, data: bytes, at: int, unit: bytes) -> float:
    """Return how many times longer the large input takes than the small one."""
    frame = data[:2_000]

    def seconds(size: int) -> float:
        grown = frame[:at] + unit * (size // len(unit)) + frame[at:]
        began = time.process_time()
        target.check(grown)
        return time.process_time() - began

    large = min(seconds(LARGE) for _ in range(2))
    return (
        0.0 if large < NEGLIGIBLE else large / max(min(seconds(SMALL) for _ in range(3)), 1e-4)
    )


def _report(chunk: Chunk, number: int, data: bytes, why: str) -> str:
    again = f"{chunk.target}:{'growth:' if chunk.growth else ''}{number}"
    shown = repr(data)[2:-1]
    shown = shown if len(shown) <= SHOWN else f"{shown[:SHOWN]}... ({len(data)} bytes)"
    return f'--seed {chunk.seed} --again "{again}": {why[:SHOWN]}\n    input: {shown}'


@contextmanager
def _limit() -> Iterator[None]:
    """Let what hangs raise Broken."""

    def stop(*_: Any) -> None:
        raise Broken(f"it did not end within {HANGS} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(HANGS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
