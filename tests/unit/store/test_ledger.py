from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from buildbot_ship.errors import OutputMissing
from buildbot_ship.model.artefact import Layer, Pex
from buildbot_ship.model.decision.garbage import CONTAINER, IMAGE, TOOLS, Entry, find_leftovers
from buildbot_ship.model.request import GarbageRequest
from buildbot_ship.store.ledger import Ledger
from buildbot_ship.store.work_folder import Work

NOW = 1_000_000.0


def test_what_is_noted_stands_until_it_is_forgotten(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger", "work", "build-1")
    ledger.note(IMAGE, "ship.local/app:1", NOW)
    (entry,) = ledger.entries()
    assert (entry.kind, entry.name, entry.build) == (IMAGE, "ship.local/app:1", "build-1")
    assert ledger.alive(entry)
    ledger.forget(IMAGE, "ship.local/app:1")
    assert list(ledger.entries()) == []


def test_the_owner_is_one_for_the_ledger_and_differs_between_ledgers(tmp_path: Path) -> None:
    one = Ledger(tmp_path / "a", "w", "1").owner
    assert one == Ledger(tmp_path / "a", "w", "2").owner
    assert one != Ledger(tmp_path / "b", "w", "1").owner


def test_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    script = (
        "import sys, os, signal\n"
        "from pathlib import Path\n"
        "from buildbot_ship.store.ledger import Ledger\n"
        "Ledger(Path(sys.argv[1]), 'w', 'b').note('container', 'ship-x', 1.0)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False)
    ledger = Ledger(tmp_path, "w", "c")
    (entry,) = ledger.entries()
    assert not ledger.alive(entry)


def test_a_living_process_keeps_its_own(tmp_path: Path) -> None:
    holder = Ledger(tmp_path, "w", "b")
    holder.note(CONTAINER, "ship-x", NOW)
    other = Ledger(tmp_path, "w", "c")
    (entry,) = other.entries()
    assert other.alive(entry)
    holder.close()
    assert not other.alive(entry)


def entry(kind: str, *, work: str = "w", build: str = "b", age: float = 0.0) -> Entry:
    return Entry(kind, f"{kind}-{work}-{build}-{age}", work, build, "holder", NOW - age)


@pytest.mark.parametrize(
    ("found", "alive", "finish", "gone"),
    [
        (entry(CONTAINER), True, True, False),
        (entry(CONTAINER, build="old"), False, False, True),
        (entry(IMAGE), True, False, False),
        (entry(IMAGE), True, True, True),
        (entry(IMAGE, build="old"), False, False, True),
        (entry(IMAGE, work="other", build="x"), False, True, False),
        (entry(IMAGE, work="other", build="x", age=25 * 3600), False, False, True),
        (entry(IMAGE, work="other", build="x", age=25 * 3600), True, False, False),
        (entry(IMAGE, work="other", build="x", age=-86400 * 400), False, False, False),
        (entry(TOOLS, age=29 * 86400), False, True, False),
        (entry(TOOLS, age=31 * 86400), False, False, True),
    ],
)
def test_only_the_dead_are_removed(found: Entry, alive: bool, finish: bool, gone: bool) -> None:
    request = GarbageRequest(finish=finish)
    doomed = find_leftovers(
        [found], request, work="w", build="b", now=NOW, alive=lambda _: alive
    )
    assert bool(doomed) is gone


def test_a_record_is_found_for_its_commit_only(tmp_path: Path) -> None:
    work = Work(tmp_path)
    record = Pex("c" * 40, "app.pex", "sha256:" + "a" * 64, 3)
    work.save(record)
    assert work.find(Pex, "c" * 40, "app.pex") == record
    with pytest.raises(OutputMissing, match="pex app.pex") as caught:
        work.find(Pex, "d" * 40, "app.pex")
    assert "BuildPex" in caught.value.remedy


def test_what_is_made_takes_the_place_of_what_was(tmp_path: Path) -> None:
    work = Work(tmp_path / "w")
    for text in ("old", "new"):
        with work.scratch() as scratch:
            (scratch / "made").mkdir()
            (scratch / "made" / text).write_text(text)
            work.replace(scratch / "made", work.wheelhouse)
    assert [path.name for path in work.wheelhouse.iterdir()] == ["new"]
    assert [path.name for path in work.root.iterdir()] == ["wheelhouse"]


def test_what_a_killed_process_left_is_swept_and_what_is_in_use_stays(tmp_path: Path) -> None:
    work = Work(tmp_path / "w")
    with work.scratch() as used:
        (work.root / "scratch-dead").mkdir()
        (work.root / "result-wheels-1.json").write_text("{}")
        work.sweep(NOW)
        assert [path.name for path in work.root.iterdir()] == [used.name]


def test_what_a_base_holds_is_forgotten_when_nobody_asks_for_a_month(tmp_path: Path) -> None:
    work = Work(tmp_path / "w")
    for name, days in (("old", 31), ("used", 29)):
        listing = work.listing(f"sha256:{name}")
        listing.parent.mkdir(parents=True, exist_ok=True)
        listing.write_text("[]")
        os.utime(listing, (NOW, NOW - days * 86400))
    work.sweep(NOW)
    assert [path.name for path in (work.root / "bases").iterdir()] == ["used.4.json"]


def test_layers_that_no_record_names_are_swept(tmp_path: Path) -> None:
    work = Work(tmp_path / "w")
    named = Layer("sha256:tar", "sha256:named", 3)
    for digest in ("sha256:named", "sha256:other"):
        work.layer(digest).parent.mkdir(parents=True, exist_ok=True)
        work.layer(digest).write_bytes(b"abc")
    work.save(Pex("c" * 40, "a.pex", "sha256:p", 1, (named,)))
    work.sweep(NOW)
    assert [path.name for path in (work.root / "layers").iterdir()] == ["named.tar.gz"]
