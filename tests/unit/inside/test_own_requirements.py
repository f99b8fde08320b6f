"""What hardening reads: the requirements of own packages, and the lines of a strict file."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.scripts import scripts_folder

INSIDE = scripts_folder()
BEFORE = """\
import json, sys
sys.path.insert(0, sys.argv[1])
from backend_answers import Answer
from job import Failed
from own_requirements import requirements, third_party
from packaging.utils import canonicalize_name
from strict_lines import pins

def own(packages):
    none = frozenset()
    answers = {name: Answer(none, none, name, tuple(lines)) for name, lines in packages.items()}
    needs = {name: requirements(name, answer) for name, answer in answers.items()}
    found = third_party({canonicalize_name(name): name for name in packages}, needs)
    return {name: list(map(str, lines)) for name, lines in found.items()}

def read(text):
    return [(pin.name, pin.version, len(pin.hashes)) for pin in pins(text)]

try:
    print(json.dumps(eval(sys.argv[2])(json.loads(sys.argv[3]))))
except Failed as failed:
    print(json.dumps([failed.why, failed.hint]))
"""
HASH = "--hash=sha256:" + "a" * 64


def run(function: str, argument: object) -> Any:
    command = [sys.executable, "-c", BEFORE, str(INSIDE), function, json.dumps(argument)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def test_an_own_package_on_which_another_depends_is_not_resolved() -> None:
    packages = {"app": ["My.Lib>=1", "pywin32; sys_platform == 'win32'"], "my_lib": []}
    assert run("own", packages) == {
        "app": ['pywin32; sys_platform == "win32"'],
        "my_lib": [],
    }


def test_an_extra_of_an_own_package_counts_if_another_own_package_asks_for_it() -> None:
    lib = ["six", "redis; extra == 'queue'", "lib[more]; extra == 'queue'"]
    lib += ["rich>1; python_version >= '3' and extra == 'more'", "sphinx; extra == 'docs'"]
    assert run("own", {"app": ["lib[Queue]"], "lib": lib}) == {
        "app": [],
        "lib": ["six", "redis", "rich>1"],
    }
    assert run("own", {"app": ["lib"], "lib": lib}) == {"app": [], "lib": ["six"]}


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("tool @ git+https://example.com/tool", "package app requires tool by URL"),
        ("pytz (>dev)", "package app requires 'pytz (>dev)', which is not a requirement"),
    ],
)
def test_a_requirement_that_no_index_answers_names_its_package(line: str, why: str) -> None:
    said, hint = run("own", {"app": ["six", line]})
    assert said == why
    assert "arden" not in hint


def test_strict_lines_are_read_by_the_version_specification() -> None:
    text = f"""\
# a comment==1
humanize===4.9.0 \\
    {HASH} \\
    {HASH}
    # via six==1
Zope_Interface [a, b] == 1!2.0.post1 ; python_version > "3" {HASH}
torch==2.1+cpu {HASH}
click==8.0.0a1.dev3 {HASH}
"""
    assert run("read", text) == [
        ["humanize", "4.9.0", 2],
        ["Zope_Interface", "1!2.0.post1", 1],
        ["torch", "2.1+cpu", 1],
        ["click", "8.0.0a1.dev3", 1],
    ]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("tool @ git+https://example.com/tool", "tool is required by URL"),
        (f"odd===1.0-final_ {HASH}", "odd is pinned to 1.0-final_, which is not a version"),
    ],
)
def test_what_no_index_has_is_refused_by_name(line: str, why: str) -> None:
    said, hint = run("read", f"{line}\n")
    assert said.startswith(why)
    assert "arden" not in hint
