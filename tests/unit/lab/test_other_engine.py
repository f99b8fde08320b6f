from __future__ import annotations

import ipaddress
import subprocess
from pathlib import Path

import pytest
from lab.errors import LabError
from lab.other_engine import (
    NETWORKS,
    SCRIPT,
    STORAGES,
    OtherEngine,
    bridge_name,
    configuration,
    free_address,
)
from lab.other_root import SUITES, root_folder
from lab.runs import Run


def test_only_the_containerd_engine_has_the_containerd_store() -> None:
    features = [configuration(storage, "ship1")["features"] for storage in STORAGES]
    assert features == [{"containerd-snapshotter": on} for on in (False, True)]


def test_an_engine_writes_no_rules_into_the_network_that_it_shares() -> None:
    config = configuration("overlay2", "ship1")
    assert (config["iptables"], config["ip6tables"]) == (False, False)
    assert config["bridge"] == "ship1"


def test_two_engines_have_two_bridges_and_two_networks() -> None:
    names = [bridge_name("tests-1", storage) for storage in STORAGES]
    assert len({*names, bridge_name("tests-2", "overlay2")}) == 3
    assert all(len(name) <= 15 for name in names)
    assert len({free_address(name, []) for name in names}) == 2


def test_a_network_that_the_host_routes_to_is_not_taken() -> None:
    first = free_address("ship0000000a", [])
    taken = str(ipaddress.ip_interface(first).network)
    second = free_address("ship0000000a", [taken, "192.0.2.7"])
    assert first != second
    assert ipaddress.ip_interface(second).ip in NETWORKS


def test_a_machine_without_a_free_network_is_told_so() -> None:
    with pytest.raises(LabError, match=r"all networks in 10\.192\.0\.0/10 are in use"):
        free_address("ship0000000a", ["10.0.0.0/8"])


def test_an_unknown_storage_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    run = Run.begin("unit", print, tmp_path)
    with pytest.raises(LabError, match="'zfs': choose from overlay2, containerd"):
        OtherEngine(run, "zfs").start()


def test_only_root_starts_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(LabError, match="only root"):
        OtherEngine(Run.begin("unit", print, tmp_path), "overlay2").start()


def test_a_root_is_named_by_its_recipe(tmp_path: Path) -> None:
    folders = {root_folder(tmp_path, suite) for suite in SUITES}
    assert len(folders) == len(SUITES)
    assert len({folder.parent for folder in folders}) == 1


def test_engines_of_two_suites_have_two_names(tmp_path: Path) -> None:
    run = Run.begin("unit", print, tmp_path)
    engines = [OtherEngine(run, "containerd", suite=suite) for suite in SUITES]
    assert len({engine.bridge for engine in engines}) == len(SUITES)


def test_the_script_is_one_that_a_shell_reads() -> None:
    subprocess.run(["sh", "-n", str(SCRIPT)], check=True)
