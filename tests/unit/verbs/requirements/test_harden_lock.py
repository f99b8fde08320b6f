"""Hardening with a lock file of another tool: only the build lock is written."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import attrs
import pytest
from lab.git_server import git

from buildbot_ship.daemon.interface import Job
from buildbot_ship.errors import InvalidFile, InvalidRequest
from buildbot_ship.model.request import HardenRequest
from buildbot_ship.model.requirements.header import Interpreter, split
from buildbot_ship.model.requirements.reader import parse_strict
from buildbot_ship.model.requirements.staleness import environment_of

from . import test_harden
from .test_harden import BASE, FACTS, Yard

SAMPLE = Path(__file__).parents[3] / "locks" / "uv"
LOCK, BUILD_LOCK = "uv.lock", "requirements.build.txt"
REQUEST = HardenRequest(strict=LOCK, packages=(".", "packages/core"), cooldown=7)
SECTION = f"#: package .\nhatchling==1.27.0 --hash=sha256:{'a' * 64}\n"


@attrs.define
class LockYard(Yard):
    """A checkout with a lock file, and a job that returns one section."""

    def resolve(self, job: Job, out: Path) -> dict[str, Any]:
        self.asked.append(dict(job.arguments))
        (out / "build.txt").write_text(SECTION)
        return {"ok": True, "sections": [], "sdists": [], "ages": {}}


@pytest.fixture
def yard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LockYard:
    python = Interpreter(FACTS["version"], FACTS["abi"], FACTS["platform"])  # type: ignore[arg-type]
    facts = {**FACTS, "environment": environment_of(python)}
    monkeypatch.setattr(test_harden, "FACTS", facts)
    yard = LockYard(tmp_path)
    shutil.copytree(SAMPLE, yard.checkout)
    yard.write("build.docker", f"FROM {BASE}\n")
    git(yard.checkout, "init", "-q")
    git(yard.checkout, "add", "-A")
    return yard


def test_the_job_gets_the_pins_that_apply_and_the_lock_stays(yard: LockYard) -> None:
    before = (yard.checkout / LOCK).read_bytes()
    result = yard.harden("nothing", REQUEST)
    (asked,) = yard.asked
    pins = parse_strict(asked["strict"], "strict.txt")
    assert {pin.key: pin.version for pin in pins} == {
        "docopt": "0.6.2",
        "packaging": "24.2",
        "six": "1.17.0",
    }
    assert asked["cooldown"] == 7
    assert (yard.checkout / LOCK).read_bytes() == before
    header, body = split((yard.checkout / BUILD_LOCK).read_text())
    assert body == SECTION
    assert header.base == BASE
    assert result.summary == "uv.lock: 3 packages locked: no change"


def test_a_build_lock_that_is_up_to_date_keeps_its_bytes(yard: LockYard) -> None:
    yard.harden("nothing", REQUEST)
    path = yard.checkout / BUILD_LOCK
    path.write_text(path.read_text().replace("pip 26.3", "pip 26.2"))
    before = path.read_bytes()
    yard.harden("nothing", REQUEST)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("upgrade", "options", "why"),
    [
        ("all", {}, "upgrade: only nothing is possible"),
        ("nothing", {"no_binary": "six"}, "no_binary: uv.lock has all files of a release"),
        ("nothing", {"extras": ("absent",)}, "extras: uv.lock has no extra absent"),
    ],
)
def test_options_that_a_lock_cannot_have_are_refused(
    yard: LockYard, upgrade: str, options: dict[str, Any], why: str
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        yard.harden(upgrade, attrs.evolve(REQUEST, **options))
    assert str(caught.value).startswith(why)
    assert yard.asked == []


def test_a_lock_with_a_fault_never_reaches_a_container(yard: LockYard) -> None:
    path = yard.checkout / LOCK
    path.write_text(path.read_text().replace("sha256:", "md5:"))
    with pytest.raises(InvalidFile):
        yard.harden("nothing", REQUEST)
    assert yard.asked == []
    assert not (yard.checkout / BUILD_LOCK).exists()
