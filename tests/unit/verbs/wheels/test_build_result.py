"""What comes back from a container of builds is what it was asked for, or a failure."""

from __future__ import annotations

from typing import Any

import pytest

from buildbot_ship.errors import JobFailed
from buildbot_ship.model.application.wheel_plan import Chosen, Fetched
from buildbot_ship.model.artefact import Wheel
from buildbot_ship.model.request.wire import CONVERTER
from buildbot_ship.verbs.wheels.build_result import BuildResult

PINNED = Fetched("pinned-1-py3-none-any.whl", "a" * 64)
CHOSEN = Chosen((PINNED.file,), (0,), {0: "tree/."}, (PINNED,))
OWN = "own-1-py3-none-any.whl"


def record(file: str, digest: str, *, built: bool) -> Any:
    wheel = Wheel(file, f"sha256:{digest}", 1, built)
    return CONVERTER.unstructure(wheel)


def result(*wheels: Any, built: str = OWN) -> dict[str, Any]:
    return {"wheels": list(wheels), "built": [{"file": built, "trace": None}], "zlib": "1"}


BUILT, KEPT = record(OWN, "b" * 64, built=True), record(PINNED.file, "a" * 64, built=False)


def test_wheels_that_were_built_come_with_those_that_were_kept() -> None:
    read = BuildResult.read(result(BUILT, KEPT), CHOSEN, "strict.txt")
    assert [wheel.file for wheel, _ in read.built] == [OWN]
    assert {wheel.file for wheel in read.wheels} == {OWN, PINNED.file}


@pytest.mark.parametrize(
    "wheels",
    [
        pytest.param((BUILT, record(PINNED.file, "c" * 64, built=False)), id="changed"),
        pytest.param((BUILT,), id="removed"),
        pytest.param((BUILT, record(PINNED.file, "a" * 64, built=True)), id="called its own"),
    ],
)
def test_a_pinned_wheel_that_is_another_one_is_named(wheels: tuple[Any, ...]) -> None:
    with pytest.raises(
        JobFailed, match="pinned-1-py3-none-any.whl is not the wheel that s.txt"
    ):
        BuildResult.read(result(*wheels), CHOSEN, "s.txt")


def test_a_wheel_that_was_built_and_removed_is_counted() -> None:
    with pytest.raises(JobFailed, match="returned 0 of 1 built wheels"):
        BuildResult.read(result(KEPT, built="gone.whl"), CHOSEN, "s.txt")
