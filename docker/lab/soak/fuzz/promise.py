"""The promises that every reader keeps, whatever it reads."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TypeVar

from buildbot_ship.errors import InvalidFile, ShipError

T = TypeVar("T")
PLANTED = "S3cr3tOfTheFuzzers0042"
"""A secret that the valid texts contain where secrets stand; no message may have it."""
LONGEST_MESSAGE = 4_000
"""Maximum length of a message and of its remedy, in characters."""


class Broken(AssertionError):
    """A promise does not hold."""


def expect(holds: bool, what: str) -> None:
    """Raise Broken with *what* unless it *holds*."""
    if not holds:
        raise Broken(what)


def attempt(
    read: Callable[[], T],
    *,
    files: Collection[str] = (),
    also: tuple[type[Exception], ...] = (),
) -> T | None:
    """Return what *read* returns, or None if it refuses the text.

    It may raise a ShipError, or one of *also*, whose callers turn it into a ShipError.
    InvalidFile names one of *files*, and a line.
    """
    try:
        return read()
    except ShipError as error:
        check_message(error)
        if isinstance(error, InvalidFile) and files:
            check_lines(error, files)
    except also as error:
        expect(PLANTED not in str(error), f"the error has the secret: {error!r}")
    return None


def check_message(error: ShipError) -> None:
    """See that the texts of *error* are short, in one line, printable, and have no secret."""
    for text in (str(error), error.remedy):
        expect(PLANTED not in text, f"the message has the secret: {text!r}")
        expect(0 < len(text) <= LONGEST_MESSAGE, f"the message has {len(text)} characters")
        shown = text.replace("\t", " ")
        expect(shown.isprintable(), f"the message has a control character: {text!r}")
    expect(PLANTED not in error.details, "the details have the secret")


def check_lines(error: InvalidFile, files: Collection[str]) -> None:
    """See that each problem of *error* has one of *files* and a line."""
    expect(bool(error.problems), "there is no problem")
    for problem in error.problems:
        expect(problem.file in files, f"the problem is in {problem.file!r}")
        expect(problem.line > 0, f"the problem is on line {problem.line}")


def same(first: object, second: object, what: str) -> None:
    """Raise Broken unless both are equal: *what* did not survive a round trip."""
    expect(first == second, f"{what}: {first!r:.200} became {second!r:.200}")
