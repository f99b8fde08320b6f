"""`buildbot-ship adopt` reads real configurations of Buildbot masters."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from buildbot.changes.manager import ChangeManager
from buildbot.config.errors import capture_config_errors
from buildbot.config.master import FileLoader
from buildbot.secrets.manager import SecretManager
from buildbot.util.service import BuildbotServiceManager
from buildbot.worker.manager import WorkerManager

from buildbot_ship.cli import main
from buildbot_ship.model.adoption import remedies

PROGRAMS = Path(sys.executable).parent
TOP = Path(__file__).resolve().parents[3]
EMPTY = """\
from buildbot.plugins import changes, schedulers, steps, util, worker
c = BuildmasterConfig = {
    "workers": [worker.Worker("one", "a-password"), worker.LocalWorker("two")],
    "builders": [util.BuilderConfig("old", "one", factory=util.BuildFactory())],
    "schedulers": [schedulers.Triggerable("old", ["old"])],
    "protocols": {"pb": {"port": 9989}},
    "buildbotNetUsageData": None,
}
"""


@pytest.fixture(scope="module")
def created(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that Buildbot makes for a master."""
    top = tmp_path_factory.mktemp("created") / "master"
    command = [str(PROGRAMS / "buildbot"), "create-master", "--db", "sqlite://", str(top)]
    subprocess.run(command, check=True, capture_output=True)
    return top


@pytest.fixture
def folder(created: Path, tmp_path: Path) -> Path:
    """A master's folder with a small configuration."""
    top = tmp_path / "master"
    shutil.copytree(created, top)
    (top / "master.cfg").write_text(EMPTY)
    return top


def add(folder: Path, text: str) -> None:
    with open(folder / "master.cfg", "a", encoding="utf-8") as config:
        config.write(text)


def adopt(folder: Path, capsys: pytest.CaptureFixture[str], *options: str) -> str:
    status, said = main(["adopt", str(folder), *options]), capsys.readouterr().out
    assert status == 0, said
    return said


def code_of(folder: Path, said: str) -> str:
    return said.partition(f"Append this to {folder}/master.cfg:\n")[2].rpartition("adopt: ")[0]


def run_shell_of(said: str) -> None:
    shell = said.partition("as the user of the master:\n")[2].partition("\nAppend this")[0]
    subprocess.run(["sh", "-euc", shell], check=True)


def states(said: str, state: str) -> list[str]:
    return [line[6:] for line in said.splitlines() if line.startswith(f"{state:<4}  ")]


def test_it_says_what_is_there_and_what_is_not(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = adopt(folder, capsys)
    assert f"Buildbot 4.3.0 in {sys.executable}" in states(said, "has")
    assert "workers: one (Worker)" in states(said, "has")
    lacking = "\n".join(states(said, "add"))
    for part in ("builders that ship", "a change source", "secrets", "a janitor", "a web UI"):
        assert part in lacking
    assert "everybody who reaches the web UI may" in lacking
    assert "a-password" not in said


def test_it_changes_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def state() -> dict[str, tuple[int, bytes]]:
        files = (path for path in folder.rglob("*") if path.is_file())
        return {str(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}

    (folder / "more.py").write_text("NAME = 'imported'\n")
    add(folder, "import more\n")
    before = state()
    adopt(folder, capsys)
    assert state() == before


def test_what_it_says_to_append_is_all_that_is_lacking(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    repository = tmp_path / "shop"
    repository.mkdir()
    (repository / "requirements.txt").write_text("flask\n")
    (repository / "app.py").write_text("from flask import Flask\napp = Flask(__name__)\n")
    assert main(["init", str(repository), "--registry", "registry.example.com/team"]) == 0
    capsys.readouterr()
    said = adopt(folder, capsys)
    run_shell_of(said)
    assert (folder / "secrets").stat().st_mode & 0o777 == 0o700
    assert (folder / "secrets" / "web-password").stat().st_mode & 0o777 == 0o600
    assert len((folder / "secrets" / "web-password").read_text().strip()) > 20
    add(folder, code_of(folder, said))
    (folder / "own.cfg").write_text((folder / "master.cfg").read_text())
    ship = (repository / "ship.cfg").read_text()
    add(folder, ship)
    (placeholder,) = states(adopt(folder, capsys), "add")
    assert placeholder == (
        "the URL of your repository: GitPoller (https://git.example.com/team/shop.git) "
        "is a placeholder"
    )
    (folder / "own.cfg").replace(folder / "master.cfg")
    add(folder, ship.replace("//git.example.com/", "//git.shop.test/"))
    said = adopt(folder, capsys)
    assert states(said, "add") == []
    assert said.endswith("\nadopt: nothing to add\n")
    assert "builders that ship: ship-shop, harden-shop, promote-shop" in states(said, "has")
    assert "change sources: GitPoller (https://git.shop.test/team/shop.git)" in said
    check = [str(PROGRAMS / "buildbot"), "checkconfig", str(folder)]
    subprocess.run(check, check=True, capture_output=True)


def test_the_example_lacks_only_your_repository(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "master.cfg").write_bytes((TOP / "master.cfg.example").read_bytes())
    (folder / "secrets").mkdir(mode=0o700)
    for name in ("worker-password", "web-password"):
        (folder / "secrets" / name).write_text("x")
        (folder / "secrets" / name).chmod(0o600)
    (lacking,) = states(adopt(folder, capsys), "add")
    assert lacking.endswith("git.example.com/team/calculator.git) is a placeholder")


def test_a_password_in_a_url_is_not_shown(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = "https://user:pass-word@git.example.com/a.git"
    add(folder, f"c['change_source'] = changes.GitPoller({url!r})\n")
    said = adopt(folder, capsys)
    assert "GitPoller (https://git.example.com/a.git)" in said
    assert "pass-word" not in said


def test_the_users_of_the_login_may_force(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    login = "util.UserPasswordAuth({'me': 'pass-word', 'ada': b'pass-word'})"
    add(folder, f"c['www'] = {{'port': 1, 'auth': {login}}}\n")
    said = adopt(folder, capsys)
    assert 'usernames=["ada", "me"]' in said
    assert "pass-word" not in said + adopt(folder, capsys, "--json")
    (folder / "secrets").mkdir(mode=0o700)
    add(folder, code_of(folder, said))
    lacking = "\n".join(states(adopt(folder, capsys), "add"))
    assert "role" not in lacking
    assert "everybody" not in lacking


@pytest.mark.parametrize(
    ("matcher", "is_locked"),
    [
        ("util.RolesFromUsername(roles=['shippers'], usernames=['ship'])", True),
        ("util.RolesFromUsername(roles=['shippers'], usernames=['ship', 'me'])", False),
        ("util.RolesFromUsername(roles=['readers'], usernames=['me'])", True),
        ("util.RolesFromEmails(shippers=['me'])", False),
        ("util.RolesFromOwner('shippers')", False),
    ],
)
def test_a_role_that_no_user_of_the_login_has_is_lacking(
    folder: Path, capsys: pytest.CaptureFixture[str], matcher: str, is_locked: bool
) -> None:
    rule = "util.AnyControlEndpointMatcher(role='shippers')"
    authz = f"util.Authz(allowRules=[{rule}], roleMatchers=[{matcher}])"
    login = "util.UserPasswordAuth({'me': 'pw'})"
    add(folder, f"c['www'] = {{'port': 1, 'auth': {login}, 'authz': {authz}}}\n")
    text = "the role shippers for a user of your login: now nobody has it (users: me)"
    assert (text in adopt(folder, capsys)) is is_locked


def test_a_login_without_a_list_of_users_leaves_the_names_to_you(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    login = "util.RemoteUserAuth(header='X-User', headerRegex=rb'(?P<username>.+)')"
    add(folder, f"c['www'] = {{'port': 1, 'auth': {login}}}\n")
    said = adopt(folder, capsys)
    note = (
        'the login RemoteUserAuth has no list of users: replace "ship" with your user names '
        "in usernames of authz"
    )
    assert note in states(said, "note")
    assert '\n# Replace "ship" with your user names.\nc["www"]["authz"]' in said
    (folder / "secrets").mkdir(mode=0o700)
    config = (folder / "master.cfg").read_text()
    add(folder, code_of(folder, said))
    assert note in states(adopt(folder, capsys), "note")
    names = code_of(folder, said).replace('["ship"]', '["ada"]')
    (folder / "master.cfg").write_text(config + names)
    assert note not in adopt(folder, capsys)


def test_the_worker_of_the_janitor_ships_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add(folder, "c['configurators'] = [util.JanitorConfigurator(logHorizon=9, hour=3)]\n")
    said = adopt(folder, capsys)
    assert "workers: one (Worker)" in states(said, "has")
    assert "__Janitor" not in said


@pytest.mark.parametrize(
    ("rule", "guards"),
    [
        ("util.AnyEndpointMatcher(role='admins')", True),
        ("util.ForceBuildEndpointMatcher(role='admins')", True),
        ("util.StopBuildEndpointMatcher(role='admins')", False),
    ],
)
def test_rules_that_do_not_guard_forcing_are_not_enough(
    folder: Path, capsys: pytest.CaptureFixture[str], rule: str, guards: bool
) -> None:
    add(folder, f"c['www'] = {{'port': 1, 'authz': util.Authz(allowRules=[{rule}])}}\n")
    lacking = "\n".join(states(adopt(folder, capsys), "add"))
    assert ("now everybody may force builds" in lacking) is not guards


def test_the_name_of_the_configuration_is_that_of_the_tac(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "master.cfg").rename(folder / "other.cfg")
    tac = folder / "buildbot.tac"
    tac.write_text(tac.read_text().replace("'master.cfg'", "'other.cfg'"))
    assert "one (Worker)" in adopt(folder, capsys)


def test_programs_read_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = json.loads(adopt(folder, capsys, "--json"))
    assert {row["state"] for row in rows} == {"has", "add", "note"}


def test_the_interpreter_of_the_running_master_is_taken(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    python = tmp_path / "python-of-master"
    python.write_text("#!/bin/sh\nexit 3\n")
    python.chmod(0o755)
    code = "import sys; print('ready', flush=True); sys.stdin.read()"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    argv = [str(python), "-c", code]
    with subprocess.Popen(argv, executable=sys.executable, **pipes) as running:  # type: ignore[call-overload]
        assert running.stdout.readline() == b"ready\n"
        (folder / "twistd.pid").write_text(str(running.pid))
        assert main(["adopt", str(folder)]) == 19
        running.communicate(b"")
    assert "it ended with status 3" in capsys.readouterr().out


URL = "https://git.shop.test/team/shop.git"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (
            f"c['change_source'] = [changes.GitPoller({URL!r}), changes.GitPoller({URL!r})]\n",
            f"c['change_source'] has 2 services (GitPoller, GitPoller) with the name '{URL}': "
            "the master does not start. Remove one of them; if you need both, give one a",
        ),
        (
            "c['workers'].append(worker.LocalWorker('one'))\n",
            "c['workers'] has 2 services (Worker, LocalWorker) with the name 'one'",
        ),
        (
            "from buildbot.plugins import secrets\n"
            "c['secretsProviders'] = [secrets.SecretInAFile(basedir + '/secrets')] * 2\n",
            "c['secretsProviders'] has 2 services (SecretInAFile, SecretInAFile)",
        ),
    ],
)
def test_names_that_checkconfig_does_not_see_twice_are_to_be_fixed(
    folder: Path, capsys: pytest.CaptureFixture[str], text: str, why: str
) -> None:
    (folder / "secrets").mkdir(mode=0o700)
    add(folder, text)
    check = [str(PROGRAMS / "buildbot"), "checkconfig", str(folder)]
    subprocess.run(check, check=True, capture_output=True)
    said = adopt(folder, capsys)
    (fix,) = states(said, "fix")
    assert fix.startswith(why)
    assert "\nadopt: 1 thing to fix, " in said
    # What Buildbot says when it starts.
    config = FileLoader(str(folder), "master.cfg").loadConfig()
    with capture_config_errors() as errors:
        for manager in (ChangeManager, WorkerManager, SecretManager):
            service: Any = manager.__new__(manager)
            BuildbotServiceManager.get_service_config(service, config)
    assert "Two services share the same name" in str(errors)


def test_a_shared_name_has_no_password(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = "https://me:pass-word@git.shop.test/shop.git"
    add(folder, f"c['change_source'] = [changes.GitPoller({url!r}) for _ in range(2)]\n")
    said = adopt(folder, capsys)
    assert "with the name 'https://git.shop.test/shop.git'" in said
    assert "pass-word" not in said


def test_a_fragment_beside_a_poller_of_the_team_has_nothing_to_fix(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    repository = tmp_path / "shop"
    repository.mkdir()
    (repository / "requirements.txt").write_text("flask\n")
    (repository / "app.py").write_text("from flask import Flask\napp = Flask(__name__)\n")
    options = ["--registry", "registry.shop.test/team", "--git-url", URL, "--branch", "main"]
    assert main(["init", str(repository), *options]) == 0
    capsys.readouterr()
    add(folder, f"c['change_source'] = changes.GitPoller({URL!r}, branch='main')\n")
    add(folder, (repository / "ship.cfg").read_text())
    said = adopt(folder, capsys)
    assert states(said, "fix") == []
    assert f"change sources: GitPoller ({URL})" in states(said, "has")


@pytest.fixture
def bare_python(tmp_path: Path) -> Path:
    """An interpreter with Buildbot, and without buildbot-ship."""
    (tmp_path / "hiding").mkdir()
    (tmp_path / "hiding" / "sitecustomize.py").write_text(
        "from importlib import metadata\n"
        "find = metadata.MetadataPathFinder.find_distributions\n"
        "def without(*given):\n"
        "    return [d for d in find(*given) if d.metadata['Name'] != 'buildbot-ship']\n"
        "metadata.MetadataPathFinder.find_distributions = without\n"
    )
    python = tmp_path / "bare python"
    path = f"PYTHONPATH={tmp_path}/hiding"
    python.write_text(f'#!/bin/sh\n{path} exec {sys.executable} "$@"\n')
    python.chmod(0o755)
    return python


@pytest.mark.parametrize(
    "text",
    ["util.ShipImage\n", "raise ModuleNotFoundError(\"No module named 'buildbot_ship'\")\n"],
)
def test_a_configuration_that_needs_the_plugin_names_its_installation(
    folder: Path, capsys: pytest.CaptureFixture[str], bare_python: Path, text: str
) -> None:
    said = adopt(folder, capsys, "--python", str(bare_python))
    assert any(each.startswith("buildbot-ship: run ") for each in states(said, "add"))
    add(folder, text)
    assert main(["adopt", str(folder), "--python", str(bare_python)]) == 19
    said = capsys.readouterr().out
    assert f"  remedy: run {sys.executable} -m pip install '.[master]' in a clone" in said
    assert "; then restart the master once, because" in said


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("util.ship_fabric", "correct what buildbot checkconfig reports for it"),
        ("util.ShipImage", "buildbot-ship 0.0.1 of this master is too old: run python3 -m pip"),
    ],
)
def test_a_component_that_a_version_lacks_is_ours_or_not(name: str, remedy: str) -> None:
    errors = [f"error while parsing config file: Unknown component name: {name[5:]} (x)"]
    told = remedies.remedy(errors, ship="0.0.1", python="python3", ours=["ShipImage"])
    assert told.startswith(remedy)


@pytest.mark.parametrize(
    "text",
    [
        "c['builders'] *= 2\n",
        "c['schedulers'] *= 2\n",
        "from buildbot.plugins import reporters\n"
        "c['services'] = [reporters.GitHubStatusPush(token='x') for _ in range(2)]\n",
    ],
)
def test_names_that_checkconfig_sees_twice_have_a_remedy(
    folder: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    add(folder, text)
    assert main(["adopt", str(folder)]) == 19
    assert "  remedy: rename one of the two; if ship.cfg is in" in capsys.readouterr().out


def test_a_master_that_runs_since_before_the_installation_needs_a_restart(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = "import sys; print('ready', flush=True); sys.stdin.read()"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    restart = f"run buildbot restart {folder}"
    pid = folder / "twistd.pid"
    with subprocess.Popen([sys.executable, "-c", code], **pipes) as running:  # type: ignore[call-overload]
        assert running.stdout.readline() == b"ready\n"
        pid.write_text(str(running.pid))
        assert restart not in adopt(folder, capsys)
        os.utime(pid, (1, 1))
        assert restart in adopt(folder, capsys)
        running.communicate(b"")
    # A master that ended starts with all plugins.
    assert restart not in adopt(folder, capsys)


def test_the_users_of_rules_without_a_login_get_one(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    matcher = "util.RolesFromUsername(roles=['admins'], usernames=['ada'])"
    rule = "util.AnyEndpointMatcher(role='admins')"
    authz = f"util.Authz(allowRules=[{rule}], roleMatchers=[{matcher}])"
    add(folder, f"c['www'] = {{'port': 1, 'authz': {authz}}}\n")
    said = adopt(folder, capsys)
    assert "a login: the user ada, with the password in secrets/web-password" in said
    run_shell_of(said)
    add(folder, code_of(folder, said))
    said = adopt(folder, capsys)
    assert "role admins" not in said
    assert not [each for each in states(said, "add") if "login" in each]


def test_roles_of_groups_leave_the_login_to_you(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rule = "util.AnyEndpointMatcher(role='admins')"
    authz = f"util.Authz(allowRules=[{rule}], roleMatchers=[util.RolesFromGroups()])"
    add(folder, f"c['www'] = {{'port': 1, 'authz': {authz}}}\n")
    said = adopt(folder, capsys)
    assert "web-password" not in said
    assert any(each.startswith("no login: set") for each in states(said, "note"))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("c['builders'] = 3\n", "c['builders'] must be a list"),
        ("raise ValueError('broken')\n", "broken"),
        ("import sys; sys.exit(4)\n", "SystemExit: 4"),
        ("import os; os._exit(5)\n", "it ended with status 5"),
        ("syntax error\n", "master.cfg"),
    ],
)
def test_a_configuration_that_does_not_load_is_an_error(
    folder: Path, capsys: pytest.CaptureFixture[str], text: str, why: str
) -> None:
    add(folder, text)
    assert main(["adopt", str(folder)]) == 19
    said = capsys.readouterr().out
    assert why in said
    assert "  remedy: correct what buildbot checkconfig reports for it\n" in said


def test_a_folder_without_a_master_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["adopt", str(tmp_path)]) == 19
    assert "it has no buildbot.tac" in capsys.readouterr().out
    # With --json, a program reads standard output.
    assert main(["adopt", str(tmp_path), "--json"]) == 19
    said = capsys.readouterr()
    assert said.out == ""
    assert "it has no buildbot.tac" in said.err


def test_the_folder_of_a_worker_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tac = (
        "from buildbot_worker.bot import Worker\ns = Worker('host', 9989, 'a', 'b', '.', 600)\n"
    )
    (tmp_path / "buildbot.tac").write_text(tac)
    assert main(["adopt", str(tmp_path)]) == 19
    said = capsys.readouterr().out
    assert "this is the folder of a worker" in said
    assert "  remedy: name the folder of the master" in said


def test_an_interpreter_without_buildbot_is_an_error(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    system = os.path.realpath(sys.executable)
    for python, why in ((system, "has no Buildbot"), ("/nowhere/python", "does not exist")):
        assert main(["adopt", str(folder), "--python", python]) == 19
        assert why in capsys.readouterr().out
