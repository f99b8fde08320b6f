from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import attrs
import pytest

from buildbot_ship.errors import FileMissing, InvalidFile
from buildbot_ship.model.reference import Reference
from buildbot_ship.model.request import CheckRequest
from buildbot_ship.model.requirements.distribution_formats import Formats
from buildbot_ship.model.requirements.header import Header, Interpreter
from buildbot_ship.source.interface import History, TreeEntry, TreeFile
from buildbot_ship.verbs.requirements.check import check

LOOSE, STRICT, LOCK = (
    "requirements.loose.txt",
    "requirements.strict.txt",
    "requirements.build.txt",
)
PYTHON = Interpreter("3.11.2", "cpython-311-x86_64-linux-gnu", "linux-x86_64")
BASE = "registry.example.com/team/python311:2026-11-23T04-50-49-169150"
A, B, C = "a" * 64, "b" * 64, "c" * 64
PINS = f"""\
klein==24.8.0 --hash=sha256:{A}
    # via -r requirements.loose.txt
remotemath==17.3.0 --hash=sha256:{B}
    # via -r requirements.loose.txt
requests[socks]==2.32.0 --hash=sha256:{C}
    # via
    #   -r requirements.loose.txt
    #   app (setup.py)
"""
SECTIONS = f"""\
#: sdist remotemath==17.3.0 sha256:{B}
setuptools==84.2.1 --hash=sha256:{A}
#: package .
setuptools==84.2.1 --hash=sha256:{A}
"""
FILES = {
    LOOSE: "klein>=24\nremotemath\nrequests[socks]\n-c limits.txt\n",
    "limits.txt": "klein<25\nnever-used<1\n",
    "setup.py": "setup()\n",
    "build.docker": f"# why\nFROM {BASE}\n",
}
REQUEST = CheckRequest(packages=(".",))
MENDED = (
    "run buildbot-ship harden --upgrade nothing --package ., review its changes, and commit"
)


@attrs.define
class Commit:
    """A tree in memory; its locks are those of its files, unless they are given."""

    texts: dict[str, str]
    commit: str = "0" * 40
    committed: datetime = datetime(2026, 11, 23, tzinfo=UTC)

    def history(self, folder: str) -> History:
        raise AssertionError("no package here has a version from git")

    def read(self, path: str) -> TreeFile | None:
        return TreeFile(self.texts[path].encode()) if path in self.texts else None

    def files(self, folder: str) -> Iterator[tuple[str, TreeFile]]:
        raise AssertionError("the files of a folder are not asked for")

    def entries(self) -> Iterator[tuple[str, TreeEntry]]:
        raise AssertionError("the entries are not asked for")


def header(files: dict[str, str], **facts: object) -> str:
    inputs = {
        path: hashlib.sha256(text.encode()).hexdigest()
        for path, text in files.items()
        if path != "build.docker"
    }
    made = Header(inputs, PYTHON, BASE, "pip 26.3", ("remotemath==17.3.0",))
    return attrs.evolve(made, **facts).text  # type: ignore[arg-type]


def hardened(
    files: dict[str, str] = FILES, pins: str = PINS, sections: str = SECTIONS
) -> Commit:
    """Return a commit whose locks were written from its *files*."""
    head = header(files)
    return Commit({**files, STRICT: head + pins, LOCK: head + sections})


def nobody(base: Reference) -> Interpreter:
    raise AssertionError(f"an engine was asked for {base}")


def found(commit: Commit, request: CheckRequest = REQUEST) -> list[str]:
    with pytest.raises(InvalidFile) as caught:
        check(request, tree=commit, find_interpreter=nobody)
    return [str(problem) for problem in caught.value.problems]


def test_what_follows_is_said_without_asking_anybody() -> None:
    result = check(REQUEST, tree=hardened(), find_interpreter=nobody)
    assert result.status == "success"
    assert result.summary == f"3 packages, up to date: {STRICT}"


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            "klein>=24",
            "klein>=25",
            f"{LOOSE}:1: klein>=25 does not allow 24.8.0 on line 9 of {STRICT}",
        ),
        ("remotemath\n", "remotemath\nsix\n", f"{LOOSE}:3: six is not in {STRICT}"),
        (
            "requests[socks]",
            "requests[socks,security]",
            f"{LOOSE}:3: requests[security] is pinned without its extra on line 13 of {STRICT}",
        ),
        (
            "remotemath\n",
            "",
            f"{STRICT}:11: remotemath is pinned for {LOOSE}, which no longer requires",
        ),
        (
            "klein",
            "# new\nklein",
            f"{LOOSE}:1: this file changed after {STRICT} was written (its line 2)",
        ),
    ],
)
def test_a_loose_line_that_moved_on_is_named(old: str, new: str, problem: str) -> None:
    commit = hardened()
    commit.texts[LOOSE] = FILES[LOOSE].replace(old, new)
    assert found(commit)[0].startswith(problem)


@pytest.mark.parametrize("loose", ["", "# nothing yet\n", "pywin32; sys_platform == 'win32'\n"])
def test_a_strict_file_without_pins_follows_from_a_loose_one_that_needs_none(
    loose: str,
) -> None:
    files = {LOOSE: loose, "setup.py": "setup()\n", "build.docker": FILES["build.docker"]}
    head = header(files, sdists=())
    section = f"#: package .\nsetuptools==84.2.1 --hash=sha256:{A}\n"
    commit = Commit({**files, STRICT: head, LOCK: head + section})
    assert check(REQUEST, tree=commit, find_interpreter=nobody).summary.startswith(
        "0 packages, "
    )
    commit.texts[LOOSE] = loose + "six\n"
    assert found(commit)[0].endswith(f"six is not in {STRICT}")


@pytest.mark.parametrize(
    ("wanted", "admitted"),
    [
        ("===24.8.0", True),
        ("===24.8", False),
        ("==24.*", True),
        ("(>=24)", True),
        ("~= 24.8 , != 24.8.1", True),
        (">24.8.0.dev1", True),
        (">=1!1", False),
        ("==24.8.0+local", False),
    ],
)
def test_every_operator_of_a_loose_line_is_held_against_the_pin(
    wanted: str, admitted: bool
) -> None:
    files = {**FILES, LOOSE: FILES[LOOSE].replace("klein>=24", f"Klein {wanted}")}
    commit = hardened(files)
    if admitted:
        assert check(REQUEST, tree=commit, find_interpreter=nobody).status == "success"
    else:
        assert "does not allow 24.8.0 on line 9" in found(commit)[0]


def test_other_options_of_wheels_and_sdists_make_the_strict_file_stale() -> None:
    head = header(FILES, formats=Formats(no_binary=("remotemath",)))
    commit = Commit({**FILES, STRICT: head + PINS, LOCK: head + SECTIONS})
    same = attrs.evolve(REQUEST, no_binary="RemoteMath")
    assert check(same, tree=commit, find_interpreter=nobody).status == "success"
    assert found(commit) == [
        f"{STRICT}:1: it was written with no_binary remotemath; the option is now :none:"
    ]
    other = attrs.evolve(same, only_binary=":all:")
    with pytest.raises(
        InvalidFile, match="with only_binary :none:; the option is now :all:"
    ) as e:
        check(other, tree=commit, find_interpreter=nobody)
    flags = "--no-binary RemoteMath --only-binary :all:"
    assert e.value.remedy == MENDED.replace(" --package .", f" {flags} --package .")


def test_a_constraint_that_a_pin_breaks_is_named() -> None:
    commit = hardened()
    commit.texts["limits.txt"] = "klein<24\n"
    assert found(commit) == [
        f"limits.txt:1: klein<24 does not allow 24.8.0 on line 9 of {STRICT}"
    ]


def test_a_package_whose_metadata_changed_is_named() -> None:
    commit = hardened()
    commit.texts["setup.py"] = "setup(install_requires=['six'])\n"
    assert found(commit) == [
        f"setup.py:1: this file changed after {STRICT} was written (its line 4)"
    ]


def test_files_that_came_and_went_are_named() -> None:
    commit = hardened()
    commit.texts["setup.cfg"] = commit.texts.pop("setup.py")
    assert found(commit) == [
        f"setup.cfg:1: {STRICT} was written without this file",
        f"{STRICT}:4: it was also made from setup.py, which is no longer read",
    ]


@pytest.mark.parametrize("marker", ['python_version < "3.9"', 'sys_platform == "win32"'])
def test_a_requirement_of_another_python_needs_no_pin(marker: str) -> None:
    files = {**FILES, LOOSE: FILES[LOOSE] + f"six; {marker}\n"}
    assert check(REQUEST, tree=hardened(files), find_interpreter=nobody).status == "success"


def test_a_requirement_of_this_python_needs_one() -> None:
    markers = 'python_full_version == "3.11.2" and platform_machine == "x86_64"'
    files = {**FILES, LOOSE: FILES[LOOSE] + f"six; {markers} and os_name == 'posix'\n"}
    assert found(hardened(files)) == [f"{LOOSE}:5: six is not in {STRICT}"]


def test_the_build_lock_covers_sdists_and_packages() -> None:
    assert found(hardened(sections="")) == [
        f"{LOCK}:1: it has no section for the sdist remotemath==17.3.0",
        f"{LOCK}:1: it has no section for the package .",
    ]


def test_a_section_of_another_sdist_or_package_is_named() -> None:
    sections = SECTIONS.replace(B, C).replace("#: package .", "#: package old")
    assert found(hardened(sections=sections)) == [
        f"{LOCK}:9: {STRICT} does not pin remotemath==17.3.0",
        f"{LOCK}:11: the option packages does not name old",
        f"{LOCK}:1: it has no section for the package .",
    ]


def test_two_files_of_two_hardenings_do_not_fit() -> None:
    commit = hardened()
    commit.texts[LOCK] = header(FILES, tools="pip 9") + SECTIONS
    assert found(commit) == [f"{LOCK}:1: it was not written together with {STRICT}"]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("six==1", "has no hash"),
        ("-e .", "-e lines are not allowed"),
        ("six>=1", "no exact version"),
    ],
)
def test_a_line_of_another_kind_is_named(line: str, why: str) -> None:
    (problem,) = found(hardened(pins=f"{PINS}{line}\n"))
    assert problem.startswith(f"{STRICT}:17: ")
    assert why in problem


def test_a_strict_file_that_people_wrote_says_nothing_of_its_origin() -> None:
    commit = Commit({**FILES, STRICT: PINS, LOCK: SECTIONS})
    assert found(commit) == [
        f"{STRICT}:1: its header does not record the files that it was made from"
    ]


def test_a_strict_file_from_elsewhere_without_a_loose_file_follows_from_nothing() -> None:
    commit = Commit({"build.docker": FILES["build.docker"], STRICT: PINS, LOCK: SECTIONS})
    result = check(REQUEST, tree=commit, find_interpreter=nobody)
    assert result.summary == (f"3 packages with hashes, not compared: {LOOSE} is missing")
    commit.texts[STRICT] += "six==1\n"
    assert "has no hash" in found(commit)[0]


def test_the_loose_file_of_a_hardened_one_is_missed() -> None:
    commit = hardened()
    del commit.texts[LOOSE]
    with pytest.raises(FileMissing, match=LOOSE):
        check(REQUEST, tree=commit, find_interpreter=nobody)


def test_a_missing_file_is_named() -> None:
    commit = hardened()
    del commit.texts[LOCK]
    with pytest.raises(FileMissing, match=LOCK) as caught:
        check(REQUEST, tree=commit, find_interpreter=nobody)
    assert caught.value.remedy.startswith("run buildbot-ship harden")


def test_the_remedy_is_the_command_that_mends_it() -> None:
    commit = hardened()
    commit.texts[LOOSE] += "six\n"
    with pytest.raises(InvalidFile) as caught:
        check(REQUEST, tree=commit, find_interpreter=nobody)
    assert caught.value.remedy == MENDED


def test_the_command_names_the_files_that_are_not_the_usual_ones() -> None:
    request = attrs.evolve(REQUEST, strict="my strict.txt")
    commit = hardened()
    commit.texts["my strict.txt"] = PINS
    with pytest.raises(InvalidFile, match="its header") as caught:
        check(request, tree=commit, find_interpreter=nobody)
    assert "--strict 'my strict.txt' --package ." in caught.value.remedy


@pytest.mark.parametrize("application", ["docker/example", "tests/bench/application"])
def test_an_application_of_ours_follows_from_its_loose_files(application: str) -> None:
    folder = Path(__file__).resolve().parents[4] / application
    names = [LOOSE, STRICT, LOCK, "setup.py", "build.docker"]
    texts = {name: (folder / name).read_text("utf-8") for name in names}
    assert check(REQUEST, tree=Commit(texts), find_interpreter=nobody).status == "success"


def moved(has: Interpreter) -> list[Reference]:
    """Check a commit whose base moved to one with another Python; return what was asked."""
    asked = []

    def ask(base: Reference) -> Interpreter:
        asked.append(base)
        return has

    commit = hardened()
    commit.texts["build.docker"] = FILES["build.docker"].replace("2026", "2027")
    check(REQUEST, tree=commit, find_interpreter=ask)
    return asked


def test_only_another_base_is_asked_for_its_python() -> None:
    (asked,) = moved(attrs.evolve(PYTHON, version="3.11.9"))
    assert str(asked) == BASE.replace("2026", "2027")


@pytest.mark.parametrize(
    "change",
    [
        {"version": "3.12.1"},
        {"abi": "cpython-311-x86_64-linux-musl"},
        {"platform": "linux-arm"},
    ],
)
def test_a_base_with_another_python_is_named(change: dict[str, str]) -> None:
    has = attrs.evolve(PYTHON, **change)
    with pytest.raises(InvalidFile) as caught:
        moved(has)
    assert str(caught.value) == (
        f"build.docker:2: the base has Python {has}, but {STRICT} was resolved for {PYTHON}"
    )
