"""Run checks: each one once, side by side, after those that it needs."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

import attrs

from ...errors import ShipError
from ...model.diagnosis.finding import (
    PROBLEM,
    SKIPPED,
    Finding,
    Report,
    failed,
    problem,
    skipped,
)

THREADS = 8
Show = Callable[[Finding], None]


@attrs.frozen
class Check:
    """One check: its *name*, and what it does.

    It is skipped if one of the checks in *needs* found a problem or was skipped.  Those in
    *after* only have to end first.
    """

    name: str
    run: Callable[[], Iterable[Finding]]
    needs: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


@attrs.define
class _Run:
    """The checks, and the findings of those that ended, by name."""

    checks: Sequence[Check]
    show: Show
    done: dict[str, tuple[Finding, ...]] = attrs.field(factory=dict)
    running: dict[Future[tuple[Finding, ...]], Check] = attrs.field(factory=dict)
    shown: int = 0

    def go(self) -> tuple[Finding, ...]:
        with ThreadPoolExecutor(THREADS) as pool:
            while len(self.done) < len(self.checks):
                self._start(pool)
                self._show()
                if not self.running:
                    continue
                for future in wait(self.running, return_when=FIRST_COMPLETED).done:
                    self.done[self.running.pop(future).name] = future.result()
        self._show()
        return tuple(found for check in self.checks for found in self.done[check.name])

    def _start(self, pool: ThreadPoolExecutor) -> None:
        """Start every check whose turn it is; skip those that need a failed one."""
        started = {check.name for check in self.running.values()} | self.done.keys()
        known = {check.name for check in self.checks}
        for check in self.checks:
            waits = (known & {*check.needs, *check.after}) - self.done.keys()
            if check.name in started or waits:
                continue
            if reason := self._reason(check):
                self.done[check.name] = (attrs.evolve(skipped(reason), check=check.name),)
            else:
                self.running[pool.submit(_findings, check)] = check

    def _reason(self, check: Check) -> str:
        """Return why *check* has to be skipped, or an empty text."""
        for name in check.needs:
            statuses = {finding.status for finding in self.done.get(name, ())}
            if PROBLEM in statuses:
                return f"not checked: {name} has a problem"
            if SKIPPED in statuses:
                # The reason of the first skipped check is the cause of all.
                return self.done[name][-1].message
        return ""

    def _show(self) -> None:
        """Show the findings of the first checks, as far as these ended."""
        for check in self.checks[self.shown :]:
            if check.name not in self.done:
                return
            self.shown += 1
            for found in self.done[check.name]:
                self.show(found)


def run_checks(checks: Sequence[Check], show: Show = lambda _: None) -> Report:
    """Run all *checks*; return the report in their order.

    A check never stops another one: what it raises becomes its finding.  *show* gets each
    finding in order, as soon as those before it are there.  A check may need only checks that
    come before it.
    """
    seen: set[str] = set()
    for check in checks:
        assert seen.issuperset(check.needs), check.name  # noqa: S101  # else it would never end
        seen.add(check.name)
    return Report(_Run(checks, show).go())


def _findings(check: Check) -> tuple[Finding, ...]:
    try:
        found = tuple(check.run())
    except ShipError as error:
        found = (failed(f"{check.name} failed", error),)
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        cause = f"{type(error).__name__}: {error} ({place.name}, line {place.lineno})"
        remedy = "this is a bug of buildbot-ship: please report it with this line"
        found = (problem("the check itself failed", cause, remedy),)
    return tuple(attrs.evolve(each, check=check.name) for each in found)
