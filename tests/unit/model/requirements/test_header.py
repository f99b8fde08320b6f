from __future__ import annotations

import attrs
import pytest

from buildbot_ship.model.requirements.distribution_formats import Formats
from buildbot_ship.model.requirements.header import Header, Interpreter, split

PYTHON = Interpreter("3.11.2", "cpython-311-x86_64-linux-gnu", "linux-x86_64")
HEADER = Header(
    {"requirements.loose.txt": "a" * 64, "my app/setup.py": "b" * 64},
    PYTHON,
    "registry.example.com/team/python311:2026-11-23T04-50-49-169150",
    "pip 26.3, pip-tools 7.6.2",
    ("remotemath==17.3.0",),
)


def test_a_header_is_read_as_it_was_written() -> None:
    header, body = split(HEADER.text + "# not a fact\nsix==1\n")
    assert header == HEADER
    assert header.lines == {"requirements.loose.txt": 2, "my app/setup.py": 3}
    assert body == "# not a fact\nsix==1\n"


@pytest.mark.parametrize("text", ["", "six==1\n", "# by hand\n# python: 3.11.2 a b\n"])
def test_what_has_no_header_is_all_body(text: str) -> None:
    assert split(text) == (Header(), text)


def test_a_new_base_or_patch_release_leaves_a_file_as_good() -> None:
    newer = attrs.evolve(PYTHON, version="3.11.9")
    moved = attrs.evolve(HEADER, base="other:1", tools="pip 27", interpreter=newer)
    assert HEADER.is_equivalent_to(moved)


@pytest.mark.parametrize(
    "change",
    [
        {"inputs": {"requirements.loose.txt": "c" * 64}},
        {"sdists": ()},
        {"formats": Formats(no_binary=("remotemath",))},
        {"interpreter": attrs.evolve(PYTHON, version="3.12.1")},
        {"interpreter": attrs.evolve(PYTHON, platform="linux-aarch64")},
        {"interpreter": None},
    ],
)
def test_other_inputs_or_another_python_do_not(change: dict[str, object]) -> None:
    assert not HEADER.is_equivalent_to(attrs.evolve(HEADER, **change))  # type: ignore[arg-type]


def test_the_options_of_wheels_and_sdists_are_read_as_they_were_written() -> None:
    assert "binary" not in HEADER.text
    formats = Formats(no_binary=("lxml", "psycopg2"), only_binary=(":all:",))
    made = attrs.evolve(HEADER, formats=formats)
    assert "# no-binary: lxml,psycopg2\n# only-binary: :all:\n# sdist: " in made.text
    assert split(made.text + "six==1\n") == (made, "six==1\n")
