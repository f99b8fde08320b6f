"""The soak `publish`: in each round, 16 writers on two masters publish 16 images under one tag.

In most rounds, all writers claim in the masters' database.  In every 25th, the writers of the
second master claim as on the command line, in git alone, and the others in both places.  Two
of the 16 writers fail in the middle of their push and release their claim.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from buildbot_ship.model.reference import Repository, digest_of
from buildbot_ship.registry.client import RegistryClient
from lab.errors import LabError
from lab.git_server import git, make_repository
from lab.processes import with_parent
from lab.registries import serve
from lab.runs import Run
from lab.soak.options import SoakOptions
from lab.soak.outcomes import BOTH, BY_HAND, OVERWRITTEN, STEPS, SUCCESS, UNCLAIMED
from lab.soak.tally import Tally

MASTERS, WRITERS = 2, 16
_HEAD_START = 0.02
"""Seconds for both masters to read an order before their writers begin."""


def soak_publish(run: Run, options: SoakOptions) -> Tally:
    """Run all rounds on a registry and a database of their own."""
    registry = serve(run, "soak")
    folder = run.folder / "soak"
    folder.mkdir()
    _create_database(folder, options.database)
    checkout = _checkout(run.folder)
    tally = Tally()
    with ExitStack() as stack:
        masters = [
            stack.enter_context(_Master.start([folder, options.database, checkout, *numbers]))
            for numbers in (range(first, WRITERS, MASTERS) for first in range(MASTERS))
        ]
        for number in range(options.rounds):
            kinds = _kinds(number, options)
            _round(f"{registry.address}/soak/app", number, kinds, masters, tally)
            if (number + 1) % 50 == 0:
                run.say(f"publish: {number + 1} of {options.rounds} rounds")
    return tally


def _kinds(number: int, options: SoakOptions) -> tuple[str, ...]:
    """Return how the writers of each master claim in a round."""
    if options.unclaimed:
        return (UNCLAIMED,) * MASTERS
    mixed = (number + 1) % options.mixed_every == 0
    return (BOTH, BY_HAND) if mixed else (STEPS,) * MASTERS


def _round(
    repository: str,
    number: int,
    kinds: Sequence[str],
    masters: Sequence[_Master],
    tally: Tally,
) -> None:
    """Let all writers publish under a new tag at the same moment, and judge how they ended."""
    commit = hashlib.sha1(f"round {number}".encode(), usedforsecurity=False).hexdigest()
    begin = time.time() + _HEAD_START
    for first, (master, kind) in enumerate(zip(masters, kinds, strict=True)):
        # In another order each time, or the same writer would win nearly always.
        numbers = range(first, WRITERS, MASTERS)
        shuffled = sorted(numbers, key=lambda writer: digest_of(f"{writer} {number}".encode()))
        writers = dict.fromkeys(shuffled, kind)
        order = {"repository": repository, "commit": commit, "at": begin, "writers": writers}
        master.tell(order)
    ended = [tuple(one) for master in masters for one in master.read()]
    tag = Repository.parse(repository).tagged(commit)
    judge(number, RegistryClient(()).head(tag), ended, tally)


def judge(
    number: int, digest: str | None, ended: Sequence[tuple[str, str]], tally: Tally
) -> None:
    """Count a round: *digest* is that of its tag, *ended* the outcome of each writer's image.

    Success holds for the image that the tag names, and for no other.  No writer may have
    stored another image than that.
    """
    successes = {image for outcome, image in ended if outcome == SUCCESS}
    for outcome, image in ended:
        wrong = outcome == OVERWRITTEN or (outcome == SUCCESS and image != digest)
        tally.attempts += 1
        tally.outcomes["wrong success" if wrong and outcome == SUCCESS else outcome] += 1
        if wrong:
            tally.broken.append(
                f"round {number}: {outcome} of {image}, but the tag is {digest}"
            )
    if digest is not None and not successes:
        tally.broken.append(f"round {number}: the tag is {digest}, and nobody reported success")


@dataclass(frozen=True)
class _Master:
    """The process of one master and its writers."""

    orders: IO[str]
    answers: IO[str]

    @classmethod
    @contextmanager
    def start(cls, arguments: Sequence[object]) -> Iterator[_Master]:
        """Start it with the *arguments* of `lab.soak.writers`; it ends with its input."""
        argv = [sys.executable, "-m", "lab.soak.writers", *map(str, arguments)]
        pipe = subprocess.PIPE
        with subprocess.Popen(with_parent(argv), stdin=pipe, stdout=pipe, text=True) as process:
            master = cls(cast(IO[str], process.stdin), cast(IO[str], process.stdout))
            master.read()
            try:
                yield master
            finally:
                master.orders.close()

    def tell(self, order: dict[str, Any]) -> None:
        """Give an order to its writers."""
        self.orders.write(json.dumps(order) + "\n")
        self.orders.flush()

    def read(self) -> Any:
        """Return its next answer."""
        line = self.answers.readline()
        if not line:
            raise LabError("a master of the soak ended; its error is above")
        return json.loads(line)


def _create_database(folder: Path, url: str) -> None:
    """Create the database in a process of its own, because a reactor runs only once."""
    argv = [sys.executable, "-m", "lab.soak.masters", str(folder), url]
    if subprocess.run(argv, check=False).returncode:
        raise LabError("the database of the soak could not be created; its error is above")


def _checkout(folder: Path) -> Path:
    """Return a checkout whose remote is an empty repository on this machine."""
    developer = make_repository(folder / "git" / "soak", folder / "soak.tree")
    git(developer.tree, "remote", "add", "origin", str(developer.repository))
    return developer.tree
