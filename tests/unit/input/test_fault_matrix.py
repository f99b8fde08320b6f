"""Hostile and careless input, row by row of the fault matrix: file and line, no echo."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from math import inf
from pathlib import Path
from typing import Any

import pytest
from lab.soak.fuzz.guard import no_requests

from buildbot_ship.errors import InvalidFile, InvalidReference, InvalidRequest, ShipError
from buildbot_ship.model.dockerfile.document import read
from buildbot_ship.model.filesystem.build_context import FILE, Context, link
from buildbot_ship.model.filesystem.filesystem import Filesystem
from buildbot_ship.model.filesystem.placement import place
from buildbot_ship.model.request import (
    Envelope,
    HardenRequest,
    ImageRequest,
    ProposeRequest,
    PushRequest,
    WheelsRequest,
)
from buildbot_ship.model.request.base import Request
from buildbot_ship.model.request.wire import envelope_from_json, envelope_to_json
from buildbot_ship.model.requirements.loose import read_loose
from buildbot_ship.model.requirements.reader import parse_strict
from buildbot_ship.model.requirements.text import decode
from tests.scripts import scripts_folder

SECRET = "hunter2-of-the-index"
HASH = f"--hash=sha256:{'0a' * 32}"


@pytest.fixture(autouse=True)
def _alone(request: pytest.FixtureRequest) -> Iterator[None]:
    if "in_container" in request.keywords:
        yield
        return
    with no_requests():
        yield


# --- Row 23: requirement lines that would ask, run or read something else -------------

LINES = (
    f"--index-url https://user:{SECRET}@pypi.example.com/simple",
    f"--extra-index-url https://{SECRET}.example.com",
    f"--find-links /{SECRET}",
    f"--trusted-host {SECRET}",
    f"-e /{SECRET}",
    f"-e git+https://example.com/{SECRET}.git#egg=six",
    f"git+ssh://git@example.com/{SECRET}.git",
    f"six @ git+https://user:{SECRET}@example.com/six.git",
    f"six @ https://example.com/{SECRET}.tar.gz#md5={'0' * 32}",
    f"https://example.com/{SECRET}.whl",
    f"./{SECRET}/six",
    f"/{SECRET}.tar.gz",
    f"six==${{{SECRET}}}",
    f"${{{SECRET}}}",
    f"six --global-option={SECRET}",
    f"six==1 --hash=md5:{SECRET}",
    f"six==1 {HASH} --hash=sha512:{SECRET}",
    f"six==1 {HASH} --hash=sha256:{SECRET}",
    f"token = {SECRET}",
)


@pytest.mark.row(23)
@pytest.mark.parametrize("line", LINES)
def test_row_23_a_strict_line_is_refused_without_an_echo(line: str) -> None:
    with pytest.raises(InvalidFile) as caught:
        parse_strict(decode(f"# x\n\n{line}\n".encode(), "strict.txt"), "strict.txt")
    _refused_without_echo(caught.value, "strict.txt", 3)


@pytest.mark.row(23)
@pytest.mark.parametrize("line", [*(line for line in LINES if "hash" not in line)])
def test_row_23_a_loose_line_is_refused_without_an_echo(line: str) -> None:
    with pytest.raises(InvalidFile) as caught:
        read_loose("loose.txt", {"loose.txt": f"six\n{line}\n".encode()}.get)
    _refused_without_echo(caught.value, "loose.txt", 2)


@pytest.mark.row(23)
@pytest.mark.parametrize("target", ["/etc/passwd", "../key.txt", "~/key", "file:///etc/passwd"])
def test_row_23_only_files_of_the_repository_are_included(target: str) -> None:
    with pytest.raises(InvalidFile, match="^loose.txt:1: -r accepts only a file in this repos"):
        read_loose("loose.txt", {"loose.txt": f"-r {target}\n".encode()}.get)


@pytest.mark.row(23)
def test_row_23_an_included_file_of_secrets_is_not_quoted() -> None:
    files = {"loose.txt": b"-r key.txt\n", "key.txt": f"key={SECRET} {SECRET}\n".encode()}
    with pytest.raises(InvalidFile) as caught:
        read_loose("loose.txt", files.get)
    _refused_without_echo(caught.value, "key.txt", 1)


def _refused_without_echo(error: InvalidFile, file: str, line: int) -> None:
    assert [(problem.file, problem.line) for problem in error.problems] == [(file, line)]
    assert str(error).startswith(f"{file}:{line}: ")
    for text in (str(error), error.remedy, error.details):
        assert SECRET not in text


# --- Row 24: many lines ---------------------------------------------------------------


@pytest.mark.row(24)
def test_row_24_10000_requirement_lines_are_parsed_within_a_second() -> None:
    loose = "".join(f"package-{n}>=1.{n},<9 ; os_name == 'posix'\n" for n in range(10_000))
    strict = "".join(f"package-{n}==1.{n} \\\n    {HASH}\n" for n in range(10_000))
    found = read_loose("loose.txt", {"loose.txt": loose.encode()}.get)
    assert len(found.requirements) == 10_000
    assert fastest(lambda: read_loose("loose.txt", {"loose.txt": loose.encode()}.get)) < 1
    assert len(parse_strict(decode(strict.encode(), "s"), "s")) == 10_000
    assert fastest(lambda: parse_strict(decode(strict.encode(), "s"), "s")) < 1


def fastest(call: Callable[[], object]) -> float:
    """Return the least processor time of ten calls, in seconds: the machine may be busy."""
    times = [inf]
    while len(times) <= 10 and min(times) >= 1:
        began = time.process_time()
        call()
        times.append(time.process_time() - began)
    return min(times)


# --- Row 25: names from a form --------------------------------------------------------

NAMES = (
    "a\nb", "a\rb", "a;b", "$(a)", "`a`", "a|b", "a&b", "a b", "-a", "--upload-pack=a", "a\0b",
    "\u202ea", "\u0430", "a\u2028b", "a'b", 'a"b', "../a", "a\\b", "", "\udcff", "a" * 5_000,
)  # fmt: skip


def _requests(name: str) -> Iterator[tuple[type[Request], dict[str, Any]]]:
    yield WheelsRequest, {"revision": name}
    yield PushRequest, {"image": "app", "repository": "r.io/app", "revision": name}
    yield PushRequest, {"image": name, "repository": "r.io/app"}
    yield PushRequest, {"image": "app", "repository": f"r.io/{name}"}
    yield ImageRequest, {"image": name}
    yield HardenRequest, {"upgrade": name}
    yield HardenRequest, {"no_binary": f"six,{name}!"}
    plain = {"topic": "a", "files": ("a",), "message": "a"}
    yield ProposeRequest, {**plain, "target": name}
    yield ProposeRequest, {**plain, "topic": name}
    yield ProposeRequest, {**plain, "prefix": f"{name}/"}


@pytest.mark.row(25)
@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_row_25_no_command_runs_for_a_hostile_name(name: str) -> None:
    for kind, options in _requests(name):
        with pytest.raises((InvalidRequest, InvalidReference)) as caught:
            kind(**options)
        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < 3_000


@pytest.mark.row(25)
@pytest.mark.parametrize("name", ["-a", "$(a)", "a\nb"])
def test_row_25_a_hostile_name_in_a_request_is_refused_by_the_worker(name: str) -> None:
    data = envelope_to_json(Envelope(WheelsRequest(), "build", "/work"))
    data["request"]["revision"] = name
    with pytest.raises(InvalidRequest, match="^revision: "):
        envelope_from_json(data)


# --- Row 27: links of the build context -----------------------------------------------


@pytest.mark.row(27)
@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("loop", "leads back to itself"),
        ("other", "leads back to itself"),
        ("../../etc/passwd", "outside the commit"),
        ("/etc/passwd", "outside the commit"),
        ("a/../../x", "outside the commit"),
    ],
)
@pytest.mark.parametrize("source", ["loop", "loop/x", "."])
def test_row_27_a_link_that_loops_or_leaves_is_refused_with_its_path(
    target: str, why: str, source: str
) -> None:
    nodes = [("loop", link(target)), ("other", link("loop")), ("a/b", FILE)]
    dockerfile = read(f"FROM a.io/b:1\nCOPY {source} /srv/\n".encode(), "app.docker")
    with pytest.raises(InvalidFile, match=rf"^app.docker:2: (loop|other) is .*{why}"):
        place(dockerfile, Context.of(nodes), Filesystem(), "/")


# --- Row 36: files that lie about their encoding, or are empty ------------------------

ENCODINGS = {
    "UTF-16": "six\n".encode("utf-16"),
    "latin-1": "# \xe9\n".encode("latin-1"),
    "a wrong declaration": b"# -*- coding: latin-1 -*-\nsix\n",
    "NUL": b"six\0\n",
}


@pytest.mark.row(36)
@pytest.mark.parametrize("name", ENCODINGS)
def test_row_36_a_text_of_another_encoding_is_refused_with_its_line(name: str) -> None:
    data = ENCODINGS[name]
    with pytest.raises(InvalidFile, match="^loose.txt:1: "):
        read_loose("loose.txt", {"loose.txt": data}.get)
    if b"coding" not in data:
        with pytest.raises(InvalidFile, match="^app.docker:1: "):
            read(data, "app.docker")


@pytest.mark.row(36)
def test_row_36_an_empty_file_is_refused_with_its_line() -> None:
    with pytest.raises(InvalidFile, match="^app.docker:1: the file is empty"):
        read(b"", "app.docker")
    with pytest.raises(InvalidFile, match="^loose.txt:1: the file has no requirement"):
        read_loose("loose.txt", {"loose.txt": b""}.get)
    with pytest.raises(InvalidFile, match="^s.txt:1: the file has no requirement"):
        parse_strict("", "s.txt")


@pytest.mark.row(36)
@pytest.mark.parametrize(
    "char",
    ["\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\u202e", "\u2066", "\x1b"],
)
def test_row_36_no_requirement_hides_in_what_looks_like_a_comment(char: str) -> None:
    text = f"six\n# a comment{char}evil\n"
    with pytest.raises(
        InvalidFile, match="^loose.txt:2: the line has a character that editors"
    ):
        read_loose("loose.txt", {"loose.txt": text.encode()}.get)


DESCRIBE = """\
import json, sys
from math import inf
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from job import Failed
from wheels import describe
try:
    print(json.dumps(describe(Path(sys.argv[2]), {})))
except Failed as failed:
    print(json.dumps({"why": failed.why, "hint": failed.hint}))
"""
POINTS = {
    "another encoding": "[console_scripts]\nown = a:b\n".encode("utf-16"),
    "no value": b"[console_scripts]\nown\n",
    "a path": b"[console_scripts]\n../../evil = a:b\n",
}


@pytest.mark.row(36)
@pytest.mark.in_container
@pytest.mark.parametrize("name", [*POINTS, "no zip", "an empty wheel"])
def test_row_36_a_wheel_that_lies_is_refused_by_name(name: str, tmp_path: Path) -> None:
    wheel = tmp_path / "own-1.0-py3-none-any.whl"
    wheel.write_bytes(b"" if name == "an empty wheel" else b"no zip")
    if name in POINTS:
        with zipfile.ZipFile(wheel, "w") as archive:
            metadata = "Metadata-Version: 2.1\nName: own\nVersion: 1.0\n"
            archive.writestr("own-1.0.dist-info/METADATA", metadata)
            archive.writestr("own-1.0.dist-info/entry_points.txt", POINTS[name])
    command = [sys.executable, "-c", DESCRIBE, str(scripts_folder()), str(wheel)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    said = json.loads(done.stdout)
    assert said["why"].startswith(f"{wheel.name}: its metadata cannot be read (")


# --- Row 41: without end (tests/unit/model/test_hostile_texts.py has more of them) ----

ENDLESS = {
    "variables nested 10,000 deep": b"ENV A=" + b"${X:-" * 10_000 + b"}" * 10_000,
    "a line of 10 MB": b"ENV A=" + b"x" * 10_000_000,
    "1,000,000 instructions": b"ENV A=b\n" * 1_000_000,
}


@pytest.mark.row(41)
@pytest.mark.parametrize("name", ENDLESS)
def test_row_41_a_dockerfile_without_end_is_refused_in_a_second(name: str) -> None:
    began = time.process_time()
    with pytest.raises(ShipError, match=r"^app.docker:\d+: "):
        read(b"FROM a.io/b:1\n" + ENDLESS[name], "app.docker")
    assert time.process_time() - began < 1
