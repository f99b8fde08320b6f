"""Hardening with a lock file of another tool: its tool updates it, we write the build lock."""

from __future__ import annotations

import shutil
from collections.abc import Callable
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
from buildbot_ship.store.change_notes import ChangeNotes
from tests.fakes.daemon import Script

from . import test_harden
from .test_harden import BASE, FACTS, Yard

SAMPLE = Path(__file__).parents[3] / "locks" / "uv"
LOCK, BUILD_LOCK = "uv.lock", "requirements.build.txt"
REQUEST = HardenRequest(strict=LOCK, packages=(".", "packages/core"), cooldown=7)
SECTION = f"#: package .\nhatchling==1.27.0 --hash=sha256:{'a' * 64}\n"


def with_newer_six(text: str) -> str:
    return text.replace('name = "six"\nversion = "1.17.0"', 'name = "six"\nversion = "1.18.0"')


@attrs.define
class LockYard(Yard):
    """A checkout with a lock file, a job that returns one section, and one that edits."""

    updates: list[Job] = attrs.field(factory=list)
    edit: Callable[[str], str] = with_newer_six

    def resolve(self, job: Job, out: Path) -> dict[str, Any]:
        self.asked.append(dict(job.arguments))
        (out / "build.txt").write_text(SECTION)
        ages = {"six==1.18.0": 9.0}
        return {"ok": True, "sections": [], "sdists": [], "ages": ages, "answers": {}}

    def relock(self, job: Job, out: Path) -> dict[str, Any]:
        self.updates.append(job)
        text = (self.checkout / LOCK).read_text()
        (out / "lock.txt").write_text(self.edit(text))
        return {"ok": True, "tool": "uv 0.13.9"}

    @property
    def scripts(self) -> dict[str, Script]:
        return {**super().scripts, "relock": self.relock}


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
    assert result.summary == "3 packages locked, no change: uv.lock"


@pytest.mark.parametrize(
    ("upgrade", "names"), [("all", None), ("six, Docopt", ["six", "Docopt"])]
)
def test_the_tool_of_the_lock_updates_it(
    yard: LockYard, upgrade: str, names: list[str] | None
) -> None:
    before = (yard.checkout / LOCK).read_text()
    result = yard.harden(upgrade, attrs.evolve(REQUEST, cooldown_except=("six",)))
    (job,) = yard.updates
    expected: dict[str, Any] = {
        "lock": LOCK,
        "tool": "uv",
        "upgrade": names,
        "requirements": [],
    }
    expected |= {"packages": [".", "packages/core"], "cooldown": 7, "cooldown_except": ["six"]}
    assert {name: job.arguments[name] for name in expected} == expected
    assert job.network
    paths = [file.path for file in job.inputs]
    assert len(paths) == len(set(paths))
    assert {f"tree/{LOCK}", "tree/packages/core/pyproject.toml"} <= set(paths)
    # It is in the tools image.
    assert "uv.txt" not in paths
    text = with_newer_six(before)
    assert (yard.checkout / LOCK).read_text() == text
    assert "six==1.18.0" in yard.asked[0]["strict"]
    assert result.texts[LOCK] == text
    assert result.texts["changes.txt"] == "upgraded:\n  six 1.17.0 -> 1.18.0, 9 days old\n"
    assert result.summary == "3 packages locked, 1 upgraded: uv.lock"
    note = ChangeNotes(yard.folder / "notes").find(text.encode())
    assert note is not None
    assert note.startswith("uv.lock: 1 upgraded")


def test_a_lock_that_breaks_the_rules_is_not_written(yard: LockYard) -> None:
    before = (yard.checkout / LOCK).read_text()
    yard.edit = lambda text: text.replace("sha256:", "md5:")
    with pytest.raises(InvalidFile):
        yard.harden("all", REQUEST)
    assert (yard.checkout / LOCK).read_text() == before
    assert not (yard.checkout / BUILD_LOCK).exists()


def test_a_lock_that_cannot_be_read_can_be_updated(yard: LockYard) -> None:
    before = (yard.checkout / LOCK).read_text()
    (yard.checkout / LOCK).write_text(before.replace("sha256:", "md5:"))
    yard.edit = lambda text: before
    result = yard.harden("all", REQUEST)
    assert (yard.checkout / LOCK).read_text() == before
    assert result.properties["ship_harden"] == "3 added"


def test_an_extra_that_is_new_in_the_project_is_no_fault_of_the_old_lock(
    yard: LockYard,
) -> None:
    before = (yard.checkout / LOCK).read_text()
    (yard.checkout / LOCK).write_text(before.replace("tables", "tabular"))
    yard.edit = lambda text: before
    result = yard.harden("all", attrs.evolve(REQUEST, extras=("tables",)))
    assert result.summary.startswith("5 packages locked, ")


def test_a_pylock_of_several_selections_is_updated_by_its_tool_only(yard: LockYard) -> None:
    yard.write("pylock.toml", 'lock-version = "1.0"\nextras = ["fancy"]\npackages = []\n')
    with pytest.raises(InvalidRequest) as caught:
        yard.harden("all", attrs.evolve(REQUEST, strict="pylock.toml"))
    assert str(caught.value).startswith("upgrade: only nothing is possible: pylock.toml has")


def test_a_pylock_is_resolved_from_the_requirements_of_the_project(yard: LockYard) -> None:
    yard.write("pylock.toml", 'lock-version = "1.0"\ncreated-by = "uv"\npackages = []\n')
    yard.edit = lambda _: (yard.checkout / "pylock.toml").read_text()
    yard.harden("all", attrs.evolve(REQUEST, strict="pylock.toml"))
    (job,) = yard.updates
    assert job.arguments["tool"] == "uv"
    assert set(job.arguments["requirements"]) == {
        "docopt",
        'packaging<25; python_version < "3.12"',
        'packaging>=25; python_version >= "3.12"',
        'colorama; sys_platform == "win32"',
    }


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
        ("six,absent", {}, "upgrade: uv.lock has no package absent"),
        ("all", {"no_binary": "six"}, "no_binary: uv.lock has all files of a release"),
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
    assert yard.updates == []


def test_a_lock_with_a_fault_never_reaches_a_container(yard: LockYard) -> None:
    path = yard.checkout / LOCK
    path.write_text(path.read_text().replace("sha256:", "md5:"))
    with pytest.raises(InvalidFile):
        yard.harden("nothing", REQUEST)
    assert yard.asked == []
    assert not (yard.checkout / BUILD_LOCK).exists()
