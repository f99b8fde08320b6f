"""What hardening keeps of a strict file, with an engine in memory that only repeats it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import pytest
from lab.git_server import git

from buildbot_ship.daemon.interface import Job
from buildbot_ship.errors import InvalidFile, InvalidRequest
from buildbot_ship.model.reference import Reference
from buildbot_ship.model.request import HardenRequest
from buildbot_ship.model.requirements.distribution_formats import Formats
from buildbot_ship.model.requirements.header import split
from buildbot_ship.model.requirements.reader import parse_strict
from buildbot_ship.model.result import Result
from buildbot_ship.source.checkout import Checkout
from buildbot_ship.store.change_notes import ChangeNotes
from buildbot_ship.store.work_folder import Work
from buildbot_ship.verbs.requirements.harden import harden
from tests.fakes.daemon import MemoryDaemon, Script
from tests.fakes.images import small_image, store_image
from tests.fakes.job_runner import make_job_runner
from tests.fakes.registry import MemoryRegistry

BASE = "registry.test/own/python311:2026-11-22T04-50-49-169150"
STRICT = "requirements.strict.txt"
A, B = "a" * 64, "b" * 64
REQUEST = HardenRequest()
FACTS = {
    "version": "3.11.2",
    "abi": "cpython-311-x86_64-linux-gnu",
    "platform": "linux-x86_64",
    "tools": {"pip": "26.3", "pip-tools": "7.6.2", "uv": "0.13.9"},
}


@attrs.define
class Yard:
    """A checkout, and what the resolver in its container was asked."""

    folder: Path
    asked: list[dict[str, Any]] = attrs.field(factory=list)
    lines: list[str] = attrs.field(factory=list)
    newest: str = f"flask==9 --hash=sha256:{A}\n"

    @property
    def checkout(self) -> Path:
        return self.folder / "app"

    def write(self, name: str, text: str) -> None:
        self.checkout.mkdir(exist_ok=True)
        (self.checkout / name).write_text(text)

    def resolve(self, job: Job, out: Path) -> dict[str, Any]:
        """Do as pip-compile does: what is to be kept stays, and flask is the newest."""
        self.asked.append(dict(job.arguments))
        kept = job.arguments["keep"] or ""
        (out / "strict.txt").write_text(f"{self.newest}{kept}")
        (out / "build.txt").write_text("")
        return {"ok": True, "sections": [], "sdists": [], "answers": {}}

    @property
    def scripts(self) -> dict[str, Script]:
        return {"tools": lambda job, out: {"ok": True, **FACTS}, "harden": self.resolve}

    def harden(self, upgrade: str, request: HardenRequest = REQUEST) -> Result:
        registry = MemoryRegistry()
        store_image(registry, Reference.parse(BASE), small_image("base"))
        daemon = MemoryDaemon(registry, scripts=self.scripts)
        return harden(
            attrs.evolve(request, upgrade=upgrade),
            checkout=Checkout(self.checkout),
            runner=make_job_runner(
                daemon, Work(self.folder / "work"), self.lines.append, registry
            ),
            notes=ChangeNotes(self.folder / "notes"),
        )

    @property
    def kept(self) -> str | None:
        (asked,) = self.asked
        keep = asked["keep"]
        assert keep is None or isinstance(keep, str)
        return keep


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    yard = Yard(tmp_path)
    yard.write("build.docker", f"# why\nFROM {BASE}\n")
    yard.write("requirements.loose.txt", "flask\nklein\n")
    return yard


def pins(count: int) -> str:
    return "".join(f"package-{n}==1.0 --hash=sha256:{B}\n" for n in range(count))


def test_one_bad_line_gives_up_no_other_pin(yard: Yard) -> None:
    yard.write(STRICT, f"{pins(519)}flask\npackage-519==1 \\\n    --hash=sha256:{A}\n")
    result = yard.harden("nothing")
    assert yard.kept is not None
    assert [pin.name for pin in parse_strict(yard.kept, STRICT)] == [
        f"package-{n}" for n in range(520)
    ]
    assert result.properties["ship_harden"] == "1 added"
    told = [line for line in yard.lines if "not kept" in line]
    assert told == [
        f"{STRICT}:520: flask has no exact version (name==version): this line is not kept"
    ]


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://u:secret@example.com/",
        "-r /etc/passwd",
        f"klein==1 --hash=md5:{'c' * 32}",
        "<<<<<<< HEAD",
    ],
)
def test_what_is_refused_never_reaches_the_resolver(yard: Yard, line: str) -> None:
    yard.write(STRICT, f"{pins(1)}{line}\n")
    yard.harden("nothing")
    assert yard.kept == f"package-0==1.0 \\\n    --hash=sha256:{B}\n"
    assert [told for told in yard.lines if told.startswith(f"{STRICT}:2: ")]
    assert "secret" not in "".join(yard.lines)


def test_of_two_lines_for_one_package_the_first_is_kept(yard: Yard) -> None:
    yard.write(STRICT, pins(1) + pins(1).replace("1.0", "2.0"))
    yard.harden("nothing")
    assert yard.kept == f"package-0==1.0 \\\n    --hash=sha256:{B}\n"


def test_a_file_without_one_good_line_is_resolved_anew_and_told(yard: Yard) -> None:
    yard.write(STRICT, "flask==1\n")
    yard.harden("nothing")
    assert yard.kept is None
    assert f"{STRICT}:1: flask==1 has no hash: this line is not kept" in yard.lines


def test_where_all_is_upgraded_nothing_is_kept_and_no_line_is_told(yard: Yard) -> None:
    yard.write(STRICT, f"{pins(1)}flask\n")
    yard.harden("all")
    assert yard.kept is None
    assert [line for line in yard.lines if "not kept" in line] == []


def test_a_package_without_third_party_dependencies_is_hardened_again_and_again(
    yard: Yard,
) -> None:
    yard.write("requirements.loose.txt", "# nothing\n")
    yard.write("setup.py", "setup()\n")
    git(yard.checkout, "init", "-q")
    yard.newest = ""
    request = HardenRequest(packages=(".",))
    assert yard.harden("all", request).summary == f"0 packages pinned, no change: {STRICT}"
    text = (yard.checkout / STRICT).read_text()
    assert parse_strict(text, STRICT) == ()
    assert all(line.startswith("# ") for line in text.splitlines())
    yard.harden("nothing", request)
    assert (yard.checkout / STRICT).read_text() == text


def test_the_resolver_and_the_header_are_told_of_wheels_and_sdists(yard: Yard) -> None:
    request = HardenRequest(no_binary="Flask", only_binary=":all:")
    yard.harden("all", request)
    head = split((yard.checkout / STRICT).read_text())[0]
    assert head.formats == Formats(("flask",), (":all:",))
    yard.newest = ""
    yard.harden("nothing", request)
    yard.harden("nothing")
    keys = ("no_binary", "only_binary", "rehash")
    asked = [[job[key] for key in keys] for job in yard.asked]
    assert asked[1:] == [[["flask"], [":all:"], False], [[], [], True]]
    assert "binary" not in (yard.checkout / STRICT).read_text()


def test_a_name_that_nothing_asks_for_is_refused_and_nothing_is_written(yard: Yard) -> None:
    request = HardenRequest(no_binary="klein,flsk")
    with pytest.raises(InvalidRequest, match="no_binary: flsk is neither in"):
        yard.harden("all", request)
    assert not (yard.checkout / STRICT).exists()


def test_a_result_that_cannot_be_a_strict_file_is_refused_with_a_remedy_of_its_own(
    yard: Yard,
) -> None:
    yard.newest = "klein @ https://example.com/klein.whl\n"
    with pytest.raises(InvalidFile, match="klein is given by URL") as caught:
        yard.harden("all")
    assert "arden" not in caught.value.remedy
    assert not (yard.checkout / STRICT).exists()


def test_a_name_to_upgrade_that_stands_nowhere_is_refused(yard: Yard) -> None:
    yard.write(STRICT, pins(1))
    with pytest.raises(InvalidRequest, match=r"upgrade: nosuch is neither in .*loose"):
        yard.harden("Klein,package_0,nosuch")
    assert yard.asked == []
    yard.harden("Klein, package_0")
    assert yard.asked[0]["upgrade"] == ["Klein", "package_0"]
