from __future__ import annotations

import attrs
import pytest

from buildbot_ship.errors import RegistryForbidden
from buildbot_ship.model.diagnosis.finding import (
    PROBLEMS,
    Finding,
    Report,
    failed,
    ok,
    problem,
    skipped,
    warning,
)

BAD = problem("it is broken", "a reason", "mend it")
ODD = warning("it is odd", "a reason", "look at it")


@pytest.mark.parametrize(
    ("findings", "status", "exit_status"),
    [
        ((), "ok", 0),
        ((ok("fine"), skipped("later")), "ok", 0),
        ((ok("fine"), ODD), "warning", 0),
        ((BAD, ODD, ok("fine")), "problem", PROBLEMS),
    ],
)
def test_the_worst_finding_is_the_status(
    findings: tuple[Finding, ...], status: str, exit_status: int
) -> None:
    report = Report(findings)
    assert (report.status, report.exit_status) == (status, exit_status)


def test_a_finding_is_one_line_and_a_problem_has_two_more() -> None:
    assert list(attrs.evolve(ok("fine"), check="disk").lines(6)) == ["ok       disk    fine"]
    assert list(attrs.evolve(BAD, check="disk").lines(6)) == [
        "problem  disk    it is broken",
        "         cause: a reason",
        "         remedy: mend it",
    ]


def test_an_error_is_a_problem_with_its_own_message_as_the_cause() -> None:
    error = RegistryForbidden("r.example.com", "take it")
    found = failed("no right", error, "ask")
    assert found.cause == "registry r.example.com refused to take it: not authorised"
    assert (found.remedy, found.error) == ("ask", "RegistryForbidden")
    assert failed("no right", error).remedy == error.remedy


def test_the_report_as_json_has_all_findings_and_their_numbers() -> None:
    report = Report((attrs.evolve(BAD, check="disk"), ok("fine")))
    document = report.to_json()
    assert document["schema"] == 1
    assert document["status"] == "problem"
    assert document["counts"] == {"ok": 1, "warning": 0, "problem": 1, "skipped": 0}
    assert document["findings"][0] == {
        "check": "disk",
        "status": "problem",
        "message": "it is broken",
        "cause": "a reason",
        "remedy": "mend it",
        "error": "",
    }
    assert report.summary == "1 problem, 0 warnings, 1 ok, 0 skipped"
