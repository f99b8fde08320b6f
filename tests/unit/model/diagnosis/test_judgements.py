"""Clocks, disks, certificates, engines and indexes, judged by values alone."""

from __future__ import annotations

import json
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from lab.authority import Authority

from buildbot_ship.model.diagnosis.certificates import judge_bundle
from buildbot_ship.model.diagnosis.clock import Sighting, duration, judge_clock
from buildbot_ship.model.diagnosis.engine import EngineFacts, judge_engine, unlimited_of
from buildbot_ship.model.diagnosis.finding import OK, PROBLEM, SKIPPED, WARNING, Finding
from buildbot_ship.model.diagnosis.index_page import JSON, IndexPage, judge_page
from buildbot_ship.model.diagnosis.space import GIB, Space, judge_space

HOUR, DAY = 3600.0, 86400.0


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (61, "1 min 1 s"),
        (DAY - 0.5, "1 d"),
        (DAY + 7200, "1 d 2 h"),
        (5400, "1 h 30 min"),
    ],
)
def test_a_duration_has_its_two_largest_units(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_clocks_that_agree_are_named() -> None:
    found = judge_clock([Sighting("the engine", 0.4), Sighting("registry r", -30)])
    assert [each.message for each in found] == ["the same time as registry r, the engine"]
    assert judge_clock([])[0].status == SKIPPED


@pytest.mark.parametrize(
    ("ahead", "status", "words"),
    [
        (61, WARNING, "1 min 1 s behind r"),
        (DAY, PROBLEM, "1 d behind r"),
        (-DAY, PROBLEM, "1 d ahead of r"),
    ],
)
def test_a_difference_of_clocks_is_found(ahead: float, status: str, words: str) -> None:
    (found,) = judge_clock([Sighting("r", ahead)])
    assert found.status == status
    assert found.message.endswith(words)
    # With one other clock nobody knows which one is wrong.
    assert "whose clock is wrong" in found.remedy


def test_the_clock_against_which_all_others_agree_is_wrong() -> None:
    found = judge_clock([Sighting("a", DAY), Sighting("b", DAY + 5)])
    assert [each.status for each in found] == [PROBLEM] * 2
    assert "the clock of this machine" in found[0].remedy


def judge(free: int, **more: Any) -> Finding:
    return judge_space(
        Space("/x", free, **more), "the disk", "free it", least=GIB, better=5 * GIB
    )


@pytest.mark.parametrize(
    ("finding", "status"),
    [
        (judge(6 * GIB), OK),
        (judge(4 * GIB), WARNING),
        (judge(GIB - 1), PROBLEM),
        (judge(6 * GIB, files=9), PROBLEM),
        (judge(6 * GIB, files=10**6), OK),
    ],
)
def test_little_space_is_a_warning_and_less_a_problem(finding: Finding, status: str) -> None:
    assert finding.status == status
    assert (finding.remedy == "free it") == (status != OK)


@pytest.fixture(scope="module")
def bundle() -> str:
    """The certificate of an authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "The Company CA")])
    now = datetime.now(UTC)
    constraints = x509.BasicConstraints(ca=True, path_length=None)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .add_extension(constraints, critical=True)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()


def end_of(bundle: str) -> float:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=bundle)
    return float(ssl.cert_time_to_seconds(str(context.get_ca_certs()[0]["notAfter"])))


def test_a_bundle_counts_as_long_as_one_certificate_is_valid(bundle: str) -> None:
    end = end_of(bundle)
    assert (
        judge_bundle("ca.pem", bundle, end - 30 * DAY).message == "ca.pem: 1 authority, valid"
    )
    soon = judge_bundle("ca.pem", bundle, end - HOUR)
    assert (soon.status, soon.message) == (WARNING, "ca.pem expires soon")
    assert soon.cause == "The Company CA ends in 1 h"
    late = judge_bundle("ca.pem", bundle, end + HOUR)
    assert late.status == PROBLEM
    assert late.cause == "the last one, The Company CA, ended 1 h ago"


def test_a_certificate_of_a_single_server_is_taken(tmp_path: Path) -> None:
    text = Authority.make(tmp_path, "127.0.0.1").bundle.read_text()
    assert judge_bundle("ca.pem", text, 0).message == "ca.pem: 1 certificate"


@pytest.mark.parametrize("text", ["", "not a certificate", "-----BEGIN CERTIFICATE-----\nxx\n"])
def test_what_is_no_bundle_is_a_problem(text: str) -> None:
    found = judge_bundle("ca.pem", text, 0)
    assert found.status == PROBLEM
    assert "PEM" in found.cause
    assert "openssl x509" in found.remedy


def engine(**more: Any) -> list[Finding]:
    facts = EngineFacts("unix:///x", "26.1.5", **{"api": "1.45", "storage": "overlay2", **more})
    return list(judge_engine(facts))


def test_an_engine_that_is_tested_is_fine() -> None:
    (found,) = engine()
    assert (
        found.message == "Docker Engine 26.1.5 (API 1.45) at unix:///x, storage driver overlay2"
    )
    assert [each.status for each in engine(api="1.41")] == [OK]


@pytest.mark.parametrize("api", ["1.40", "1.9", "0.99"])
def test_an_old_engine_is_a_problem(api: str) -> None:
    (found,) = engine(api=api)
    assert found.status == PROBLEM
    assert "upgrade to Docker Engine 20.10" in found.remedy


def test_slow_storage_and_missing_limits_are_warnings() -> None:
    info = {"MemoryLimit": False, "PidsLimit": False, "CpuCfsQuota": True}
    found = engine(storage="vfs", unlimited=unlimited_of(info))
    assert [each.status for each in found] == [OK, WARNING, WARNING]
    assert "no limit on memory and processes" in found[2].message


def page(status: int, kind: str, body: bytes = b"", *, is_whole: bool = True) -> Finding:
    return judge_page(IndexPage("https://i/simple", "six", status, kind, body, is_whole))


def files(*listed: dict[str, str]) -> bytes:
    return json.dumps({"files": listed}).encode()


@pytest.mark.parametrize(
    ("finding", "status", "words"),
    [
        (page(200, JSON, files({"upload-time": "2026"})), OK, "with upload times (six)"),
        (page(200, JSON, files({"filename": "x"})), WARNING, "without upload times"),
        (page(200, JSON, files()), OK, "answers in JSON"),
        (page(200, JSON, b"{", is_whole=False), OK, "answers in JSON"),
        (page(200, JSON, b"[]"), PROBLEM, "is no package index"),
        (page(200, "text/html; charset=utf-8", b'<a href="x">'), WARNING, "in HTML"),
        (page(200, "text/html", b"<form>log in</form>"), PROBLEM, "is no package index"),
        (page(200, "image/png"), PROBLEM, "is no package index"),
        (page(404, "text/html"), WARNING, "does not have six"),
        (page(418, "text/html"), PROBLEM, "is no package index"),
    ],
)
def test_the_answer_of_an_index_is_judged(finding: Finding, status: str, words: str) -> None:
    assert finding.status == status
    assert words in finding.message
    assert bool(finding.remedy) == (status != OK)
