"""Two masters share a database: the tag is for the image that one of them claimed first."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from lab.errors import LabError
from lab.git_server import git
from lab.rest import Json, result_name
from lab.settings import SHIP
from lab.story import look_up

from tests.buildbot.shop import Day, Shop

BRANCH, IMAGE = "claimed", "remotemath"
OTHER = f"sha256:{'b' * 64}"


def claim_elsewhere(shop: Shop, tag: str) -> bool:
    """Claim *tag* for another image, as another master does; return whether it got it."""
    argv = [sys.executable, "-m", "tests.buildbot.foreign_claim"]
    done = subprocess.run(
        [*argv, str(shop.master.folder), tag, OTHER],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip() == "True"


def pushed(shop: Shop, build: Json) -> str:
    """Return what the step that pushes the image says."""
    steps = shop.rest.steps(build["buildid"])
    return next(str(s["state_string"]) for s in steps if s["name"] == f"push-{IMAGE}")


@pytest.mark.row(40)
@pytest.mark.long
def test_a_tag_that_another_master_claimed_is_not_pushed_until_it_is_taken_over(
    shop: Shop, day: Day
) -> None:
    developer, repository = shop.story.developer, f"{shop.master.settings.registry}/{IMAGE}"
    developer.write({"NOTES": "another commit\n"})
    commit = developer.commit("Another commit")
    developer.push(BRANCH)
    git(developer.tree, "reset", "--quiet", "--hard", day.commit)
    assert claim_elsewhere(shop, f"{repository}:{commit}")

    build = shop.force(SHIP, branch=BRANCH, images=IMAGE)
    assert result_name(build["results"]) == "FAILURE"
    said = pushed(shop, build)
    assert f"{commit} is claimed for {OTHER} by build 1 of elsewhere; refusing to push" in said
    assert "the parameter take_over" in said
    with pytest.raises(LabError, match="is not in the registry"):
        look_up(repository, commit)

    build = shop.force(SHIP, branch=BRANCH, images=IMAGE, take_over=True)
    assert result_name(build["results"]) == "SUCCESS", pushed(shop, build)
    digest = build["properties"][f"ship_pushed_{IMAGE}"][0]["digest"]
    assert look_up(repository, commit)[0] == digest
    assert not claim_elsewhere(shop, f"{repository}:{commit}")
