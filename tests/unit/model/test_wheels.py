from __future__ import annotations

import pytest

from buildbot_ship.errors import InvalidFile
from buildbot_ship.model.buildlock import BuildLock, parse_build_lock
from buildbot_ship.model.request import WheelsRequest
from buildbot_ship.model.requirements import Pin
from buildbot_ship.model.wheels import Fetched, build_arguments, decide, section_text

A, B, C = "a" * 64, "b" * 64, "c" * 64
PINS = (Pin("klein", "1", (A, B), 4), Pin("old", "2", (C,), 9, (), 'python_version < "3"'))
LOCK = parse_build_lock(
    f"#: sdist klein==1 sha256:{B}\nincremental[x]==3 --hash=sha256:{A}\n"
    f"#: sdist gone==1 sha256:{'d' * 64}\n#: package lib\n",
    "build.txt",
)
REQUEST = WheelsRequest(packages=("lib",))


def test_only_the_sections_that_can_be_needed_are_fetched() -> None:
    plan = decide(REQUEST, PINS, LOCK)
    assert [section.source for section in plan.sections] == ["klein==1", "lib"]
    arguments = plan.fetch_arguments()
    assert arguments["pins"][1] == {
        "name": "old",
        "version": "2",
        "hashes": [C],
        "marker": 'python_version < "3"',
        "place": "requirements.strict.txt:9",
    }
    assert arguments["sections"][0][0]["place"] == "requirements.build.txt:2"


def test_an_own_package_without_section_is_named() -> None:
    with pytest.raises(InvalidFile, match="no section for the package in lib") as caught:
        decide(REQUEST, PINS, BuildLock())
    assert "HardenRequirements" in caught.value.remedy


def test_wheels_are_taken_and_sdists_are_built_with_their_section() -> None:
    plan = decide(REQUEST, PINS, LOCK)
    arguments = build_arguments(plan, (Fetched("klein-1.tar.gz", B), None))
    assert arguments["wheels"] == []
    assert [(e["source"], e["section"], e["wheels"]) for e in arguments["built"]] == [
        ("dists/klein-1.tar.gz", "sections/0.txt", "build/0"),
        ("tree/lib", "sections/1.txt", "build/1"),
    ]
    as_wheel = build_arguments(plan, (Fetched("klein-1-py3-none-any.whl", A), None))
    assert as_wheel["wheels"] == ["klein-1-py3-none-any.whl"]


def test_an_sdist_without_section_is_named_by_its_line() -> None:
    plan = decide(WheelsRequest(), PINS, BuildLock())
    with pytest.raises(InvalidFile, match="requirements.strict.txt:4: klein==1 is an sdist"):
        build_arguments(plan, (Fetched("klein-1.tar.gz", B), None))


def test_a_section_is_written_as_pip_reads_it() -> None:
    assert section_text(LOCK.sections[0]) == f"incremental[x]==3 --hash=sha256:{A}\n"
