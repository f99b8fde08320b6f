"""A pyproject.toml as the loose file: dependencies, extras and dependency groups."""

from __future__ import annotations

import pytest

from buildbot_ship.errors import InvalidFile, InvalidRequest
from buildbot_ship.model.requirements.loose import Loose, Selected, read_loose

PATH = "pyproject.toml"
TEXT = """\
[project]
name = "Pin.Board"
dependencies = [
    "docopt",
    "klein>=24; os_name == 'posix'",
]
[project.optional-dependencies]
all = ["pin-board[tables,web]"]
tables = ["tabulate>=0.9"]
web = ["requests[socks]"]
[dependency-groups]
base = ["six"]
production = [{ include-group = "base" }, "attrs"]
loop = [{ include-group = "loop" }]
"""


def read(text: str = TEXT, *, empty: bool = False, **selected: tuple[str, ...]) -> Loose:
    files = {PATH: text.encode()}
    return read_loose(PATH, files.get, empty=empty, selected=Selected(**selected))


def test_dependencies_have_the_line_of_the_file() -> None:
    found = [(str(item.requirement), item.file, item.line) for item in read().requirements]
    assert found == [
        ("docopt", PATH, 4),
        ('klein>=24; os_name == "posix"', PATH, 5),
    ]


def test_an_extra_may_contain_other_extras_of_the_project() -> None:
    keys = {item.key for item in read(extras=("all",)).requirements}
    assert keys == {"docopt", "klein", "tabulate", "requests"}


def test_a_group_may_include_another() -> None:
    keys = {item.key for item in read(groups=("Production",)).requirements}
    assert keys == {"docopt", "klein", "six", "attrs"}


@pytest.mark.parametrize("option", ["extras", "groups"])
def test_an_unknown_name_is_refused(option: str) -> None:
    selected = Selected(**{option: ("absent",)})
    with pytest.raises(InvalidRequest, match=rf"pyproject.toml has no {option[:-1]} absent"):
        read_loose(PATH, {PATH: TEXT.encode()}.get, selected=selected)


def test_a_requirement_file_has_no_extras() -> None:
    with pytest.raises(InvalidRequest, match=r"groups: loose.txt has none"):
        read_loose("loose.txt", {"loose.txt": b"six"}.get, selected=Selected(groups=("dev",)))


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            '"docopt",',
            '"docopt @ https://h/a.whl",',
            "pyproject.toml:4: docopt is given by URL",
        ),
        ('"docopt",', '"docopt token",', "pyproject.toml:4: this is not a requirement"),
        ('"docopt",', "1,", "pyproject.toml:1: dependencies has an item of the wrong kind"),
        ("[project]", "[project", "pyproject.toml:1: this is not TOML"),
    ],
)
def test_a_fault_is_named_with_its_line(old: str, new: str, problem: str) -> None:
    with pytest.raises(InvalidFile) as caught:
        read(TEXT.replace(old, new, 1))
    assert str(caught.value.problems[0]).startswith(problem)


def test_a_group_that_includes_itself_is_refused() -> None:
    with pytest.raises(InvalidFile, match="the dependency group loop is invalid"):
        read(groups=("loop",))


def test_dynamic_dependencies_need_an_own_package() -> None:
    text = TEXT.replace('name = "Pin.Board"\n', 'name = "a"\ndynamic = ["dependencies"]\n')
    with pytest.raises(InvalidFile, match="name the folder in the option packages"):
        read(text)
    assert read(text, empty=True).requirements
