from __future__ import annotations

import pytest

from buildbot_ship.model.application.repack_plan import (
    Member,
    RepackRecord,
    SourceFile,
    is_build_input,
    survey,
)
from buildbot_ship.model.artefact import Wheel

A, B, C, D, OTHER = (letter * 40 for letter in "abcde")
SETUP = SourceFile("setup.py", A, False, 10)
MODULE = SourceFile("app/a.py", B, False, 20)
RUN = SourceFile("app/run", C, True, 30)
README = SourceFile("README", D, False, 40)
FILES = [README, MODULE, RUN, SETUP]
CARRIED = RepackRecord(
    Wheel("app-1-py3-none-any.whl", "sha256:" + "d" * 64, 1),
    survey(FILES, ()).shape,
    {"setup.py": A},
    {"app/a.py": Member("app/a.py", B), "app/run": Member("app/run", C)},
    "1.2.13",
)


def changed(*files: SourceFile) -> tuple[SourceFile, ...] | None:
    return CARRIED.changed(survey(files, CARRIED.paths))


def test_what_was_only_carried_may_change() -> None:
    assert changed(*FILES) == ()
    module, run = SourceFile("app/a.py", OTHER, False, 5), SourceFile("app/run", OTHER, True, 5)
    assert changed(README, module, run, SETUP) == (module, run)


def test_what_nobody_opened_makes_no_difference() -> None:
    assert changed(SourceFile("README", OTHER, False, 5), MODULE, RUN, SETUP) == ()


@pytest.mark.parametrize(
    "files",
    [
        pytest.param(
            [README, MODULE, RUN, SourceFile("setup.py", B, False, 10)], id="what was read"
        ),
        pytest.param([README, SourceFile("app/a.py", B, True, 20), RUN, SETUP], id="a mode"),
        pytest.param([*FILES, SourceFile("z", OTHER, False, 1)], id="one more"),
        pytest.param([MODULE, RUN, SETUP], id="one less"),
        pytest.param([SourceFile("README.md", D, False, 40), MODULE, RUN, SETUP], id="a name"),
        pytest.param([], id="all"),
    ],
)
def test_everything_else_is_for_a_build(files: list[SourceFile]) -> None:
    assert changed(*files) is None


@pytest.mark.parametrize(
    ("path", "seen"),
    [("app.docker", False), ("app/x.docker", True), ("setup.py", True)],
)
def test_a_build_does_not_see_the_dockerfiles(path: str, *, seen: bool) -> None:
    assert is_build_input(path) is seen
