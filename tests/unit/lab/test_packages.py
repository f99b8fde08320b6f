from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from lab.debian import DEFAULT
from lab.errors import LabError
from lab.packages import PACKAGES, Machine, Need, install, makes_bases, missing_packages

BARE = Machine(
    programs=frozenset({"git"}),
    ensurepip=False,
    engine=False,
    hub=False,
    bases=frozenset(),
    installs=True,
)


def test_a_bare_machine_gets_all_that_the_demo_takes() -> None:
    assert missing_packages(BARE, Need()) == (
        "python3-venv",
        "docker.io",
        "iptables",
        "docker-registry",
        "debootstrap",
    )


def test_nothing_is_installed_twice() -> None:
    full = dataclasses.replace(BARE, programs=frozenset(PACKAGES), ensurepip=True)
    assert missing_packages(full, Need(browser=True, own_bases=True)) == ()


def test_an_engine_that_answers_needs_no_daemon() -> None:
    answering = dataclasses.replace(BARE, engine=True)
    assert "docker.io" not in missing_packages(answering, Need())


def test_without_apt_the_registry_runs_in_a_container() -> None:
    foreign = dataclasses.replace(BARE, engine=True, hub=True, installs=False, ensurepip=True)
    assert missing_packages(foreign, Need()) == ()


def test_a_hub_in_reach_spares_the_demo_the_bootstrap_but_not_the_tests() -> None:
    online = dataclasses.replace(BARE, hub=True)
    assert not makes_bases(online, Need())
    assert makes_bases(online, Need(own_bases=True))


def test_cached_bases_need_no_debootstrap() -> None:
    cached = dataclasses.replace(BARE, bases=frozenset({DEFAULT}))
    assert "debootstrap" not in missing_packages(cached, Need())


def test_only_the_pythons_that_are_not_cached_are_bootstrapped() -> None:
    cached = dataclasses.replace(BARE, bases=frozenset({DEFAULT, "3.14"}))
    need = Need(own_bases=True, pythons=(DEFAULT, "3.14", "3.15"))
    assert makes_bases(cached, need) == ("3.15",)
    assert "debootstrap" in missing_packages(cached, need)


def test_unit_tests_install_no_docker() -> None:
    assert missing_packages(BARE, Need(machine=False, own_bases=True)) == ("python3-venv",)


def test_without_root_the_packages_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    with pytest.raises(LabError, match="only root .* apt-get install git iptables"):
        install(["git", "iptables"], tmp_path, print)


def test_another_system_is_told_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(LabError, match="not a Debian machine: .*: git"):
        install(["git"], tmp_path, print)


def test_a_second_engine_takes_debootstrap_until_its_root_is_cached() -> None:
    cached = dataclasses.replace(BARE, engine=True, bases=frozenset({DEFAULT}))
    need = Need(own_bases=True, other_engine=True)
    assert missing_packages(cached, need)[-3:] == ("iptables", "iproute2", "debootstrap")
    with_root = dataclasses.replace(cached, other_root=True)
    assert "debootstrap" not in missing_packages(with_root, need)


def test_a_git_server_over_ssh_takes_sshd() -> None:
    answering = dataclasses.replace(BARE, engine=True, bases=frozenset({DEFAULT}))
    assert missing_packages(answering, Need(git_server=True))[-1] == "openssh-server"
