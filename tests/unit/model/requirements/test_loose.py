from __future__ import annotations

import re
import time

import pytest

from buildbot_ship.errors import FileMissing, InvalidFile
from buildbot_ship.model.requirements.loose import Loose, metadata_of, read_loose

TOP = "requirements.loose.txt"


def read(files: dict[str, str], top: str = TOP) -> Loose:
    encoded = {path: text.encode() for path, text in files.items()}
    return read_loose(top, encoded.get)


def problems(files: dict[str, str]) -> list[str]:
    with pytest.raises(InvalidFile) as caught:
        read(files)
    return [str(problem) for problem in caught.value.problems]


def test_requirements_keep_what_programmers_mean() -> None:
    loose = read({TOP: 'twisted>=22  # tls\nrequests[socks]; python_version < "4"\n'})
    assert [str(wish.requirement) for wish in loose.requirements] == [
        "twisted>=22",
        'requests[socks]; python_version < "4"',
    ]
    assert [wish.line for wish in loose.requirements] == [1, 2]


@pytest.mark.parametrize(
    "line", ["-r web/base.txt", "-rweb/base.txt", "--requirement=web/base.txt"]
)
def test_files_include_each_other_from_where_they_are(line: str) -> None:
    loose = read(
        {TOP: f"{line}\n", "web/base.txt": "-r ../more.txt\nklein\n", "more.txt": "six\n"}
    )
    found = [(wish.key, wish.file, wish.line) for wish in loose.requirements]
    assert found == [("six", "more.txt", 1), ("klein", "web/base.txt", 2)]
    assert list(loose.files) == [TOP, "web/base.txt", "more.txt"]


def test_what_a_constraint_file_holds_is_no_requirement() -> None:
    files = {
        TOP: "-c limits.txt\nsix\n",
        "limits.txt": "-r more.txt\nklein<2\n",
        "more.txt": "x<1\n",
    }
    loose = read(files)
    assert [wish.key for wish in loose.requirements] == ["six"]
    assert [wish.key for wish in loose.constraints] == ["x", "klein"]


def test_a_file_included_twice_is_read_once() -> None:
    files = {TOP: "-r a.txt\n-r b.txt\n", "a.txt": "-r b.txt\nsix\n", "b.txt": "klein\n"}
    assert [wish.key for wish in read(files).requirements] == ["klein", "six"]


def test_a_circle_is_refused_where_it_closes() -> None:
    assert problems({TOP: "six\n-r a.txt\n", "a.txt": f"\n-r {TOP}\n"}) == [
        f"a.txt:2: -r makes a cycle: {TOP} includes this file"
    ]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("--index-url https://u:hunter2@example.com/", "--index-url lines are not allowed"),
        ("--extra-index-url=https://example.com/", "--extra-index-url lines are not allowed"),
        ("-f https://example.com/", "-f lines are not allowed"),
        ("--no-binary :all:", "--no-binary lines are not allowed"),
        ("-e .", "-e lines are not allowed: write only requirements, -r and -c"),
        ("git+https://example.com/x", "not a requirement"),
        ("x @ git+https://example.com/x", "x is given by URL"),
        ("x @ https://example.com/x.whl#md5=00", "x is given by URL"),
        ("https://example.com/x.whl#md5=00", "not a requirement"),
        (".", "not a requirement"),
        ("./x", "not a requirement"),
        ("x-1.0-py3-none-any.whl", "files are not allowed"),
        ("${HUNTER}", "variables are not allowed"),
        ("x --hash=sha512:00", "options of a requirement are not allowed"),
        ("-r /etc/passwd", "-r accepts only a file in this repository"),
        ("-r ../outside.txt", "-r accepts only a file in this repository"),
        ("-r a/../../outside.txt", "-r accepts only a file in this repository"),
        ("-r https://example.com/x.txt", "-r accepts only a file in this repository"),
        ("-r ${X}/x.txt", "-r accepts only a file in this repository"),
        ("-c ~/x.txt", "-c accepts only a file in this repository"),
        ("-r missing.txt", "-r names missing.txt, which is not a file in this repository"),
        ("-r a.txt -r b.txt", "-r lines are not allowed"),
        ("----hunter2", "such lines are not allowed"),
    ],
)
def test_what_pip_lets_through_is_refused_by_file_and_line(line: str, why: str) -> None:
    (problem,) = problems(
        {TOP: "-r more.txt\n", "more.txt": f"# first\nsix\n{line}\n", "a.txt": ""}
    )
    assert problem.startswith("more.txt:3: ")
    assert why in problem
    assert "hunter2" not in problem


def test_a_key_that_is_included_is_not_repeated() -> None:
    key = "-----BEGIN OPENSSH PRIVATE KEY-----\nhunter2/hunter2+\n"
    assert "hunter2" not in "".join(problems({TOP: "-r key.txt\n", "key.txt": key}))


def test_a_constraint_has_no_extras() -> None:
    files = {TOP: "six\n-c limits.txt\n", "limits.txt": "requests[socks]<3\n"}
    assert problems(files) == [
        "limits.txt:1: requests: a constraint cannot have extras: remove them"
    ]


def test_all_problems_of_all_files_are_told_at_once() -> None:
    found = problems({TOP: "-e .\n-r a.txt\n-f x\n", "a.txt": "\\xff ?\n"})
    assert [problem.partition(": ")[0] for problem in found] == [
        f"{TOP}:1",
        "a.txt:1",
        f"{TOP}:3",
    ]


def test_an_empty_file_is_refused_unless_packages_say_more() -> None:
    (problem,) = problems({TOP: "# nothing\n"})
    assert problem.startswith(f"{TOP}:1: the file has no requirement, and the option")
    assert read_loose(TOP, {TOP: b""}.get, empty=True).requirements == ()


def test_a_missing_file_is_named() -> None:
    with pytest.raises(FileMissing, match=r"requirements\.loose\.txt is not in the repository"):
        read({})


def test_the_metadata_of_own_packages_is_found_where_they_are() -> None:
    files = {"setup.py": b"1", "lib/pyproject.toml": b"2", "lib/other.py": b"3"}
    assert metadata_of((".", "lib", "none"), files.get) == {
        "setup.py": b"1",
        "lib/pyproject.toml": b"2",
    }


def test_ten_thousand_lines_are_read_within_a_second() -> None:
    files = {
        TOP: "-r more.txt\n",
        "more.txt": "".join(f"package-{n}>=1.0\n" for n in range(10_000)),
    }
    start = time.process_time()
    assert len(read(files).requirements) == 10_000
    assert time.process_time() - start < 5


@pytest.mark.parametrize(
    ("line", "option"),
    [
        ("--no-binary psycopg2", "no_binary of HardenRequirements"),
        ("--only-binary=:all:", "only_binary of HardenRequirements"),
        ("-i https://u:secret@example.com", "index_url"),
        ("--extra-index-url https://example.com", "extra_index_urls"),
    ],
)
def test_a_line_whose_place_is_an_option_names_it(line: str, option: str) -> None:
    (problem,) = problems({TOP: f"six\n{line}\n"})
    assert problem.startswith(f"{TOP}:2: {re.split('[= ]', line)[0]} lines are not allowed")
    assert problem.endswith(f"; use the option {option}")
