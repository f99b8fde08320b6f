"""`buildbot-ship init` in a folder: what it writes, keeps and prints."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from buildbot.config.errors import ConfigErrors
from buildbot.config.master import FileLoader
from buildbot.worker import Worker

from buildbot_ship.cli import NO_READER, main

REGISTRY = ["--registry", "registry.example.com/team"]
NETWORK = (
    *("PIP_INDEX_URL", "HTTPS_PROXY"),
    *("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"),
)
APP = "from flask import Flask\napp = Flask(__name__)\nraise SystemExit('it ran')\n"


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable of the network."""
    for name in NETWORK:
        monkeypatch.delenv(name, raising=False)


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
        (["--upstream", "a b"], 11, "--upstream: 'a b' is not a place of repositories"),
        (["--registry", "https://a.com/team"], 11, "in a registry: leave out https://"),
        (["--upstream", "oci://a.com/team"], 11, "in a registry: leave out oci://"),
        (["--registry", "a.com/team:1"], 11, "in a registry: leave out tag and digest"),
        (["--build-base", "https://a.com/b:1"], 10, "is not an image reference: leave out"),
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
        exec((top / "ship.cfg").read_text(), {"BuildmasterConfig": config})  # noqa: S102
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
        '"change_source": (), "builders": (), "schedulers": (), "www": {"plugins": {}}',
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


def options_of(text: str) -> str:
    return text.partition("SHIP_OPTIONS = {\n")[2].partition("}\n")[0]


def test_the_network_of_the_laptop_is_a_comment_in_the_fragment(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PIP_CERT", "/etc/company.pem")
    monkeypatch.setenv("PIP_INDEX_URL", "https://me:hunter2@index.example.com/simple")
    monkeypatch.setenv("SSL_CERT_FILE", "/etc/other.pem")
    assert main(["init", str(folder), *REGISTRY]) == 0
    text = (folder / "ship.cfg").read_text()
    assert '    # "ca_bundle": "/etc/company.pem",\n' in options_of(text)
    assert '    # "index_url": "https://index.example.com/simple",\n' in options_of(text)
    assert "other.pem" not in text
    assert "hunter2" not in text
    assert "export" not in capsys.readouterr().out


def test_certificates_that_containers_do_not_read_are_given_to_them(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/etc/my company.pem")
    assert main(["init", str(folder), *REGISTRY]) == 0
    said = capsys.readouterr().out
    assert "  # REQUESTS_CA_BUNDLE is set." in said
    assert "\n  export PIP_CERT='/etc/my company.pem'\n" in said
    assert '# "ca_bundle": "/etc/my company.pem",' in (folder / "ship.cfg").read_text()


def test_without_such_variables_there_is_no_comment(folder: Path) -> None:
    assert main(["init", str(folder), *REGISTRY]) == 0
    text = (folder / "ship.cfg").read_text()
    assert options_of(text) == '    "no_cache": util.Property("no_cache", default=False),\n'


def test_what_was_passed_over_is_said_with_how_to_choose_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "requirements.txt").unlink()
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["setuptools"]\n[project]\nname = "shop"\n'
        'dependencies = ["flask", "gunicorn"]\n[project.scripts]\nshop-admin = "app:main"\n'
    )
    line = (
        "  passed over the console script shop-admin, because a web application comes first: "
        "--entry shop=shop-admin chooses it"
    )
    assert main(["init", str(folder), *REGISTRY, "--dry-run"]) == 0
    assert line in capsys.readouterr().out.splitlines()
    chosen = ["--entry", "shop=shop-admin"]
    assert main(["init", str(folder), *REGISTRY, *chosen, "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert "image shop: console script shop-admin" in said
    assert "passed over" not in said


def test_the_plugin_is_installed_before_the_fragment_is_appended(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init", str(folder), *REGISTRY]) == 0
    said = capsys.readouterr().out.partition("On a Buildbot master")[2].splitlines()
    commands = [line.strip() for line in said[1:] if line.strip() and "#" not in line]
    assert commands == [
        "PYTHON -m pip install '.[master]'",
        "buildbot-ship adopt MASTER",
        "cat ship.cfg >> MASTER/master.cfg",
        "buildbot-ship adopt MASTER",
        "buildbot restart MASTER",
    ]


def piped(*arguments: str, lines: int) -> tuple[int, str, str]:
    """Run the command line for a reader of so many lines; return status, output and errors."""
    top = Path(__file__).resolve().parents[3]
    environment = {**os.environ, "PYTHONPATH": str(top)}
    code = "import sys; from buildbot_ship.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", code, *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, env=environment) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        read = b"".join(running.stdout.readline() for _ in range(lines))
        running.stdout.close()
        errors = running.stderr.read()
    return running.returncode, read.decode(), errors.decode()


def test_a_reader_that_goes_early_gets_all_files_and_no_traceback(folder: Path) -> None:
    status, said, errors = piped("init", str(folder), *REGISTRY, lines=0)
    assert (status, said, errors) == (NO_READER, "", "")
    assert {"build.docker", "shop.docker", "ship.cfg"} <= texts(folder).keys()


@pytest.mark.parametrize(
    "arguments",
    [
        ["--version"],
        ["--help"],
        ["adopt", "/nowhere"],
        ["doctor", "--help"],
        ["check", "--json"],
    ],
)
def test_no_word_ends_with_a_traceback_if_nobody_reads(
    tmp_path: Path, arguments: list[str]
) -> None:
    common = ["--checkout", str(tmp_path)] if arguments[0] == "check" else []
    _, _, errors = piped(*arguments, *common, lines=0)
    assert "Traceback" not in errors
    assert "BrokenPipeError" not in errors


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"buildbot-ship {metadata.version('buildbot-ship')}\n"


TEAM = """{{"port": 8010, "plugins": {{"ship": {page}}}}}"""


@pytest.mark.parametrize("page", ["{}", "True", '{"promote": "mine"}'])
@pytest.mark.parametrize("proposals", ["False", "True"])
def test_the_fragment_fits_into_a_page_and_with_proposals(
    folder: Path, tmp_path: Path, page: str, proposals: str
) -> None:
    assert main(["init", str(folder), *REGISTRY]) == 0
    fragment = (folder / "ship.cfg").read_text()
    fragment = fragment.replace("SHIP_PROPOSALS = False", f"SHIP_PROPOSALS = {proposals}")
    more = f'"www": {TEAM.format(page=page)}'
    (tmp_path / "master.cfg").write_text(MASTER.format(more=more) + fragment)
    config = FileLoader(str(tmp_path), "master.cfg").loadConfig()
    buttons = config.www["plugins"]["ship"]
    own = {"ship-shop": "force-promote-shop"}
    assert buttons["promote"] == ({"": "mine", **own} if "mine" in page else own)
    nightly = {name for name in config.schedulers if name.endswith("-nightly")}
    kinds = ("retag", "propose-bases", "propose-requirements")
    wanted = {f"{kind}-shop-nightly" for kind in kinds} if proposals == "True" else set()
    assert nightly == wanted
    for name in (buttons["rebase"]["ship-shop"], buttons["harden"]["ship-shop"]):
        assert (name in config.schedulers) == (proposals == "True")


def test_a_second_copy_of_the_fragment_is_an_error_with_the_remedy(
    folder: Path, tmp_path: Path
) -> None:
    assert main(["init", str(folder), *REGISTRY]) == 0
    fragment = (folder / "ship.cfg").read_text()
    (tmp_path / "master.cfg").write_text(MASTER.format(more="") + fragment * 2)
    with pytest.raises(ConfigErrors, match="remove the older copy") as caught:
        FileLoader(str(tmp_path), "master.cfg").loadConfig()
    assert "c['builders'] has 'ship-shop' already" in str(caught.value)
