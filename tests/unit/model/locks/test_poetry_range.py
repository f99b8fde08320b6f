"""Poetry's ranges of versions as specifiers."""

from __future__ import annotations

import pytest
from packaging.specifiers import SpecifierSet

from buildbot_ship.model.locks.poetry_range import specifiers


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ("",)),
        ("*", ("",)),
        ("^3.11", (">=3.11,<4",)),
        ("^3.11.2", (">=3.11.2,<4",)),
        ("^0.2.3", (">=0.2.3,<0.3",)),
        ("^0.0.3", (">=0.0.3,<0.0.4",)),
        ("^0", (">=0,<1",)),
        ("~3.11", (">=3.11,<3.12",)),
        ("~3.11.4", (">=3.11.4,<3.12",)),
        ("~3", (">=3,<4",)),
        ("~=3.11", ("~=3.11",)),
        ("3.12", ("==3.12",)),
        ("3.12.*", ("==3.12.*",)),
        (">=3.11,<4.0", (">=3.11,<4.0",)),
        (">= 3.11 , < 4", (">=3.11,<4",)),
        ("^3.11,!=3.12.1", (">=3.11,<4,!=3.12.1",)),
        ("~2.7 || ^3.11", (">=2.7,<2.8", ">=3.11,<4")),
        ("!=3.12.*,>=3.11", ("!=3.12.*,>=3.11",)),
    ],
)
def test_a_range_becomes_specifiers(text: str, expected: tuple[str, ...]) -> None:
    assert specifiers(text) == expected
    for each in expected:
        SpecifierSet(each)


@pytest.mark.parametrize("text", ["nonsense words ^", "^", ">=3 <<", "^3.x", "^²"])
def test_what_is_no_range_stays_no_specifier(text: str) -> None:
    (found,) = specifiers(text)
    with pytest.raises(ValueError, match="Invalid"):
        SpecifierSet(found)


def test_a_long_text_takes_no_time() -> None:
    specifiers(">" * 50_000 + "^3.11," * 50_000)
