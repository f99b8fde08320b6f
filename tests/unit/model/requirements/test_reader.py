from __future__ import annotations

import time

import attrs
import pytest

from buildbot_ship.errors import InvalidFile
from buildbot_ship.model.requirements.build_lock import parse_build_lock
from buildbot_ship.model.requirements.header import Header
from buildbot_ship.model.requirements.reader import Pin, parse_strict
from buildbot_ship.model.requirements.text import decode

A, B = "a" * 64, "b" * 64


def problems(text: str) -> list[str]:
    with pytest.raises(InvalidFile) as caught:
        parse_strict(text, "strict.txt")
    return [str(problem) for problem in caught.value.problems]


def test_a_pin_has_name_version_hashes_and_line() -> None:
    hashes = f"    --hash=sha256:{A} \\\n    --hash=sha256:{B}\n"
    text = f"# why\n\nzope.interface==8.7 \\\n{hashes}    # via x\n"
    (pin,) = parse_strict(text, "strict.txt")
    assert pin == Pin("zope.interface", "8.7", (A, B), 3)
    assert pin.key == "zope-interface"


def test_extras_and_markers_survive() -> None:
    (pin,) = parse_strict(
        f'requests[socks]==2.0 ; python_version < "4" --hash=sha256:{A}\n', "strict.txt"
    )
    assert pin.extras == ("socks",)
    assert pin.marker == 'python_version < "4"'


def test_a_pin_is_written_as_it_was_read() -> None:
    text = (
        'requests[security,socks]==2.0 ; python_version < "4" \\\n'
        f"    --hash=sha256:{A} \\\n    --hash=sha256:{B}\n"
    )
    (pin,) = parse_strict(text, "strict.txt")
    assert pin.text == text


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("klein==1", "has no hash"),
        (f"klein>=1 --hash=sha256:{A}", "no exact version"),
        (f"klein===1.* --hash=sha256:{A}", "no exact version"),
        (f"klein===one --hash=sha256:{A}", "no exact version"),
        (f"klein>=1,==1 --hash=sha256:{A}", "no exact version"),
        (f"klein==1.* --hash=sha256:{A}", "no exact version"),
        ("klein==1 --hash=md5:abc", "not sha256: md5"),
        (f"klein==1 --hash=sha256:{A} --hash=sha512:{A}", "not sha256: sha512"),
        (
            f"klein==1 --hash=sha256:{A}a",
            "klein==1 has a sha256 hash of 65 digits instead of 64",
        ),
        (
            f"klein==1 --hash=sha256:{A[1:]}x",
            "a sha256 hash with characters other than 0-9 and a-f",
        ),
        ("-e .", "-e lines are not allowed"),
        ("--index-url https://u:secret@example.com/", "--index-url lines are not allowed"),
        ("--index-url=https://example.com/", "--index-url lines are not allowed"),
        ("-r /etc/passwd", "-r lines are not allowed"),
        (f"klein @ git+https://example.com/x --hash=sha256:{A}", "given by URL"),
        ("git+https://example.com/x", "not a requirement"),
        ("./klein", "not a requirement"),
        ("klein-1.0.tar.gz", "files are not allowed"),
        ("klein==1 --config-settings=x=y", "options of a requirement are not allowed"),
        ("${SECRET}==1", "variables are not allowed"),
    ],
)
def test_every_other_line_is_refused_by_file_and_line(line: str, why: str) -> None:
    (problem,) = problems(f"# first\n{line}\n")
    assert problem.startswith("strict.txt:2: ")
    assert why in problem


def test_a_refusal_echoes_no_secret() -> None:
    assert "secret" not in "".join(problems("--index-url https://u:secret@example.com/\n"))


def test_all_problems_are_told_at_once() -> None:
    found = problems("klein==1\n-e .\n")
    assert [text.split(":")[1] for text in found] == ["1", "2"]


def test_a_package_that_stands_twice_is_refused() -> None:
    line = f"zope.interface==1 --hash=sha256:{A}\n"
    assert problems(line + line.replace(".", "-", 1)) == [
        "strict.txt:2: zope-interface is already pinned on line 1"
    ]


def test_an_empty_file_is_refused_unless_hardening_wrote_it() -> None:
    assert problems("# nothing\n") == ["strict.txt:1: the file has no requirement"]
    header = Header({"requirements.loose.txt": A}).text
    assert parse_strict(header, "strict.txt") == ()


@pytest.mark.parametrize(
    ("line", "version"),
    [
        ("humanize===4.9.0", "4.9.0"),
        ("humanize == 4.9.0", "4.9.0"),
        ("humanize (==4.9.0)", "4.9.0"),
        ("Humanize_It==1!4.9", "1!4.9"),
        ("humanize==4.9+local.1", "4.9+local.1"),
        ("humanize==4.9rc1.post2.dev3", "4.9rc1.post2.dev3"),
    ],
)
def test_a_version_is_read_by_the_version_specification(line: str, version: str) -> None:
    (pin,) = parse_strict(f"{line} --hash=sha256:{A}\n", "strict.txt")
    assert pin.version == version
    assert parse_strict(pin.text, "strict.txt") == (attrs.evolve(pin, line=1),)


def test_a_file_in_another_encoding_is_refused_at_its_line() -> None:
    with pytest.raises(
        InvalidFile, match="strict.txt:2: the file is not UTF-8: save it as UTF-8"
    ):
        decode(b"# ok\n\xff\xfe\n", "strict.txt")


def test_ten_thousand_lines_are_read_within_a_second() -> None:
    text = "".join(f"package-{n}==1.0 --hash=sha256:{A}\n" for n in range(10_000))
    start = time.process_time()
    assert len(parse_strict(text, "strict.txt")) == 10_000
    assert time.process_time() - start < 5


@pytest.mark.parametrize(
    "declared", [b"# -*- coding: utf-7 -*-\n", b"\n#vim: coding=latin-1\n"]
)
def test_a_file_that_declares_another_encoding_is_refused(declared: bytes) -> None:
    # pip would decode it so, and see other lines than we do.
    with pytest.raises(
        InvalidFile, match="declares an encoding other than UTF-8: remove the declaration"
    ):
        decode(declared + b"six\n", "strict.txt")
    assert decode(b"# coding: UTF-8\nsix\n", "strict.txt").endswith("six\n")


LOCK = f"""# written by us
#: sdist Remote.Math==17.3.0 sha256:{A}
incremental==24.11.0 \\
    --hash=sha256:{B}
#: package .
setuptools==84.2.1 --hash=sha256:{B}
"""


def test_a_build_lock_has_a_section_for_each_source() -> None:
    lock = parse_build_lock(LOCK, "build.txt")
    sdist, package = lock.sections
    assert (sdist.source, sdist.sdist_hash) == ("remote-math==17.3.0", A)
    assert sdist.pins[0].line == 3
    assert (sdist.line, package.line) == (2, 5)
    assert package.pins == (Pin("setuptools", "84.2.1", (B,), 6),)
    assert lock.of_package(".") == package
    assert lock.of_package("src") is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("klein==1\n", "build.txt:1: this line is before the first section"),
        ("#: sdist klein\n", "build.txt:1: this is not a section title"),
        ("\n#: package .\nklein==1\n", "build.txt:3: klein==1 has no hash"),
    ],
)
def test_a_bad_build_lock_is_refused_by_line(text: str, problem: str) -> None:
    with pytest.raises(InvalidFile) as caught:
        parse_build_lock(text, "build.txt")
    assert str(caught.value.problems[0]).startswith(problem)
