from __future__ import annotations

import re
from pathlib import Path

from lab.buildmaster import EXAMPLE
from lab.settings import Settings, host_ca_bundle, host_index_url

SETTINGS = Settings(
    git_url="git://127.0.0.1/calculator",
    registry="127.0.0.1:5000/team",
    worker_password="open sesame",
    ca_bundle="/etc/ssl/company.pem",
    index_url="https://index.example.com/simple",
    derived="pq.docker=python311-pq",
    smoke=False,
)


def test_every_variable_is_one_that_the_example_reads() -> None:
    read = set(re.findall(r"SHIP_\w+", EXAMPLE.read_text(encoding="utf-8")))
    assert set(SETTINGS.environment()) <= read


def test_what_is_not_set_is_left_to_the_example() -> None:
    plain = Settings(git_url="g", registry="r", worker_password="w")
    assert "SHIP_CA_BUNDLE" not in plain.environment()
    assert "SHIP_SMOKE" not in plain.environment()
    assert SETTINGS.environment()["SHIP_SMOKE"] == "no"
    assert "SHIP_INDEX_URL" not in plain.environment()


def test_the_hosts_ca_bundle_is_a_file(tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    assert host_ca_bundle({"PIP_CERT": str(bundle)}) is None
    bundle.touch()
    assert host_ca_bundle({"PIP_CERT": "", "SSL_CERT_FILE": str(bundle)}) == bundle


def test_only_an_index_that_containers_can_reach_is_handed_on() -> None:
    assert host_index_url({"PIP_INDEX_URL": "file:///mirror"}) is None
    assert host_index_url({"PIP_INDEX_URL": "https://i/simple"}) == "https://i/simple"
