"""The force scheduler of each button of the Ship page."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from buildbot_ship.www.answers import Answers
from buildbot_ship.www.plugin import ShipApplication

FORCED = {
    "force-ship": "ship",
    "force-ship-shop": "ship-shop",
    "force-promote": "promote",
    "force-promote-shop": "promote-shop",
}


class Data:
    """Buildbot's data API with the schedulers of `FORCED`."""

    async def get(self, path: tuple[str, ...]) -> Any:
        if path == ("forceschedulers",):
            return [
                {"name": name, "enabled": True, "builder_names": [builder]}
                for name, builder in FORCED.items()
            ]
        return {"builderid": 1}


def buttons(config: Any, *builders: str) -> dict[str, dict[str, str]]:
    """Return for each button and builder the scheduler that the page names."""
    application = ShipApplication()
    application.config = config
    application.master = SimpleNamespace(data=Data())
    answers = application.answers()
    assert isinstance(answers, Answers)
    published: Any = [
        SimpleNamespace(newest=SimpleNamespace(build=SimpleNamespace(builder=builder)))
        for builder in builders
    ]
    found = asyncio.run(answers._schedulers(published))
    return {
        button: {builder: row["scheduler"] for builder, row in rows.items()}
        for button, rows in found.items()
    }


@pytest.mark.parametrize("config", [None, True, {}, {"promote": "force-promote"}])
def test_one_name_is_for_all_builders(config: Any) -> None:
    found = buttons(config, "ship", "old")
    assert found["promote"] == {"ship": "force-promote", "old": "force-promote"}
    assert found["rebuild"] == {"ship": "force-ship", "old": "force-ship"}


def test_a_builder_with_a_scheduler_of_its_own_leaves_the_others_theirs() -> None:
    config = {
        "promote": {"ship-shop": "force-promote-shop"},
        "rebuild": {"ship-shop": "force-ship-shop"},
    }
    found = buttons(config, "ship", "ship-shop", "other")
    assert found["promote"] == {
        "ship": "force-promote",
        "ship-shop": "force-promote-shop",
        "other": "force-promote",
    }
    # Nothing rebuilds the images of "other": force-ship would build those of "ship".
    assert found["rebuild"] == {"ship": "force-ship", "ship-shop": "force-ship-shop"}


def test_the_others_may_have_another_name_or_none() -> None:
    shop = {"ship-shop": "force-promote-shop"}
    assert buttons({"promote": {"": "force-ship", **shop}}, "ship")["promote"] == {
        "ship": "force-ship"
    }
    for nothing in ("", None):
        assert "promote" not in buttons({"promote": {"": nothing, **shop}}, "ship")
        assert "promote" not in buttons({"promote": nothing}, "ship")
