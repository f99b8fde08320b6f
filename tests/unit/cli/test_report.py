from __future__ import annotations

import pytest

from buildbot_ship.cli.arguments import read
from buildbot_ship.cli.call import _failed, _report
from buildbot_ship.errors import InvalidFile, Problem
from buildbot_ship.model.result import SUCCESS, Result


@pytest.mark.parametrize(("count", "times"), [(1, 1), (2, 2)])
def test_a_fault_that_stands_alone_is_said_once(
    capsys: pytest.CaptureFixture[str], count: int, times: int
) -> None:
    faults = tuple(Problem("strict.txt", n, "flask has no hash") for n in range(1, count + 1))
    _report(read(["check"], {}), _failed("check", InvalidFile(faults)))
    said = capsys.readouterr().out
    assert said.count("strict.txt:1: flask has no hash") == times
    assert said.count("remedy: ") == 1


@pytest.mark.parametrize("options", [["gc"], ["gc", "--json"]])
def test_warnings_are_printed_before_the_summary(
    capsys: pytest.CaptureFixture[str], options: list[str]
) -> None:
    _report(read(options, {}), Result("gc", SUCCESS, "done", warnings=("a: look",)))
    said = capsys.readouterr()
    place = said.err if "--json" in options else said.out
    assert place.splitlines()[0] == "warning: a: look"
