"""Checks run side by side, in the order of their needs, and never stop each other."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from buildbot_ship.errors import FileMissing
from buildbot_ship.model.diagnosis.finding import Finding, ok, problem, skipped, warning
from buildbot_ship.verbs.doctor.checks import Check, run_checks


def bad() -> Iterator[Finding]:
    yield problem("broken", "why", "mend it")


def fine() -> Iterator[Finding]:
    yield ok("fine")


def statuses(*checks: Check) -> dict[str, str]:
    return {each.check: each.status for each in run_checks(checks).findings}


def test_what_depends_on_a_problem_is_skipped_and_the_rest_runs() -> None:
    report = run_checks(
        [
            Check("a", bad),
            Check("b", fine, needs=("a",)),
            Check("c", fine, needs=("b",)),
            Check("d", fine),
            Check("e", fine, after=("a",)),
        ]
    )
    assert [each.status for each in report.findings] == [
        "problem",
        "skipped",
        "skipped",
        "ok",
        "ok",
    ]
    # The cause is named, not what was skipped because of it.
    assert report.findings[2].message == "not checked: a has a problem"


def test_a_warning_stops_nothing() -> None:
    odd = Check("a", lambda: [warning("odd", "why", "look")])
    assert statuses(odd, Check("b", fine, needs=("a",))) == {"a": "warning", "b": "ok"}


def test_a_check_that_was_skipped_skips_what_needs_it() -> None:
    first = Check("a", lambda: [skipped("no repository")])
    assert statuses(first, Check("b", fine, needs=("a",)))["b"] == "skipped"


def fails() -> Iterator[Finding]:
    yield ok("so far")
    raise FileMissing("a.txt", "the repository")


def breaks() -> Iterator[Finding]:
    raise RuntimeError("oops")
    yield


def test_what_a_check_raises_becomes_its_finding() -> None:
    report = run_checks([Check("a", fails), Check("b", breaks), Check("c", fine)])
    assert [each.status for each in report.findings] == ["problem", "problem", "ok"]
    assert report.findings[0].error == "FileMissing"
    assert "RuntimeError: oops (breaks, line" in report.findings[1].cause
    assert "bug" in report.findings[1].remedy


def test_independent_checks_run_side_by_side() -> None:
    meeting = threading.Barrier(3, timeout=20)

    def meet() -> Iterator[Finding]:
        meeting.wait()
        yield ok("met")

    assert set(statuses(*(Check(name, meet) for name in "abc")).values()) == {"ok"}


def test_findings_are_shown_in_order_and_early() -> None:
    shown: list[str] = []
    first_is_shown = threading.Event()

    def show(finding: Finding) -> None:
        shown.append(finding.check)
        first_is_shown.set()

    def waits() -> Iterator[Finding]:
        assert first_is_shown.wait(20)
        yield ok("the first was shown meanwhile")

    report = run_checks([Check("a", fine), Check("b", waits), Check("c", fine)], show)
    assert shown == ["a", "b", "c"]
    assert [each.status for each in report.findings] == ["ok"] * 3


def test_a_check_may_need_only_an_earlier_one() -> None:
    with pytest.raises(AssertionError):
        run_checks([Check("b", fine, needs=("a",)), Check("a", fine)])
