"""`buildbot-ship init` in a folder: what it writes, keeps and prints."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from buildbot.worker import Worker

from buildbot_ship.cli import main

REGISTRY = ["--registry", "registry.example.com/team"]
APP = "from flask import Flask\napp = Flask(__name__)\nraise SystemExit('it ran')\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A repository in git with an ignored environment."""
    top = tmp_path / "shop"
    (top / "venv").mkdir(parents=True)
    (top / "app.py").write_text(APP)
    (top / "requirements.txt").write_text("flask\n")
    (top / ".gitignore").write_text("venv\n")
    (top / "venv" / "main.py").write_text(APP)
    (top / "venv" / "pyvenv.cfg").touch()
    git(top, "init", "-q", "-b", "trunk")
    git(top, "remote", "add", "origin", "ssh://git@git.example.com/team/shop.git")
    return top


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True)


def texts(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir() if path.is_file()}


def test_it_writes_files_and_says_what_to_do(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = texts(folder)
    assert main(["init", str(folder), *REGISTRY]) == 0
    said, after = capsys.readouterr().out, texts(folder)
    new = {"requirements.loose.txt", "build.docker", "shop.docker", ".dockerignore", "ship.cfg"}
    assert set(after) - set(before) == new
    assert {name: after[name] for name in before} == before
    assert "\nimage shop: Flask application app:app, run by gunicorn on port 8000\n" in said
    assert all(f"\nwrote {name}\n" in said for name in new)
    assert "git init" not in said
    assert 'SHIP_GIT_URL = "ssh://git@git.example.com/team/shop.git"' in after["ship.cfg"]
    assert "--source ssh://git.example.com/team/shop.git\n" in said
    assert "no remote" not in said
    assert 'SHIP_BRANCH = "trunk"' in after["ship.cfg"]


def test_it_never_overwrites(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "shop.docker").write_text("FROM mine:1\n")
    (folder / ".dockerignore").symlink_to("nowhere")
    assert main(["init", str(folder), *REGISTRY]) == 0
    said = capsys.readouterr().out
    assert (folder / "shop.docker").read_text() == "FROM mine:1\n"
    assert (folder / ".dockerignore").is_symlink()
    assert "\nkept shop.docker, which exists already; init would have written:\n    #" in said
    assert main(["init", str(folder), *REGISTRY]) == 0
    assert "\nunchanged build.docker\n" in capsys.readouterr().out


def test_a_dry_run_writes_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = texts(folder)
    assert main(["init", str(folder), *REGISTRY, "--dry-run"]) == 0
    assert texts(folder) == before
    said = capsys.readouterr().out
    assert "\nwould write ship.cfg\n    # Ships shop from a Buildbot master." in said


def test_a_folder_without_git_begins_with_git_init(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("app.py", "env/lib.py", ".cache/x.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(APP)
    (tmp_path / "requirements.txt").write_text("flask\n")
    assert main(["init", str(tmp_path), *REGISTRY]) == 0
    said = capsys.readouterr().out
    assert "  git init --initial-branch=main\n  git add --all\n" in said
    assert said.startswith("no remote named origin: set SHIP_GIT_URL in ship.cfg")
    assert main(["init", str(tmp_path), *REGISTRY, "--git-url", "git@host:a.git"]) == 0
    said = capsys.readouterr().out
    assert "no remote" not in said
    assert "--source git@host:a.git\n" in said


@pytest.mark.parametrize(
    ("options", "status", "why"),
    [
        (["--port", "x"], 11, "'x' is not a port"),
        (["--port", "70000"], 11, "'70000' is not a port"),
        (["--entry", "other=app"], 11, "other is none of the images shop"),
        (["--upstream", "a b"], 10, "is not an image reference"),
    ],
)
def test_a_wrong_option_is_an_error_with_its_status(
    folder: Path, capsys: pytest.CaptureFixture[str], options: list[str], status: int, why: str
) -> None:
    before = texts(folder)
    assert main(["init", str(folder), *REGISTRY, *options]) == status
    said = capsys.readouterr().out
    assert said.startswith("buildbot-ship init: ")
    assert why in said
    assert "\n  remedy: " in said
    assert texts(folder) == before


def test_it_runs_at_the_top_only(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "inner").mkdir()
    assert main(["init", str(folder / "inner"), *REGISTRY]) == 11
    assert f"is inside the git repository {folder}: run init there" in capsys.readouterr().out
    assert main(["init", str(folder / "none"), *REGISTRY]) == 11
    assert "is not a folder" in capsys.readouterr().out


def test_a_broken_pyproject_is_named_with_its_line(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "pyproject.toml").write_text("[project]\nname = 'a'\nversion = \n")
    assert main(["init", str(folder), *REGISTRY]) == 13
    assert "pyproject.toml:3: this is not TOML" in capsys.readouterr().out


MASTER = """\
from buildbot.plugins import worker
c = BuildmasterConfig = {{"workers": [worker.Worker("one", "x")], {more}}}
c["protocols"] = {{"pb": {{"port": 9989}}}}
c["buildbotNetUsageData"] = None
"""


def test_two_fragments_have_buttons_for_each_repository(folder: Path) -> None:
    config: dict[str, Any] = {"workers": [Worker("one", "x")]}
    for name in ("blog", "shop"):
        top = folder.rename(folder.with_name(name))
        folder = top
        (top / "ship.cfg").unlink(missing_ok=True)
        assert main(["init", str(top), *REGISTRY]) == 0
        exec((top / "ship.cfg").read_text(), {"c": config})  # noqa: S102
    page = config["www"]["plugins"]["ship"]
    assert page["rebuild"] == {f"ship-{n}": f"force-ship-{n}" for n in ("blog", "shop")}
    assert page["promote"] == {f"ship-{n}": f"force-promote-{n}" for n in ("blog", "shop")}
    forced = {each.name: each for each in config["schedulers"] if each.name[:5] == "force"}
    assert len(forced) == len(config["builders"]) == 6
    for name, filled in (
        ("force-ship-shop", {"images", "no_cache"}),
        ("force-promote-shop", {"image_repository", "image", "channel", "expected"}),
    ):
        assert {each.name for each in forced[name]._config_kwargs["properties"]} >= filled


@pytest.mark.parametrize(
    "more",
    [
        "",
        '"change_source": [], "builders": [], "schedulers": [], "www": {"port": 8010}',
        '"change_source": __import__("buildbot.plugins").plugins.changes.PBChangeSource()',
    ],
)
def test_the_fragment_fits_into_a_master_cfg(folder: Path, tmp_path: Path, more: str) -> None:
    assert main(["init", str(folder), *REGISTRY]) == 0
    config = tmp_path / "master.cfg"
    config.write_text(MASTER.format(more=more) + (folder / "ship.cfg").read_text())
    program = str(Path(sys.executable).parent / "buildbot")
    done = subprocess.run(
        [program, "checkconfig", str(config)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("origin", "written"),
    [
        ("https://ci:hunter2@git.shop.test/shop.git", "https://git.shop.test/shop.git"),
        ("https://hunter2@git.shop.test/shop.git", "https://git.shop.test/shop.git"),
        ("ssh://git:hunter2@git.shop.test/shop.git", "ssh://git@git.shop.test/shop.git"),
        ("ssh://git@git.shop.test/shop.git", "ssh://git@git.shop.test/shop.git"),
        ("git@git.shop.test:shop.git", "git@git.shop.test:shop.git"),
    ],
)
def test_a_password_in_the_url_is_written_nowhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], origin: str, written: str
) -> None:
    (tmp_path / "requirements.txt").write_text("flask\n")
    (tmp_path / "app.py").write_text("from flask import Flask\napp = Flask(__name__)\n")
    git(tmp_path, "init", "-q")
    git(tmp_path, "remote", "add", "origin", origin)
    assert main(["init", str(tmp_path), "--registry", "registry.example.com/team"]) == 0
    said = capsys.readouterr().out
    texts = said + "".join(p.read_text() for p in tmp_path.iterdir() if p.is_file())
    assert "hunter2" not in texts
    assert f'SHIP_GIT_URL = "{written}"' in (tmp_path / "ship.cfg").read_text()
    assert ("the login in the URL" in said) == (origin != written)
