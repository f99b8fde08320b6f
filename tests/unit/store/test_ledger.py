from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from buildbot_ship.errors import OutputMissing
from buildbot_ship.model.artefact import Layer, Pex
from buildbot_ship.model.decision.garbage import (
    CONTAINER,
    IMAGE,
    NETWORK,
    TOOLS,
    Collection,
    Entry,
    Moment,
    owns_image,
)
from buildbot_ship.model.request import GarbageRequest
from buildbot_ship.store.ledger import Ledger, read_boot_clock
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
        (entry(IMAGE, build="old"), True, False, False),
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
    verdict = Collection(request, "w", "b", Moment(NOW), lambda _: alive).judge(found)
    assert verdict.goes is gone


HOURS = 3600.0


def aged(kind: str, hours: float, boot: str = "this start") -> Entry:
    """Return an entry of another work folder that is *hours* old by the clock of the start."""
    uptime = 100 * HOURS - hours * HOURS
    return Entry(kind, "name", "other", "x", "holder", NOW - hours * HOURS, boot, uptime)


@pytest.mark.parametrize("jump", [-24 * HOURS, 0, 24 * HOURS, 365 * 24 * HOURS])
@pytest.mark.parametrize(
    ("entry", "gone"),
    [
        (aged(IMAGE, 1), False),
        (aged(IMAGE, 23), False),
        (aged(IMAGE, 25), True),
        (aged(TOOLS, 1), False),
    ],
)
@pytest.mark.row(19)
def test_a_jump_of_the_clock_neither_takes_nor_leaves_anything(
    entry: Entry, gone: bool, jump: float
) -> None:
    moment = Moment(NOW + jump, "this start", 100 * HOURS)
    collection = Collection(GarbageRequest(), "w", "b", moment, lambda _: False)
    assert collection.judge(entry).goes is gone


def test_the_age_of_an_entry_from_before_a_restart_is_that_of_the_clock() -> None:
    moment = Moment(NOW, "this start", 60.0)
    assert aged(IMAGE, 25, boot="the last start").age(moment) == 25 * HOURS
    assert aged(IMAGE, -5, boot="the last start").age(moment) == 0
    assert aged(IMAGE, 25, boot="").age(Moment(NOW)) == 25 * HOURS


def test_an_entry_has_the_clock_of_the_start_that_made_it(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, "w", "b", lambda: ("start", 12.5))
    ledger.note(IMAGE, "ship.local/app:1", NOW, ("sha256:1",))
    (entry,) = ledger.entries()
    assert (entry.boot, entry.uptime, entry.images) == ("start", 12.5, ("sha256:1",))
    assert entry.age(ledger.moment(NOW + 1e6)) == 0
    ledger.close()


def test_the_boot_clock_of_this_machine_runs() -> None:
    (boot, first), (again, second) = read_boot_clock(), read_boot_clock()
    assert boot == again != ""
    assert 0 < first <= second


@pytest.mark.row(33)
def test_a_build_holds_its_image_while_any_of_its_processes_lives(tmp_path: Path) -> None:
    loading = Ledger(tmp_path, "w", "b")
    loading.note(IMAGE, "ship.local/app:1", NOW)
    loading.note(CONTAINER, "ship-x", NOW)
    loading.close()
    testing, other = Ledger(tmp_path, "w", "b"), Ledger(tmp_path, "w", "c")
    held = {entry.kind: other.held(entry) for entry in other.entries()}
    assert held == {CONTAINER: False, IMAGE: False}
    testing.note(NETWORK, "ship-net", NOW)
    held = {entry.kind: other.held(entry) for entry in other.entries()}
    assert held == {CONTAINER: False, IMAGE: True, NETWORK: True}
    testing.close()
    assert not any(other.held(entry) for entry in other.entries())


def test_the_collector_takes_only_what_nobody_renewed(tmp_path: Path) -> None:
    first, collector = Ledger(tmp_path, "w", "b"), Ledger(tmp_path, "w", "c")
    first.note(TOOLS, "ship.local/tools:1", NOW)
    (entry,) = collector.entries()
    with collector.take(entry) as unchanged:
        assert unchanged
    first.note(TOOLS, "ship.local/tools:1", NOW + 1)
    with collector.take(entry) as unchanged:
        assert not unchanged
    first.close()


def test_nobody_renews_what_the_collector_has_taken(tmp_path: Path) -> None:
    user, collector = Ledger(tmp_path, "w", "b"), Ledger(tmp_path, "w", "c")
    user.note(TOOLS, "ship.local/tools:1", NOW)
    (entry,) = collector.entries()
    renewal = threading.Thread(target=user.note, args=(TOOLS, "ship.local/tools:1", NOW + 1))
    with collector.take(entry):
        renewal.start()
        renewal.join(0.2)
        assert renewal.is_alive()
        assert list(collector.entries()) == [entry]
    renewal.join(10)
    (renewed,) = collector.entries()
    assert renewed.made == NOW + 1
    user.close()


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "3", '"text"', '{"kind": "container"}', '{"kind": 1, "name": []}', "\0"],
)
def test_a_file_that_is_no_entry_names_nothing(tmp_path: Path, text: str) -> None:
    ledger = Ledger(tmp_path, "w", "b")
    ledger.note(CONTAINER, "ship-x", NOW)
    (tmp_path / "container-ship-y.json").write_text(text)
    assert [entry.name for entry in ledger.entries()] == ["ship-x"]
    ledger.close()


def test_an_entry_under_the_name_of_another_names_nothing(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, "w", "b")
    ledger.note(CONTAINER, "ship-x", NOW)
    (tmp_path / "container-ship-x.json").rename(tmp_path / "container-other.json")
    assert list(ledger.entries()) == []
    ledger.close()


OURS, THEIRS = "sha256:ours", "sha256:theirs"


@pytest.mark.row(34)
@pytest.mark.parametrize(
    ("name", "noted", "found", "owned"),
    [
        ("ship.local/app:1", (OURS,), (OURS, "", True), True),
        ("ship.local/app:1", (OURS,), (THEIRS, "", True), False),
        ("ship.local/app:1", (OURS,), (THEIRS, "owner", True), False),
        ("ship.local/app:1", (OURS,), (OURS, "another", True), False),
        ("ship.local/app:1", (), (OURS, "", True), False),
        ("ship.local/tools:1", (), (OURS, "owner", True), True),
        ("ship.local/tools:1", (), (OURS, "another", True), False),
        (OURS, (), (OURS, "", False), True),
        (OURS, (), (OURS, "", True), False),
        ("python@sha256:1", (), (OURS, "", True), True),
        ("python:3.11", (), (OURS, "", True), False),
    ],
)
def test_an_image_is_ours_if_label_and_ledger_agree(
    name: str, noted: tuple[str, ...], found: tuple[str, str, bool], owned: bool
) -> None:
    image_id, label, named = found
    entry = Entry(IMAGE, name, "w", "b", "holder", NOW, images=noted)
    assert owns_image(entry, "owner", image_id=image_id, label=label, named=named) is owned


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


def test_layers_that_no_record_names_are_swept_after_an_hour(tmp_path: Path) -> None:
    work = Work(tmp_path / "w")
    named = Layer("sha256:tar", "sha256:named", 3)
    for digest in ("sha256:named", "sha256:other"):
        work.layer(digest).parent.mkdir(parents=True, exist_ok=True)
        work.layer(digest).write_bytes(b"abc")
    work.save(Pex("c" * 40, "a.pex", "sha256:p", 1, (named,)))
    # The time of a linked file may be old; a build that runs names it soon.
    os.utime(work.layer("sha256:other"), (NOW, NOW))
    work.sweep(time.time() + 3500)
    assert len([*(work.root / "layers").iterdir()]) == 2
    work.sweep(time.time() + 3700)
    assert [path.name for path in (work.root / "layers").iterdir()] == ["named.tar.gz"]
