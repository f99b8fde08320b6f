"""A fuzz target: a reader, and how to make texts for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from lab.soak.fuzz.json_mutation import JSON_WORDS, mutated_json
from lab.soak.fuzz.mutation import mutated


@dataclass(frozen=True)
class Target:
    """*check* reads bytes and raises on a broken promise; *make* returns such bytes.

    *words* are those of the format, which are also repeated to see how the time grows.  Slow
    targets have less *weight*: they get fewer rounds.
    """

    name: str
    check: Callable[[bytes], None]
    make: Callable[[Random], bytes]
    words: tuple[bytes, ...] = ()
    grows: bool = True
    weight: int = 4


def text_target(
    name: str,
    check: Callable[[bytes], None],
    seeds: tuple[bytes, ...],
    words: tuple[bytes, ...],
) -> Target:
    """Return a target whose texts are *seeds*, changed with *words*."""
    return Target(name, check, lambda random: mutated(random, seeds, words), words)


def json_target(
    name: str, check: Callable[[bytes], None], seeds: tuple[bytes, ...], weight: int = 4
) -> Target:
    """Return a target whose texts are the JSON documents *seeds*, changed value by value."""

    def make(random: Random) -> bytes:
        return mutated_json(random, seeds, JSON_WORDS)

    return Target(name, check, make, JSON_WORDS, weight=weight)
