"""From a commit to images in a registry, with the example's configuration as it is."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
import requests
from lab.errors import LabError
from lab.git_server import git
from lab.pins import TIMESTAMP
from lab.rest import Json, Rest, result_name
from lab.sealing import TOKEN
from lab.settings import HARDEN, RETAG, SHIP, SMOKE_SECRET
from lab.story import look_up
from lab.waiting import wait_until

from buildbot_ship.sealed import open_secret
from tests.buildbot.shop import Day, Shop

EVIL = ("--upload-pack=x", "-x", "a\nb", "a;b", "$(x)", "a b", "a..b", "caf\u00e9", "x" * 300)


def say(shop: Shop, build: Json) -> str:
    """Return what a build says of itself, and its logs, for a test that fails."""
    return "\n".join([build["state_string"], *shop.rest.failing_logs(build["buildid"])])


def done(shop: Shop, build: Json) -> list[str]:
    """Return the steps of a build that were not skipped."""
    steps = shop.rest.steps(build["buildid"])
    return [step["name"] for step in steps if result_name(step["results"]) == "SUCCESS"]


def test_retagging_ends_as_two_tags_of_one_moment(shop: Shop, day: Day) -> None:
    assert sorted(day.copies) == ["python314", "python314-slim"]
    tags = {reference.rpartition(":")[2] for reference in day.copies.values()}
    assert len(tags) == 1
    assert re.fullmatch(TIMESTAMP, tags.pop())


def test_own_copies_keep_the_digest_of_upstream(shop: Shop, day: Day) -> None:
    upstream = shop.master.settings.upstream
    for name, tag in (("python314", "3.14"), ("python314-slim", "3.14-slim")):
        repository, _, own = day.copies[name].rpartition(":")
        assert look_up(repository, own)[0] == look_up(f"{upstream}/python", tag)[0]


def test_retagging_again_without_news_makes_no_new_tags(shop: Shop, day: Day) -> None:
    assert shop.story.retag() == day.copies


def test_the_master_has_a_key_that_opens_the_sealed_token(shop: Shop) -> None:
    key = shop.master.folder / "secrets" / SMOKE_SECRET
    assert key.stat().st_mode & 0o777 == 0o600
    assert open_secret(TOKEN, str(shop.story.developer.tree / "secrets"), str(key))


def test_hardening_leaves_both_files_as_build_data(shop: Shop, day: Day) -> None:
    build = shop.rest.builds(HARDEN)[-1]
    strict = shop.rest.data(build["buildid"], "requirements.strict.txt")
    assert "remotemath==" in strict
    assert "--hash=sha256:" in strict
    assert strict == (shop.story.developer.tree / "requirements.strict.txt").read_text()
    assert shop.rest.data(build["buildid"], "requirements.build.txt")


def test_a_commit_ends_as_images_under_its_hash(shop: Shop, day: Day) -> None:
    assert sorted(day.shipped) == ["fancycalculator", "remotemath"]
    for image in day.shipped.values():
        assert image.tag == day.commit
        assert image.digest.startswith("sha256:")


@pytest.mark.long
def test_the_same_commit_made_again_gives_the_same_digests(shop: Shop, day: Day) -> None:
    build = shop.force(SHIP, branch="main", revision=day.commit, images="all", no_cache=True)
    assert result_name(build["results"]) == "SUCCESS", say(shop, build)
    made = {"wheels", "pex-twist-pex", "image-remotemath", "push-remotemath"}
    assert made <= set(done(shop, build))
    assert build["properties"]["ship_checked"] == [True, "FindPublished"]
    assert not {"check-requirements", "clean-up"} & set(done(shop, build))
    for image in day.shipped.values():
        assert look_up(image.repository, day.commit)[0] == image.digest


def test_a_published_commit_forced_again_costs_one_look(shop: Shop, day: Day) -> None:
    with shop.no_engine():
        build = shop.force(SHIP, branch="main", revision=day.commit, images="all", push=True)
    assert result_name(build["results"]) == "SUCCESS", say(shop, build)
    assert "2 images already published: " in build["state_string"]
    assert done(shop, build) == ["worker_preparation", "checkout", "check-secrets", "find"]
    for name, image in day.shipped.items():
        pushed, source = build["properties"][f"ship_pushed_{name}"]
        assert (pushed["digest"], source) == (image.digest, "FindPublished")
    steps = {step["name"]: step for step in shop.rest.steps(build["buildid"])}
    skipped = [s for s in steps.values() if result_name(s["results"]) == "SKIPPED"]
    said = {step["state_string"] for step in skipped if not step["hidden"]}
    assert said == {"skipped: already published", "skipped: nothing left behind"}
    for link in steps["find"]["urls"]:
        assert day.commit in requests.get(link["url"], timeout=9).json()["tags"]
    assert len(steps["find"]["urls"]) == 2


@pytest.mark.long
def test_one_image_is_built_twice_and_nothing_pushed(shop: Shop, day: Day) -> None:
    build = shop.force(SHIP, branch="main", images="remotemath", push=False, verify=True)
    assert result_name(build["results"]) == "SUCCESS", say(shop, build)
    found, source = build["properties"]["ship_reproducible"]
    assert (list(found["images"]), source) == (["remotemath"], "VerifyReproducible")
    made = done(shop, build)
    assert "image-remotemath" in made
    assert not [name for name in made if name.startswith(("push", "find"))]
    # It is tested with the other one, which is built for that.
    assert {"image-fancycalculator", "smoke"} <= set(made)


def test_the_pushed_digests_are_those_of_the_tested_system(shop: Shop, day: Day) -> None:
    build = shop.rest.build_of_commit(SHIP, day.commit, branch="main")
    steps = {step["name"]: step for step in shop.rest.steps(build)}
    said = r"1 check passed in \d+\.\d s: remotemath, fancycalculator"
    assert re.fullmatch(said, steps["smoke"]["state_string"])
    said = r"\d+ wheels, \d+ built, (\d+ downloaded, )?(\d+ known, )?\d+\.\d MB"
    assert re.fullmatch(said, steps["wheels"]["state_string"])
    said = r"pushed [\d.]+ [KM]B, \d+ of \d+ layers mounted(, \d+ already there)?: "
    assert re.match(said, steps["push-remotemath"]["state_string"])
    assert list(steps).index("smoke") < list(steps).index("push-remotemath")
    properties = shop.rest.properties(build)
    for name, image in day.shipped.items():
        assert properties[f"ship_tested_{name}"] == image.digest
    logs = shop.rest.logs(build, "smoke")
    # On a busy machine the page has answered, and has not logged it yet.
    assert "Starting reactor" in logs["fancycalculator.log"]
    assert "POST /multiply" in logs["remotemath.log"]
    key = shop.master.secrets[SMOKE_SECRET].split()[-1]
    assert not [name for name, text in logs.items() if key in text]


def test_a_page_that_does_not_start_is_never_published(shop: Shop, day: Day) -> None:
    developer = shop.story.developer
    page = developer.tree / "src" / "fancycalculator" / "__init__.py"
    developer.write({str(page.relative_to(developer.tree)): "raise SystemExit('no page')\n"})
    commit = developer.commit("Break the page")
    developer.push("broken")
    build = shop.force(SHIP, branch="broken", images="all", push=True)
    git(developer.tree, "reset", "--quiet", "--hard", day.commit)
    assert result_name(build["results"]) == "FAILURE"
    steps = {step["name"]: step for step in shop.rest.steps(build["buildid"])}
    said = steps["smoke"]["state_string"]
    assert "fancycalculator ended with status 1, but it must keep running; last lines" in said
    assert "no page" in said
    log = shop.rest.logs(build["buildid"], "smoke")["stdio"]
    assert log.splitlines()[-1] == said
    assert log.replace("\n", "").isprintable()
    assert {"fancycalculator.log", "remotemath.log"} <= shop.rest.logs(
        build["buildid"], "smoke"
    ).keys()
    for image in day.shipped.values():
        with pytest.raises(LabError, match="is not in the registry"):
            look_up(image.repository, commit)
    assert shop.containers() == []


@pytest.mark.row(16)
def test_a_build_that_is_cancelled_in_its_test_leaves_nothing(shop: Shop, day: Day) -> None:
    number = shop.rest.force(SHIP, branch="main", revision=day.commit, push=False)
    wait_until(lambda: len(shop.containers("ship-smoke-")) == 2, 120, "the services")
    began = time.monotonic()
    shop.rest.stop(number)
    build = shop.rest.wait(number, 60)
    assert time.monotonic() - began < 10
    assert result_name(build["results"]) == "CANCELLED"
    assert shop.containers() == []
    assert shop.ledger() == []


def test_a_stale_strict_file_ends_a_build_before_anything_is_made(shop: Shop, day: Day) -> None:
    developer, branch = shop.story.developer, "stale"
    loose = developer.tree / "requirements.loose.txt"
    plain = loose.read_text()
    developer.write({loose.name: f"{plain}celery\n"})
    developer.commit("Ask for celery")
    developer.push(branch)
    build = shop.force(SHIP, branch=branch, push=False)
    git(developer.tree, "reset", "--quiet", "--hard", day.commit)
    assert result_name(build["results"]) == "FAILURE"
    steps = {step["name"]: step for step in shop.rest.steps(build["buildid"])}
    assert re.match(
        r"requirements\.loose\.txt:\d+: celery is not in requirements\.strict\.txt.* - run "
        r"buildbot-ship harden --upgrade nothing --package \., review",
        steps["check-requirements"]["state_string"],
    )
    log = shop.rest.logs(build["buildid"], "check-requirements")["stdio"]
    assert log.splitlines()[-1] == steps["check-requirements"]["state_string"]
    assert not [
        name
        for name in steps
        if name.startswith(("wheels", "image", "push")) and steps[name]["results"] == 0
    ]


def test_a_finished_build_leaves_nothing_in_the_engine(shop: Shop, day: Day) -> None:
    assert list((shop.state / "ledger").glob("tools-*")), "it is the worker's ledger"
    assert shop.containers() == []
    assert shop.ledger() == []


def test_a_cancelled_build_leaves_nothing_in_the_engine(shop: Shop, day: Day) -> None:
    number = shop.rest.force(
        SHIP, branch="main", revision=day.commit, push=False, no_cache=True
    )
    wait_until(lambda: bool(shop.containers()), 60, "a container of the build")
    began = time.monotonic()
    shop.rest.stop(number)
    build = shop.rest.wait(number, 60)
    assert result_name(build["results"]) == "CANCELLED"
    assert time.monotonic() - began < 15
    assert shop.containers() == []
    assert shop.ledger() == []


@pytest.mark.parametrize("parameter", ["branch", "revision"])
@pytest.mark.parametrize("value", EVIL)
def test_the_form_refuses_what_is_no_branch_or_revision(
    shop: Shop, parameter: str, value: str
) -> None:
    builds = len(shop.rest.builds(SHIP))
    given: dict[str, Any] = {"branch": "main", parameter: value}
    with pytest.raises(LabError, match="does not match pattern"):
        shop.rest.force(SHIP, **given)
    assert len(shop.rest.builds(SHIP)) == builds


@pytest.mark.parametrize("value", ["none", "remotemath\n", "../remotemath"])
def test_the_form_takes_images_that_exist(shop: Shop, value: str) -> None:
    with pytest.raises(LabError):
        shop.rest.force(SHIP, branch="main", images=value)


def test_an_unknown_branch_is_a_failure_with_a_remedy(shop: Shop, day: Day) -> None:
    build = shop.force(HARDEN, branch="nowhere")
    assert result_name(build["results"]) == "FAILURE"
    said = "git cannot check out nowhere: couldn't find remote ref nowhere - check that"
    assert said in build["state_string"]


@pytest.mark.parametrize("login", [None, ("ship", "guessed"), ("hacker", "ship")])
def test_nobody_forces_or_stops_a_build_without_the_login(
    shop: Shop, day: Day, login: tuple[str, str] | None
) -> None:
    stranger = Rest(shop.rest.url, login)
    builds = len(shop.rest.builds(SHIP))
    with pytest.raises(LabError, match="refused force of forceschedulers/force-ship"):
        stranger.request(SHIP, branch="main")
    with pytest.raises(LabError, match="you need to have role 'shippers'"):
        stranger.stop(shop.rest.build_of_commit(SHIP, day.commit))
    assert stranger.builds(SHIP)
    assert len(shop.rest.builds(SHIP)) == builds


def test_the_hook_makes_the_poller_look(shop: Shop) -> None:
    shop.master.poll()
    hook, login = f"{shop.master.settings.url}change_hook/", ("hook", shop.master.hook_secret)
    for name, given, status in (
        ("poller?poller=source", None, 401),
        ("poller?poller=source", ("hook", "guessed"), 401),
        ("base", login, 400),
    ):
        assert requests.post(hook + name, auth=given, timeout=9).status_code == status


def test_no_build_of_this_group_was_an_exception(shop: Shop, day: Day) -> None:
    for builder in (SHIP, RETAG, HARDEN):
        results = {result_name(build["results"]) for build in shop.rest.builds(builder)}
        assert "EXCEPTION" not in results
