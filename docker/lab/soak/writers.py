"""One master and its writers, as a process that reads orders: `python -m lab.soak.writers`.

An order is a line of JSON: the tag, the moment to begin, and the numbers of the writers.  The
answer is a line too: how each writer ended.  A writer makes a claim as `PushTagged` does, runs
the verb in a thread, and releases the claim if the verb did not use it.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import attrs
from twisted.internet import defer, reactor, task, threads

from buildbot_ship.errors import ShipError
from buildbot_ship.model.artefact import Image
from buildbot_ship.model.reference import Repository
from buildbot_ship.model.request import PushRequest
from buildbot_ship.model.request.settings import TagClaim
from buildbot_ship.model.tag_claims import ClaimRow
from buildbot_ship.registry.client import RegistryClient
from buildbot_ship.source.git_server import Origin
from buildbot_ship.source.published_refs import PublishedRefs
from buildbot_ship.steps.tag_claims import ClaimTable
from buildbot_ship.store.work_folder import Work
from buildbot_ship.verbs.publishing.push import push
from buildbot_ship.verbs.shared.cache import Cache
from buildbot_ship.verbs.shared.job_runner import JobRunner
from lab.soak.images import NAME, built_image
from lab.soak.masters import open_master, run_in_reactor
from lab.soak.outcomes import BOTH, BY_HAND, OVERWRITTEN, STEPS, SUCCESS


@dataclass(frozen=True)
class Writer:
    """A writer of its own image; *checkout* is where it claims git refs from."""

    number: int
    work: Work
    record: Image
    registry: RegistryClient
    checkout: Path

    @classmethod
    def make(cls, number: int, folder: Path, checkout: Path) -> Writer:
        """Return the writer of image *number*; every eighth one fails before it publishes."""
        work = Work(folder / f"work-{number}")
        record = built_image(work, number, complete=number % 8 != 7)
        return cls(number, work, record, RegistryClient(()), checkout)

    def push(self, repository: str, commit: str, claim: TagClaim | None, refs: bool) -> None:
        """Run the verb `push`."""
        self.work.save(attrs.evolve(self.record, commit=commit))
        runner = JobRunner(_no_engine, str, self.registry, self.work, _quiet, Cache(_quiet, []))
        origin = PublishedRefs(Origin(self.checkout, "origin"))
        request = PushRequest(NAME, repository)
        claim_ref = partial(origin.claim, take_over=False) if refs else None
        push(request, commit=commit, runner=runner, claim=claim, claim_ref=claim_ref)


async def attempt(table: ClaimTable, writer: Writer, order: dict[str, Any], how: str) -> str:
    """Publish the image of *writer*; return how that ended."""
    tag = str(Repository.parse(order["repository"]).tagged(order["commit"]))
    row, claim = None, None
    if how in (STEPS, BOTH):
        owner = f"{order['commit']}-{writer.number}"
        mine = ClaimRow(writer.record.manifest_digest, 0, f"writer {writer.number}", owner)
        granted = await table.claim(tag, mine, may_take_over=_never)
        row, claim = granted.row, granted.claim
    verb = partial(writer.push, order["repository"], order["commit"], claim)
    try:
        await threads.deferToThread(verb, how in (BOTH, BY_HAND))
    except ShipError as error:
        if row is not None and error.unpublished:
            await table.release(row)
        return type(error).__name__ if error.unpublished else OVERWRITTEN
    return SUCCESS


async def obey(table: ClaimTable, writers: dict[int, Writer], order: dict[str, Any]) -> None:
    """Let the writers of one order begin at the same moment, and answer."""
    await task.deferLater(reactor, max(0.0, order["at"] - time.time()), lambda: None)
    chosen = {int(number): how for number, how in order["writers"].items()}
    tries = [
        defer.ensureDeferred(attempt(table, writers[n], order, how))
        for n, how in chosen.items()
    ]
    ended = await defer.gatherResults(tries)
    digests = [writers[n].record.manifest_digest for n in chosen]
    print(json.dumps(list(zip(ended, digests, strict=True))), flush=True)


async def _never(_: ClaimRow) -> bool:
    return False


def _no_engine() -> Any:
    raise AssertionError("a push does not use the engine")


def _quiet(_: str) -> None:
    """Log nothing."""


async def _serve(folder: Path, url: str, checkout: Path, numbers: list[int]) -> None:
    table = ClaimTable(await open_master(folder, url))
    writers = {n: Writer.make(n, folder, checkout) for n in numbers}
    reactor.suggestThreadPoolSize(len(numbers))
    print(json.dumps("ready"), flush=True)
    while line := await threads.deferToThread(sys.stdin.readline):
        await obey(table, writers, json.loads(line))


def main(argv: list[str]) -> None:
    """Serve orders until standard input ends."""
    folder, url, checkout, *numbers = argv
    run_in_reactor(_serve(Path(folder), url, Path(checkout), list(map(int, numbers))))


if __name__ == "__main__":
    main(sys.argv[1:])
