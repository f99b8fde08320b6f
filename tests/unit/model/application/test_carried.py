from __future__ import annotations

from collections.abc import Mapping

import pytest

from buildbot_ship.model.application.carried import Carried, Seen
from buildbot_ship.model.artefact import Wheel

FILES = {
    "setup.py": Seen("1" * 40, False, 10),
    "app/a.py": Seen("a" * 40, False, 20),
    "app/run": Seen("b" * 40, True, 30),
    "README": Seen("c" * 40, False, 40),
}
CARRIED = Carried(
    Wheel("app-1-py3-none-any.whl", "sha256:" + "d" * 64, 1),
    FILES,
    {"app/a.py": "app/a.py", "app/run": "app/run", "README": ""},
    "1.2.13",
)
OTHER = "e" * 40


def test_what_was_only_carried_may_change() -> None:
    files = {
        **FILES,
        "app/a.py": Seen(OTHER, False, 5),
        "app/run": Seen(OTHER, True, 5),
        "README": Seen(OTHER, False, 5),
    }
    assert CARRIED.changed(FILES) == []
    assert CARRIED.changed(files) == ["app/a.py", "app/run", "README"]


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({**FILES, "setup.py": Seen(OTHER, False, 10)}, id="what was read"),
        pytest.param({**FILES, "app/a.py": Seen("a" * 40, True, 20)}, id="a mode"),
        pytest.param({**FILES, "app/b.py": Seen(OTHER, False, 1)}, id="one more"),
        pytest.param({p: f for p, f in FILES.items() if p != "README"}, id="one less"),
        pytest.param({}, id="all"),
    ],
)
def test_everything_else_is_for_a_build(files: Mapping[str, Seen]) -> None:
    assert CARRIED.changed(files) is None
