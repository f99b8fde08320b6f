"""What a cut leaves of a secret is hidden, and nothing else is."""

from __future__ import annotations

import time
from difflib import SequenceMatcher

import pytest
from lab.soak.secrets.attacker import ENCODINGS

from buildbot_ship.model.secrets.cut_text import CUT, LEAST, shorten, shorten_start
from buildbot_ship.model.secrets.masking import hiding
from tests.unit.model.secrets.test_masking import KEY, SECRETS


def longest_common(text: str, secret: str) -> int:
    """Return the length of the longest part of *secret* that is in *text*."""
    return SequenceMatcher(None, text, secret, autojunk=False).find_longest_match().size


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_no_cut_leaves_more_of_a_secret_than_a_few_characters(
    secret: str, encoding: str
) -> None:
    encode = ENCODINGS[encoding]
    encoded = encode(secret)
    most = max(7, len(encode(secret[:LEAST])), len(encode(secret[-LEAST:])))
    mask = hiding([secret])
    for size in range(1, len(encoded)):
        begun = mask(shorten(f"zz: {encoded}", 4 + size))
        ended = mask(shorten_start(f"{encoded} :zz", 4 + size))
        for shown in (begun, ended):
            assert CUT in shown
            assert longest_common(shown, encoded) < most, (size, shown)


def test_a_line_of_a_private_key_is_hidden_beside_a_cut() -> None:
    lines = [line for line in KEY.splitlines() if not line.startswith("-----")]
    assert hiding([KEY])(f"read {lines[0][:30]}{CUT}") == f"read ***{CUT}"
    assert hiding([KEY])(f"{CUT}{lines[0][30:]}\nend") == f"{CUT}***\nend"


@pytest.mark.parametrize(
    "text",
    [
        "retry in 0.5 s ... done",
        "fetching...",
        "...",
        "......",
        "hun... and hunters...",
        "the p@ss of the mountain ... w0rd",
    ],
)
def test_marks_beside_other_texts_change_nothing(text: str) -> None:
    assert hiding(["p@ss/w0rd+%&=? x", "hunting-season"])(text) == text


def test_what_is_short_enough_is_not_cut() -> None:
    assert shorten("abcdef", 6) == shorten_start("abcdef", 6) == "abcdef"
    assert shorten("abcdef", 5) == f"abcde{CUT}"
    assert shorten_start("abcdef", 5) == f"{CUT}bcdef"


def test_fewer_characters_than_words_have_are_left() -> None:
    mask = hiding(["hunter2-and-more"])
    assert mask("hunter2-and-more"[: LEAST - 1] + CUT) == f"hun{CUT}"
    assert mask("hunter2-and-more"[:LEAST] + CUT) == f"***{CUT}"


@pytest.mark.parametrize("text", [CUT, f"hunt{CUT}", f"%2F{CUT}", f"a{CUT}", f"\\{CUT}"])
def test_a_text_of_cuts_takes_no_longer_than_its_length(text: str) -> None:
    mask = hiding([*SECRETS, KEY])
    began = time.monotonic()
    mask(text * (20_000 // len(text)))
    assert time.monotonic() - began < 20
