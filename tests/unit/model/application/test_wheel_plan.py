from __future__ import annotations

from typing import Any

import attrs
import pytest

from buildbot_ship.errors import InvalidFile
from buildbot_ship.model.application.wheel_plan import (
    Fetched,
    Missing,
    WheelsPlan,
    build_arguments,
    choose,
    decide,
    pinned_extras,
    section_text,
    unknown_extras,
)
from buildbot_ship.model.artefact import Wheel
from buildbot_ship.model.request import WheelsRequest
from buildbot_ship.model.requirements.build_lock import BuildLock, parse_build_lock
from buildbot_ship.model.requirements.reader import Pin

A, B, C = "a" * 64, "b" * 64, "c" * 64
PINS = (Pin("klein", "1", (A, B), 4), Pin("old", "2", (C,), 9, (), 'python_version < "3"'))
LOCK = parse_build_lock(
    f"#: sdist klein==1 sha256:{B}\nincremental[x]==3 --hash=sha256:{A}\n"
    f"#: sdist gone==1 sha256:{'d' * 64}\n#: package lib\n",
    "build.txt",
)
REQUEST = WheelsRequest(packages=("lib",))
ALL = Missing((0, 1), pins=True)
SDIST, WHEEL = Fetched("klein-1.tar.gz", B), Fetched("klein-1-py3-none-any.whl", A)


def arguments_for(plan: WheelsPlan, missing: Missing, *fetched: Fetched | None) -> Any:
    versions = {number: {"archival": None} for number in range(len(plan.sections))}
    return build_arguments(plan, choose(plan, missing, fetched), versions)


def test_only_the_sections_that_can_be_needed_are_fetched() -> None:
    plan = decide(REQUEST, PINS, LOCK)
    assert [section.source for section in plan.sections] == ["klein==1", "lib"]
    arguments = plan.fetch_arguments([0, 1], [0, 1], [])
    assert arguments["pins"][1] == {
        "name": "old",
        "version": "2",
        "hashes": [C],
        "marker": 'python_version < "3"',
        "place": "requirements.strict.txt:9",
    }
    assert arguments["sections"]["0"][0]["place"] == "requirements.build.txt:2"


def test_an_own_package_without_section_is_named() -> None:
    with pytest.raises(InvalidFile, match="no section for the package in lib") as caught:
        decide(REQUEST, PINS, BuildLock())
    assert "HardenRequirements" in caught.value.remedy


def test_wheels_are_taken_and_sdists_are_built_with_their_section() -> None:
    plan = decide(REQUEST, PINS, LOCK)
    arguments = arguments_for(plan, ALL, SDIST, None)
    assert arguments["wheels"] == []
    assert [(e["source"], e["section"], e["wheels"]) for e in arguments["built"]] == [
        ("dists/klein-1.tar.gz", "sections/0.txt", "build/0"),
        ("tree/lib", "sections/1.txt", "build/1"),
    ]
    assert arguments_for(plan, ALL, WHEEL, None)["wheels"] == ["klein-1-py3-none-any.whl"]


def test_what_a_build_learns_of_git_is_in_its_entry() -> None:
    plan = decide(REQUEST, PINS, LOCK)
    chosen = choose(plan, Missing((1,), pins=False), ())
    arguments = build_arguments(plan, chosen, {1: {"archival": "versions/1"}})
    assert [entry["archival"] for entry in arguments["built"]] == ["versions/1"]


def test_an_sdist_without_section_is_named_by_its_line() -> None:
    plan = decide(WheelsRequest(), PINS, BuildLock())
    with pytest.raises(InvalidFile, match="requirements.strict.txt:4: klein==1 is an sdist"):
        choose(plan, ALL, (SDIST, None))


def test_a_section_is_written_as_pip_reads_it() -> None:
    assert section_text(LOCK.sections[0]) == f"incremental[x]==3 --hash=sha256:{A}\n"


def test_what_is_known_is_neither_fetched_nor_built() -> None:
    plan = decide(REQUEST, PINS, LOCK)
    own = Missing((1,), pins=False)
    arguments = plan.fetch_arguments([], [1], {C, A})
    assert (arguments["pins"], list(arguments["sections"])) == ([], ["1"])
    assert arguments["known"] == [A, C]
    assert [entry["source"] for entry in arguments_for(plan, own)["built"]] == ["tree/lib"]
    work = choose(plan, Missing((1,), pins=True, known=frozenset({A, B})), (SDIST, None))
    assert (work.built, work.of_pins) == ((1,), (0,))
    work = choose(plan, Missing((1,), pins=True, known=frozenset({A})), (WHEEL, None))
    assert (work.wheels, work.of_pins) == ((), (WHEEL,))


def test_keys_name_what_wheels_are_made_of_and_nothing_else() -> None:
    plan = decide(REQUEST, PINS, LOCK)
    moved = tuple(attrs.evolve(pin, line=pin.line + 1) for pin in PINS)
    assert decide(REQUEST, moved, LOCK).key("build_base") == plan.key("build_base")
    assert decide(REQUEST, PINS[:1], LOCK).key("build_base") != plan.key("build_base")
    assert plan.key("other") != plan.key("build_base")
    klein, lib = plan.wheel_keys("build_base", {"lib": "tree"})
    assert plan.wheel_keys("build_base", {"lib": "changed"})[0] == klein
    assert plan.wheel_keys("build_base", {"lib": "changed"})[1] != lib
    assert plan.wheel_keys("other", {"lib": "tree"})[0] != klein


def test_an_extra_that_its_package_does_not_have_is_a_warning_with_its_line() -> None:
    pins = (
        Pin("Celery", "5", (A,), 3, extras=("SQS", "py_dantic", "typo")),
        Pin("six", "1", (A,), 9, extras=("left-out-by-a-marker",)),
    )
    file = "celery-5-py3-none-any.whl"
    wheels = [Wheel(file, "sha256:x", 1, provides=("sqs", "Py.Dantic"))]
    assert unknown_extras(pins, wheels, "strict.txt") == (
        "strict.txt:3: Celery 5 has no extra typo",
    )
    assert pinned_extras(pins)["celery"] == ("py-dantic", "sqs", "typo")
