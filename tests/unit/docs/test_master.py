"""The configurations that master.md, forges.md and messages.md show, each in the example."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from buildbot.config.errors import ConfigErrors
from buildbot.config.master import FileLoader
from buildbot.util.kubeclientservice import KubeInClusterConfigLoader
from buildbot.worker.docker import DockerLatentWorker
from buildbot.worker.kubernetes import KubeLatentWorker

from buildbot_ship.cli import main
from buildbot_ship.www.plugin import ACTIONS, ShipApplication

TOP = Path(__file__).resolve().parents[3]
EXAMPLE = (TOP / "master.cfg.example").read_text(encoding="utf-8")
LINE = 'LOGINS = registry_login(REGISTRY_USER, "registry-password")\n'
SECRETS = ("worker-password", "web-password", "hook-secret", "chat", "vault")
TITLES = ("ship", "check", "harden", "retag", "propose-bases", "propose-requirements")


def blocks(page: str, language: str) -> list[str]:
    text = (TOP / "docs" / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.S | re.M)


def settings(page: str) -> dict[str, str]:
    """Return the variables that a page exports, the last value of each."""
    text = "\n".join(blocks(page, "sh")).replace("\\\n", " ")
    found = re.findall(r"^export (\w+)=(?:'(.*?)'|\"(.*?)\"|(\S+))", text, flags=re.M)
    return {name: single or double or plain for name, single, double, plain in found}


def load(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    added: str = "",
    secrets: Mapping[str, str] | None = None,
    **environment: str,
) -> Any:
    """Load the example with more lines at its end, more secrets, and settings."""
    (folder / "secrets").mkdir(mode=0o700, parents=True)
    for name, text in {**dict.fromkeys(SECRETS, "https://chat"), **(secrets or {})}.items():
        (folder / "secrets" / name).touch(mode=0o600)
        (folder / "secrets" / name).write_text(f"{text}\n")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    (folder / "master.cfg").write_text(EXAMPLE + added)
    return FileLoader(str(folder), "master.cfg").loadConfig()


def service(config: Any, name: str) -> Any:
    """Return the service whose class is called *name*."""
    return next(s for s in config.services.values() if type(s).__name__ == name)


def test_what_a_team_does_not_set_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = load(tmp_path, monkeypatch)
    (tmp_path / "secrets" / "hook-secret").unlink()
    config = FileLoader(str(tmp_path), "master.cfg").loadConfig()
    assert [w.name for w in config.workers] == ["ship-worker", "__Janitor"]
    assert config.services == {}
    assert config.www.get("change_hook_dialects", {}) == {}
    assert config.protocols["pb"]["port"] == "tcp:9989:interface=127.0.0.1"
    assert config.db.db_url == "sqlite:///state.sqlite"
    steps = {
        b.name: [step.step_class.__name__ for step in b.factory.steps] for b in config.builders
    }
    assert "OpenMergeRequest" not in steps["propose-bases"] + steps["propose-requirements"]


def test_a_fragment_of_init_leaves_the_example_its_poller_and_its_buttons(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shop, url = tmp_path / "shop", "https://git.shop.test/team/shop.git"
    shutil.copytree(TOP / "tests" / "kinds" / "flask", shop)
    options = ["--registry", "registry.shop.test/team", "--git-url", url, "--branch", "main"]
    assert main(["init", str(shop), *options]) == 0
    fragment = (shop / "ship.cfg").read_text()
    config = load(tmp_path, monkeypatch, fragment, SHIP_GIT_URL=url)
    assert [each.name for each in config.change_sources] == ["source"]
    page = config.www["plugins"]["ship"]
    actions = ShipApplication()
    actions.master = None
    actions.config = page
    names = actions.answers().actions
    for button, own in (("promote", "force-promote-shop"), ("rebuild", "force-ship-shop")):
        assert page[button] == {"ship-shop": own}
        assert {name: names[button][name] for name in ("", "ship-shop")} == {
            "": ACTIONS[button],
            "ship-shop": own,
        }
        assert {own, ACTIONS[button]} <= config.schedulers.keys()
    other = load(tmp_path / "other", monkeypatch, fragment, SHIP_GIT_URL="https://x.test/y.git")
    assert [each.name for each in other.change_sources] == ["source", "ship-shop"]


def test_several_workers_are_used_by_every_builder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert settings("master.md")["SHIP_WORKERS"] == "ada grace"
    own = {"worker-password-ada": "own"}
    config = load(tmp_path, monkeypatch, secrets=own, SHIP_WORKERS="ada grace")
    passwords = {w.name: str(w.password) for w in config.workers if w.name != "__Janitor"}
    assert passwords == {
        "ada": "Secret(worker-password-ada)",
        "grace": "Secret(worker-password)",
    }
    used = {tuple(b.workernames) for b in config.builders if b.name in TITLES}
    assert used == {("ada", "grace")}


def test_a_worker_without_a_password_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = {"worker-password": "", "worker-password-ada": "own"}
    with pytest.raises(ConfigErrors, match="the worker grace has no password: write one into"):
        load(tmp_path, monkeypatch, secrets=own, SHIP_WORKERS="ada grace")


def test_the_database_is_postgresql_by_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = settings("master.md")["SHIP_DB_URL"]
    config = load(tmp_path, monkeypatch, SHIP_DB_URL=url)
    assert config.db.db_url == url
    assert url.endswith("?plugin=buildbot_ship")
    assert not config.db.engine_kwargs
    (tmp_path / "secrets" / "db-url").touch(mode=0o600)
    (tmp_path / "secrets" / "db-url").write_text("postgresql://u:p@h/d\n")
    config = FileLoader(str(tmp_path), "master.cfg").loadConfig()
    assert config.db.db_url == "postgresql://u:p@h/d"


def test_old_logs_and_files_go_and_builds_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = load(tmp_path, monkeypatch, SHIP_KEEP_DAYS="7")
    (janitor,) = (b for b in config.builders if b.name == "__Janitor")
    horizons = [step.buildStep() for step in janitor.factory.steps]
    assert [step.name for step in horizons] == ["LogChunksJanitor", "BuildDataJanitor"]
    assert [horizons[0].logHorizon.days, horizons[1].build_data_horizon.days] == [7, 7]


@pytest.mark.parametrize("kind", ["github", "gitlab", "gitea"])
def test_one_setting_turns_a_forge_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    assert settings("forges.md") == {"SHIP_FORGE": "github"}
    with pytest.raises(ConfigErrors, match="write one into the file secrets/forge-token"):
        load(tmp_path, monkeypatch, SHIP_FORGE=kind)
    (tmp_path / "secrets" / "forge-token").touch(mode=0o600)
    (tmp_path / "secrets" / "forge-token").write_text("token\n")
    config = FileLoader(str(tmp_path), "master.cfg").loadConfig()
    assert service(config, "GitLabStatusPush" if kind == "gitlab" else "GitHubStatusPush")
    dialects = config.www["change_hook_dialects"]
    assert dialects[kind]["secret"].secret_name == "hook-secret"
    assert list(dialects) == [kind]
    assert "change_hook_auth" not in config.www
    for builder in config.builders:
        names = [step.step_class.__name__ for step in builder.factory.steps]
        has_one = builder.name in ("propose-bases", "propose-requirements")
        assert names.count("OpenMergeRequest") == has_one
        assert not has_one or names.index("OpenMergeRequest") > names.index("ProposeChange")


def test_the_hook_of_another_server_has_a_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    www = load(tmp_path, monkeypatch).www
    assert www["change_hook_dialects"] == {"poller": True}
    assert len(www["change_hook_auth"]) == 1


def test_the_forge_in_a_configuration_of_ones_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (block,) = blocks("forges.md", "python")
    added = f"\nfactory = FACTORIES['harden']\n{block}"
    config = load(tmp_path, monkeypatch, added)
    assert service(config, "GitHubStatusPush")
    assert "gitea" in config.www["change_hook_dialects"]


def test_mail_is_sent_by_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in settings("messages.md").items():
        monkeypatch.setenv(name, value)
    config = load(tmp_path, monkeypatch)
    assert service(config, "MailNotifier")


@pytest.mark.parametrize("block", blocks("messages.md", "python"))
def test_a_reporter_of_the_page_loads(
    block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = load(tmp_path, monkeypatch, block)
    wanted = re.search(r"reporters\.(\w+)\(", block)
    assert wanted is not None
    assert service(config, wanted[1])


def test_workers_that_start_on_demand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    docker, kubernetes = blocks("master.md", "python")[:2]
    config = load(tmp_path, monkeypatch, docker, SHIP_WORKERS="ada grace")
    made = [each for each in config.workers if each.name != "__Janitor"]
    assert [(type(each), each.name) for each in made] == [
        (DockerLatentWorker, "ada"),
        (DockerLatentWorker, "grace"),
    ]
    (tmp_path / "k8s").mkdir()
    # What a cluster mounts into the pod of the master.
    account = tmp_path / "account"
    account.mkdir()
    for name in ("token", "namespace", "ca.crt"):
        (account / name).write_text("x")
    for name, path in (
        ("kube_dir", account),
        ("kube_namespace_file", account / "namespace"),
        ("kube_token_file", account / "token"),
        ("kube_cert_file", account / "ca.crt"),
    ):
        monkeypatch.setattr(KubeInClusterConfigLoader, name, str(path))
    config = load(tmp_path / "k8s", monkeypatch, kubernetes, SHIP_WORKERS="ada")
    (pod,) = (each for each in config.workers if each.name != "__Janitor")
    assert isinstance(pod, KubeLatentWorker)
    for method in (
        pod.get_volumes,
        pod.getServicesContainers,
        pod.get_build_container_volume_mounts,
    ):
        assert method(None)


def test_vault_has_the_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    provider, line = blocks("master.md", "python")[2:]
    text = EXAMPLE.replace(LINE, line)
    assert text != EXAMPLE
    monkeypatch.setattr("tests.unit.docs.test_master.EXAMPLE", text)
    config = load(tmp_path, monkeypatch, provider, SHIP_REGISTRY_USER="robot")
    kinds = [type(each).__name__ for each in config.secretsProviders]
    assert kinds == ["SecretInAFile", "HashiCorpVaultKvSecretProvider"]
    (ship,) = (b for b in config.builders if b.name == "ship")
    logins = {str(step.buildStep().__dict__.get("credentials")) for step in ship.factory.steps}
    assert any("registry|password" in str(each) for each in logins)
