from __future__ import annotations

import pytest

from buildbot_ship.errors import InvalidRequest
from buildbot_ship.model.request import CheckRequest, HardenRequest
from buildbot_ship.model.requirements.distribution_formats import (
    Formats,
    read_words,
    write_words,
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (":none:", ()),
        (":all:", (":all:",)),
        ("Psycopg2, zope.Interface,psycopg2", ("psycopg2", "zope-interface")),
        ("six,:none:,lxml", ("lxml",)),
        ("six,:all:", (":all:",)),
        (":all:,:none:", ()),
    ],
)
def test_words_are_read_as_pip_reads_them(text: str, words: tuple[str, ...]) -> None:
    assert read_words(text) == words
    assert read_words(write_words(words)) == words


def test_a_package_may_be_named_against_all_but_not_in_both_options() -> None:
    formats = Formats.of(HardenRequest(no_binary="remotemath", only_binary=":all:"))
    assert formats.names() == {"no_binary": ["remotemath"], "only_binary": []}
    for words in ("LXML", ":all:"):
        request = CheckRequest(no_binary=words, only_binary=f"{words.lower()}")
        with pytest.raises(InvalidRequest, match=f"no_binary: {words.lower()} is also in only"):
            Formats.of(request)


@pytest.mark.parametrize("text", ["", "six,", "-r x", "six==1", "a[b]", ":some:"])
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest, match="is not :all:, :none:, or names"):
        HardenRequest(no_binary=text)
