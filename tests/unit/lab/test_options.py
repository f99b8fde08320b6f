from __future__ import annotations

import re
from pathlib import Path

import pytest
from lab.debian import DEFAULT, RECIPES, SHOWN
from lab.options import GROUPS, parse_demo, parse_tests

CHECKOUT = Path(__file__).parents[3]


def test_no_group_means_all_of_them() -> None:
    assert parse_tests([]).groups == tuple(GROUPS)


def test_groups_run_quick_ones_first_whatever_the_order_given() -> None:
    assert parse_tests(["demo", "unit"]).groups == ("unit", "demo")


def test_what_follows_two_dashes_goes_to_pytest() -> None:
    options = parse_tests(["unit", "--", "-k", "digest"])
    assert (options.groups, options.pytest) == (("unit",), ("-k", "digest"))


def test_unit_tests_need_neither_machine_nor_browser() -> None:
    options = parse_tests(["unit"])
    assert not options.machine
    assert not options.browser


def test_an_unknown_group_is_refused_with_the_known_ones(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        parse_tests(["nothing"])
    assert ", ".join(GROUPS) in capsys.readouterr().err


def test_help_has_a_line_for_each_group(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse_tests(["--help"])
    shown = capsys.readouterr().out.splitlines()
    for name in GROUPS:
        assert any(line.split()[:1] == [name] for line in shown)


def test_the_demo_keeps_only_when_asked() -> None:
    assert not parse_demo([]).keep
    assert parse_demo(["--keep"]).keep


@pytest.mark.parametrize("name", GROUPS)
def test_a_group_that_serves_git_with_logins_says_so(name: str) -> None:
    folder = CHECKOUT / GROUPS[name].folder
    texts = (path.read_text(encoding="utf-8") for path in folder.rglob("*.py"))
    serves = any(re.search(r"^from lab\.git_login import", text, re.M) for text in texts)
    assert GROUPS[name].git_server == serves


def test_all_pythons_are_for_the_group_world_alone() -> None:
    assert parse_tests(["world"]).pythons == tuple(RECIPES)
    assert parse_tests([]).pythons == (DEFAULT, SHOWN, [*RECIPES][-1])
    assert parse_tests(["engine"]).pythons == (DEFAULT, SHOWN)
    assert parse_tests(["faults"]).pythons == (DEFAULT,)


@pytest.mark.parametrize("name", GROUPS)
def test_a_group_with_the_bases_of_the_example_says_so(name: str) -> None:
    folder = CHECKOUT / GROUPS[name].folder
    texts = [path.read_text(encoding="utf-8") for path in folder.rglob("*.py")]
    takes = any(re.search(r"\bexample_bases\b", text) for text in texts)
    assert GROUPS[name].example == (takes or name == "demo")
