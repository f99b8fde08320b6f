"""Completion, in real shells: what a user types, and what the shell makes of it."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs
import pytest

from buildbot_ship.cli import main
from buildbot_ship.cli.help_texts import QUESTION_HELP, VERB_HELP
from buildbot_ship.cli.questions.completion import SHELLS, completion, whole_parser

SECONDS = 30
# The command only shows its arguments, so that a test sees what was completed.
COMMAND = '#!/bin/sh\necho "GOT:$*:END"\n'


@attrs.define
class Terminal:
    """A shell in a terminal; *output* is what it wrote so far."""

    handle: int
    output: str = ""

    def type(self, keys: str, expected: str) -> None:
        """Type *keys*, and wait until the shell has written what is *expected*."""
        start = len(self.output)
        os.write(self.handle, keys.encode())
        end = time.monotonic() + SECONDS
        while expected not in self.output[start:]:
            ready, _, _ = select.select([self.handle], [], [], end - time.monotonic())
            assert ready, f"{keys!r}: {self.output[start:]!r} has no {expected!r}"
            self.output += os.read(self.handle, 1 << 16).decode("utf-8", "replace")


@contextmanager
def terminal(command: list[str], folder: Path, **environment: str) -> Iterator[Terminal]:
    """Run a shell whose terminal is as wide as it gets, so that no line breaks."""
    handle, inner = pty.openpty()
    known = {"PATH": f"{folder}/bin:{os.environ['PATH']}", "HOME": str(folder), "TERM": "dumb"}
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**known, "COLUMNS": "500", "LC_ALL": "C", **environment},
        stdin=inner,
        stdout=inner,
        stderr=inner,
        start_new_session=True,
    )
    os.close(inner)
    try:
        yield Terminal(handle)
    finally:
        process.kill()
        process.wait()
        os.close(handle)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home whose PATH begins with a command buildbot-ship."""
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "buildbot-ship"
    program.write_text(COMMAND)
    program.chmod(0o755)
    (tmp_path / "company-ca.pem").write_text("")
    return tmp_path


def needs(shell: str) -> str:
    path = shutil.which(shell)
    if path is None:
        pytest.skip(f"{shell} is not installed")
    return path


@pytest.fixture(params=["bash", "zsh"])
def shell(request: pytest.FixtureRequest, home: Path) -> Iterator[Terminal]:
    """A shell with the completion, as the page tells to install it."""
    name = request.param
    path = needs(name)
    (home / "functions").mkdir()
    (home / "functions" / "_buildbot-ship").write_text(completion(name))
    if name == "bash":
        start = "source functions/_buildbot-ship; bind 'set bell-style none'"
        command = [path, "--norc", "--noprofile", "-i"]
    else:
        start = "fpath=($PWD/functions $fpath); autoload -U compinit; compinit -u -D"
        command = [path, "-f", "-i"]
    with terminal(command, home) as running:
        running.type(f"{start}; echo READ''Y\n", "READY")
        yield running


@pytest.mark.parametrize(
    ("steps", "arguments"),
    [
        ([("doc\t", "doctor")], "doctor"),
        ([("doctor --ind\t", "--index-url")], "doctor --index-url"),
        ([("build --layout z\t", "zipapp")], "build --layout zipapp"),
        (
            [("doctor --ca-bundle comp\t", "company-ca.pem")],
            "doctor --ca-bundle company-ca.pem",
        ),
        ([("completion fi\t", "fish")], "completion fish"),
        ([("gc --dry\t", "--dry-run"), (" --js\t", "--json")], "gc --dry-run --json"),
    ],
)
def test_a_tab_completes(shell: Terminal, steps: list[tuple[str, str]], arguments: str) -> None:
    first, *others = steps
    shell.type(f"buildbot-ship {first[0]}", first[1])
    for keys, expected in others:
        shell.type(keys, expected)
    shell.type("\n", ":END")
    got = shell.output.rpartition("GOT:")[2].partition(":END")[0]
    assert got.split() == arguments.split()


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("buildbot-ship doc", {"doctor"}),
        ("buildbot-ship doctor --ind", {"--index-url"}),
        ("buildbot-ship completion ", set(SHELLS)),
        ("buildbot-ship check", {"check", "check-secrets"}),
    ],
)
def test_fish_completes(home: Path, typed: str, offered: set[str]) -> None:
    path = needs("fish")
    folder = home / ".config" / "fish" / "completions"
    folder.mkdir(parents=True)
    (folder / "buildbot-ship.fish").write_text(completion("fish"))
    done = subprocess.run(
        [path, "-c", f"complete -C '{typed}'"],
        cwd=home,
        env={"PATH": f"{home}/bin:{os.environ['PATH']}", "HOME": str(home), "TERM": "dumb"},
        capture_output=True,
        text=True,
        check=True,
        timeout=SECONDS,
    )
    assert {line.partition("\t")[0] for line in done.stdout.splitlines()} == offered


def test_every_verb_and_question_has_its_options() -> None:
    (subs,) = [each for each in whole_parser()._actions if each.choices]
    parsers = dict(subs.choices or {})
    assert parsers.keys() == VERB_HELP.keys() | QUESTION_HELP.keys()
    options = {name: len(parser._actions) for name, parser in parsers.items()}
    assert {name for name, count in options.items() if count < 3} == {"completion"}


def test_the_command_prints_the_script(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "bash"]) == 0
    assert capsys.readouterr().out == completion("bash")


def test_without_the_library_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "shtab", None)
    assert main(["completion", "bash"]) == 63
    said = capsys.readouterr()
    assert said.out == ""
    assert "pip install '.[completion]'" in said.err


def test_a_shell_that_is_unknown_is_a_wrong_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["completion", "tcsh"])
    assert caught.value.code == 2
    assert "bash" in capsys.readouterr().err
