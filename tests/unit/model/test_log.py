"""Lines of tools as people read them."""

from __future__ import annotations

import time

import pytest

from buildbot_ship.model.log import in_one_line, readable


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain \N{SNOWMAN}", "plain \N{SNOWMAN}"),
        ("\x1b[1;31mred\x1b[0m text", "red text"),
        ("\x1b[38;2;1;2;3mtrue\x1b[K colour\x1b[?25l", "true colour"),
        ("\x9b31mred\x9b0m", "red"),
        ("\x1b]0;title\x07shown", "shown"),
        ("\x1b]8;;http://a/\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b(Bset \x1b7\x1b8", "set"),
        ("\x1b", ""),
        ("\x1b]never ends", "never ends"),
        ("10%\r50%\r100%\r\n", "100%\n"),
        ("  5%\r100%", "  100%"),
        ("  5%\r  100%", "  100%"),
        ("one\r\ntwo\r", "one\ntwo"),
        ("\r\r", ""),
        ("Reading... 5%\rReading... Done  ", "Reading... Done"),
        ("spin |\b/\b-\b\\\bx", "spin x"),
        ("\b\b\bstart", "start"),
        ("tab\tstays\x00\x07\x7f\x85", "tab\tstays"),
    ],
)
def test_a_line_is_what_a_terminal_would_leave(raw: str, shown: str) -> None:
    assert readable(raw) == shown
    assert readable(shown) == shown


@pytest.mark.parametrize("part", ["\x1b]", "\x1b[", "\x1b", "\b", "\r", "\x9b0"])
def test_a_hostile_line_costs_no_time(part: str) -> None:
    start = time.process_time()
    readable(part * 200_000)
    assert time.process_time() - start < 3


def test_a_message_is_one_line_without_escaped_colours() -> None:
    assert in_one_line(r"it says \x1b[31mno\x1b[0m: \x00") == r"it says no: \x00"
    assert in_one_line("cause:\r1%\r2%") == "cause: 1% 2%"
