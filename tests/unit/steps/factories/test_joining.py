"""A repository that ships is added to a master that has much already."""

from __future__ import annotations

from typing import Any

import pytest
from buildbot.changes.manager import ChangeManager
from buildbot.config.errors import ConfigErrors, capture_config_errors
from buildbot.plugins import changes, schedulers, util

URL = "https://git.example.com/team/shop.git"


def poller(**options: Any) -> Any:
    return changes.GitPoller(URL, name="ship-shop", branches=["main"], **options)


def joined(config: dict[str, Any], **more: Any) -> dict[str, Any]:
    util.add_to_master(config, change_source=poller(), **more)
    return config


def names(config: dict[str, Any]) -> list[str]:
    return [each.name for each in config["change_source"]]


@pytest.mark.parametrize(
    "theirs",
    [
        changes.GitPoller(URL),
        changes.GitPoller(repourl=URL),
        changes.GitPoller(URL, branch="main"),
        changes.GitPoller(URL, branches=["dev", "main"], name="team"),
        changes.GitPoller(URL, branches=True),
        changes.GitPoller(URL, branches=lambda ref: ref.endswith("/main")),
    ],
)
def test_a_branch_that_is_polled_gets_no_second_poller(theirs: Any) -> None:
    for had in ([theirs], (theirs,), theirs):
        assert joined({"change_source": had})["change_source"] == [theirs]


@pytest.mark.parametrize(
    "theirs",
    [
        changes.GitPoller(URL, branches=["dev"]),
        changes.GitPoller(URL, branch="dev"),
        changes.GitPoller(URL, only_tags=True),
        changes.GitPoller(URL, branches=lambda ref: ref.endswith("/dev")),
        changes.GitPoller("ssh://git@git.example.com/team/shop.git"),
        changes.PBChangeSource(),
    ],
)
def test_another_change_source_stays_beside_ours(theirs: Any) -> None:
    config = joined({"change_source": [theirs]})
    assert names(config) == [theirs.name, "ship-shop"]

    class Loaded:
        change_sources = config["change_source"]

    # What Buildbot asks when it starts: an error would end it.
    with capture_config_errors() as errors:
        ChangeManager().get_service_config(Loaded)
    assert errors.errors == []


def test_a_master_without_any_of_it_gets_all_of_it() -> None:
    factory = util.BuildFactory()
    builder = util.BuilderConfig(name="ship", workernames=["one"], factory=factory)
    forced = schedulers.ForceScheduler(name="force", builderNames=["ship"])
    page = {"rebuild": {"ship": "force"}}
    config = joined({}, builders=[builder], schedulers=[forced], page=page)
    assert config["builders"] == [builder]
    assert config["schedulers"] == [forced]
    assert names(config) == ["ship-shop"]
    assert config["www"] == {"plugins": {"ship": page}}


def test_lists_of_any_kind_are_kept() -> None:
    theirs = {"name": "old", "workername": "one"}
    new = {"name": "new", "workername": "one"}
    for had in ([theirs], (theirs,)):
        config = joined({"builders": had, "schedulers": ()}, builders=[new])
        assert config["builders"] == [theirs, new]
        assert config["schedulers"] == []


@pytest.mark.parametrize(
    ("config", "more", "key"),
    [
        ({"builders": [{"name": "ship"}]}, {"builders": [{"name": "ship"}]}, "builders"),
        (
            {"schedulers": [schedulers.Triggerable("go", ["a"])]},
            {"schedulers": [schedulers.Triggerable("go", ["b"])]},
            "schedulers",
        ),
        ({"change_source": changes.GitPoller("other", name="ship-shop")}, {}, "change_source"),
    ],
)
def test_a_name_that_is_taken_is_a_configuration_error(
    config: dict[str, Any], more: dict[str, Any], key: str
) -> None:
    with pytest.raises(ConfigErrors, match=rf"c\['{key}'\] has '[\w-]+' already: rename one"):
        joined(config, **more)


@pytest.mark.parametrize(
    ("had", "found"),
    [
        ({}, {"shop": "force"}),
        ({"promote": "mine"}, {"": "mine", "shop": "force"}),
        ({"promote": {"blog": "b"}}, {"blog": "b", "shop": "force"}),
        (True, {"shop": "force"}),
        (None, {"shop": "force"}),
    ],
)
def test_buttons_of_others_are_kept(had: Any, found: dict[str, str]) -> None:
    theirs = {"port": 8010, "plugins": {"ship": had, "grid_view": True}}
    config = joined({"www": theirs}, page={"promote": {"shop": "force"}})
    assert config["www"]["plugins"]["ship"]["promote"] == found
    assert config["www"]["plugins"]["grid_view"] is True
    assert config["www"]["port"] == 8010
