"""The page docs/init.md shows what ``init`` prints and finds."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from lab.git_server import git

from buildbot_ship.cli import main
from buildbot_ship.cli.adopt import make_parser as adopt_parser
from buildbot_ship.model.project.applications import FRAMEWORKS
from buildbot_ship.model.project.service import SERVERS

TOP = Path(__file__).resolve().parents[3]
PAGE = (TOP / "docs" / "init.md").read_text(encoding="utf-8")


def test_the_output_is_that_of_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "guestbook"
    shutil.copytree(TOP / "tests" / "kinds" / "flask", folder)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "remote", "add", "origin", "https://git.example.com/team/guestbook.git")
    assert main(["init", str(folder), "--registry", "registry.example.com/team"]) == 0
    shown = re.findall(r"^```text\n(.*?)^```$", PAGE, re.S | re.M)
    assert shown[:1] == [capsys.readouterr().out]


def test_the_options_of_adopt_are_named() -> None:
    section = PAGE.partition("## On your master")[2]
    options = {name for action in adopt_parser()._actions for name in action.option_strings}
    assert set(re.findall(r"`(--[a-z]+)`", section)) == options - {"-h", "--help"}


def test_every_framework_and_server_is_named() -> None:
    names = {name for name, _ in FRAMEWORKS.values()}
    names |= {server for servers in SERVERS.values() for server in servers}
    assert [name for name in sorted(names) if name not in PAGE] == []
