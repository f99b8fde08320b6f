"""Every block of code in a page is of a kind that is checked, and passes the check.

Other tests run many of them: the tutorial and docs/run on an engine, settings in a master.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import yaml
from buildbot.plugins import steps, util
from lab.bench.options import parse_bench
from lab.corpus.options import parse_corpus
from lab.options import parse_demo, parse_tests
from lab.site.commands import parsers, programs
from lab.site.options import parse_site
from lab.soak.options import parse_soak
from lab.tool_locks import parse as parse_locks

from buildbot_ship.cli.arguments import read
from buildbot_ship.model.dockerfile.document import read as read_dockerfile
from tests.unit.docs.blocks import Block, all_blocks, commands, without_redirections
from tests.unit.docs.claims import TOP

BLOCKS = list(all_blocks())
OWN = {
    "docker/demo": parse_demo,
    "docker/lock-tools": parse_locks,
    "docs/build": parse_site,
    "tests/bench/run": parse_bench,
    "tests/corpus": parse_corpus,
    "tests/run": parse_tests,
    "tests/soak/run": parse_soak,
}
"""Our programs beside the command line, and what reads their arguments."""
OTHERS = {
    ".", ":", "address", "buildbot", "buildbot-worker", "cat", "cd", "chmod", "cp", "curl",
    "docker", "dockerd-rootless-setuptool.sh", "echo", "export", "git", "install", "jq", "kill",
    "kubectl", "ln", "mkdir", "openssl", "printf", "request", "sed", "sha256sum", "ship",
    "start", "systemctl", "tail", "tee", "towncrier", "uv",
}  # fmt: skip
"""Programs and functions of others. The shell reads their lines, and tests run many of them."""
RUN_ELSEWHERE = {
    "docs/forges.md": "tests/unit/docs/test_master.py",
    "docs/login.md": "tests/unit/docs/test_login.py",
    "docs/master.md": "tests/unit/docs/test_master.py",
    "docs/messages.md": "tests/unit/docs/test_master.py",
    "docs/secrets.md": "tests/unit/verbs/secrets/test_secrets.py",
}
"""Pages with Python for a master or with a secret, and the tests that have both."""


def of(language: str) -> list[Any]:
    return [pytest.param(b, id=str(b)) for b in BLOCKS if b.language == language]


def test_every_block_is_of_a_kind_that_is_checked() -> None:
    kinds = {"dockerfile", "json", "python", "sh", "text", "yaml"}
    assert [str(block) for block in BLOCKS if block.language not in kinds] == []
    assert {block.language for block in BLOCKS} == kinds


@pytest.mark.parametrize("block", of("text"))
def test_a_text_is_no_command(block: Block) -> None:
    programs = r"^(\$ |buildbot-ship \S|docker \S|git \S|pip \S|FROM \S)"
    assert re.findall(programs, block.text, re.M) == []


@pytest.mark.parametrize("block", of("json"))
def test_json_can_be_read(block: Block) -> None:
    assert json.loads(block.text)


@pytest.mark.parametrize("block", of("yaml"))
def test_yaml_can_be_read(block: Block) -> None:
    assert all(isinstance(found, dict) for found in yaml.safe_load_all(block.text))


@pytest.mark.parametrize("block", of("dockerfile"))
def test_a_dockerfile_is_read_by_our_parser(block: Block) -> None:
    whole = re.search(r"^(FROM|ARG) ", block.text, re.M)
    text = block.text if whole else f"FROM registry.example.com/team/base:1\n{block.text}"
    assert read_dockerfile(text, block.page).base


@pytest.mark.parametrize("block", of("python"))
def test_python_runs(block: Block) -> None:
    code = compile(block.text, str(block), "exec")
    if block.page in RUN_ELSEWHERE:
        test = TOP / RUN_ELSEWHERE[block.page]
        assert block.page.removeprefix("docs/") in test.read_text(encoding="utf-8")
        return
    names: dict[str, Any] = {
        "factory": util.BuildFactory(),
        "steps": steps,
        "util": util,
        "repourl": "https://git.example.com/team/app.git",
        "images": [],
        "GIT_URL": "https://git.example.com/team/app.git",
        "IMAGES": [],
        "c": {"www": {"plugins": {}}},
    }
    exec(code, names)  # noqa: S102  # our own text


@pytest.mark.parametrize("block", of("sh"))
def test_a_script_is_read_by_the_shell(block: Block) -> None:
    done = subprocess.run(
        ["sh", "-n"], input=block.text, text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("block", of("sh"))
def test_the_commands_of_a_script_have_arguments_that_are_accepted(block: Block) -> None:
    found = list(commands(block.text))
    assert found
    for program, *rest in found:
        arguments = without_redirections(rest)
        check = CHECKS.get(program)
        assert check or program in OTHERS, f"{block}: nobody checks {program}"
        if check:
            check(arguments)


def check_command_line(arguments: Sequence[str]) -> None:
    parser = parsers()[arguments[0]]
    if arguments[0] in programs() or any("$" in word for word in arguments):
        parser.parse_args(arguments[1:])
    else:
        read(arguments, {})


def check_python(arguments: Sequence[str]) -> None:
    if arguments[0] == "-c":
        compile(arguments[1], "page", "exec")
    else:
        assert arguments[:2] in (["-m", "build"], ["-m", "twisted"], ["-m", "venv"])


def check_pip(arguments: Sequence[str]) -> None:
    assert arguments[0] == "install"
    for extra in re.findall(r"^\.\[(.*)\]$", "\n".join(arguments), re.M):
        ours = (TOP / "setup.py").read_text(encoding="utf-8")
        example = (TOP / "docker" / "example" / "setup.py").read_text(encoding="utf-8")
        for name in extra.split(","):
            assert f'"{name}":' in ours + example, name


CHECKS: dict[str, Callable[[list[str]], object]] = {
    **OWN,
    "buildbot-ship": check_command_line,
    "pip": check_pip,
    "python": check_python,
    "python3": check_python,
}


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("a b | c 'd e'\nf && g", [["a", "b"], ["c", "d e"], ["f"], ["g"]]),
        ("A=1 b \\\n  --c  # a comment's\nd", [["b", "--c"], ["d"]]),
        ('f() {\n  g "x\ny"\n}\n', [["f"], ["g", "x\ny"]]),
        ("git apply <<'END'\n+ x\nEND\nb > c", [["git", "apply"], ["b", ">", "c"]]),
    ],
)
def test_the_commands_of_a_script_are_found(script: str, words: list[list[str]]) -> None:
    assert list(commands(script)) == words


def test_what_is_wrong_is_found() -> None:
    for line in ("buildbot-ship build --nonsense", "tests/run nothing", "docs/build --no"):
        ((program, *arguments),) = commands(line)
        with pytest.raises(SystemExit):
            CHECKS[program](arguments)
