"""Nights that end as branches, or do not, told in order: one test is the next one's past."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import pytest
from lab.errors import LabError
from lab.git_server import git
from lab.rest import Json
from lab.settings import CHECK, DERIVE, PROPOSE_BASES, PROPOSE_REQUIREMENTS, RETAG, SHIP
from lab.story import look_up

from .conftest import BRANCH, DERIVED, SECONDS, House, beside

T = TypeVar("T")
OWN = r"\S+/python314-(?:slim|data):\d{4}-\d\d-\d\dT[\d-]+"


def night(house: House) -> Json:
    """Do what the nightly builders of the bases do; return the second one's build."""
    retagged = house.build(RETAG)
    assert retagged["results"] == 0
    house.seen["retag"] = house.said(retagged, "retag")
    derived = house.build(DERIVE, branch=BRANCH)
    assert derived["results"] == 0, explain(house, derived)
    house.seen["derive"] = house.said(derived, "derive")
    house.run.say(house.seen["derive"])
    return house.build(PROPOSE_BASES)


def at_once(*calls: Callable[[], T]) -> list[T]:
    """Make all calls at the same time; return what they came to."""
    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]


def explain(house: House, build: Json) -> str:
    return "\n".join(house.master.rest.failing_logs(build["buildid"]))


def test_a_night_without_news_proposes_nothing(house: House) -> None:
    before = house.branches()
    build = night(house)
    assert build["results"] == 0, explain(house, build)
    assert " up to date: " in house.seen["retag"]
    assert house.seen["derive"] == "0 of 1 base derived: data.docker is up to date"
    assert house.said(build, "pin") == "3 bases, none newer"
    assert house.said(build, "propose") == "0 files changed: nothing to propose"
    assert house.branches() == before


def test_a_base_that_moved_upstream_becomes_a_branch_to_judge_by(house: House) -> None:
    house.move_upstream(f"9.1-{house.master.name}")
    build = night(house)
    assert build["results"] == 0, explain(house, build)
    upstream = re.escape(f"{house.master.settings.upstream}/python:3.14-slim")
    assert re.fullmatch(
        r"1 of 1 base derived: data\.docker under \S+ by (BuildKit|the classic builder), since "
        rf"{upstream} is another image",
        house.seen["derive"],
    )
    (branch,) = house.proposals()
    house.seen["bases"] = branch
    assert branch.startswith("ship/bases-1-")
    assert house.changed(branch) == ["fancycalculator.docker", "remotemath.docker"]
    lines = house.lines(branch)
    assert len(lines) == 4
    assert all(re.fullmatch(rf"[+-]FROM {OWN}", line) for line in lines)
    message = house.message(branch)
    house.run.say(message)
    assert message.startswith("Newer bases\n\n")
    assert re.search(rf"^{OWN}\n  -> {OWN}\n", message, re.M)
    changes = r"^  packages: 1 of \d+ changed\n    libc6 \S+ -> 9\.1-"
    assert len(re.findall(changes, message, re.M)) == 2


def test_the_same_night_again_proposes_nothing_more(house: House) -> None:
    before = house.branches()
    build = night(house)
    assert house.said(build, "propose").endswith(f" already proposed as {house.seen['bases']}")
    assert house.branches() == before


def test_two_nights_at_once_propose_newer_requirements_once(house: House) -> None:
    def propose() -> Json:
        return house.build(PROPOSE_REQUIREMENTS, timeout=SECONDS)

    ended = at_once(propose, propose)
    assert [build["results"] for build in ended] == [0, 0], explain(house, ended[0])
    (branch,) = (name for name in house.proposals() if "requirements" in name)
    house.seen["requirements"] = branch
    said = sorted(house.said(build, "propose") for build in ended)
    assert said == [
        f"1 file already proposed as {branch}",
        f"1 file proposed as {branch}: requirements.strict.txt",
    ]
    message = house.message(branch)
    house.run.say(message)
    assert message.startswith("Newer requirements\n\nrequirements.strict.txt: 1 upgraded\n")
    changed = r"^  idna 3\.4 -> \S+ \(.*requests.*\), \d+ days? old$"
    assert re.search(changed, message, re.M)


@pytest.mark.parametrize("kind", ["bases", "requirements"])
def test_a_proposal_is_built_and_not_published(house: House, kind: str) -> None:
    commit = house.branches()[house.seen[kind]]
    rest = house.master.rest
    build = rest.wait(rest.build_of_commit(CHECK, commit), SECONDS, house.run.say)
    assert build["results"] == 0, explain(house, build)
    ran = [step["name"] for step in rest.steps(build["buildid"]) if step["results"] == 0]
    assert "image-remotemath" in ran
    assert not [name for name in ran if name.startswith("push")]
    assert not [build for build in rest.builds(SHIP) if commit in str(build["properties"])]
    with pytest.raises(LabError, match="is not in the registry"):
        look_up(f"{house.master.settings.registry}/remotemath", commit)


def test_merging_a_proposal_ships_it_though_the_merge_is_no_commit(house: House) -> None:
    branch = house.seen["bases"]
    tree = house.developer.tree
    git(tree, "fetch", "--quiet", str(house.server), branch)
    git(tree, "merge", "--quiet", "--ff-only", "FETCH_HEAD")
    house.developer.push(BRANCH)
    commit = house.branches()[BRANCH]
    assert commit == house.branches()[branch]
    shipped = house.story.ship(commit)
    assert {image.tag for image in shipped} == {commit}
    build = house.build(PROPOSE_BASES)
    assert house.said(build, "propose") == "0 files changed: nothing to propose"


def test_a_hook_that_refuses_is_quoted_and_nothing_is_pushed(house: House) -> None:
    house.move_upstream(f"9.2-{house.master.name}")
    house.hook("echo 'no branches on weekends' >&2; exit 1")
    before = house.branches()
    build = night(house)
    house.hook(None)
    assert build["results"] == 2
    said = house.said(build, "propose")
    house.run.say(said)
    assert re.match(
        r"the git server refused the branch ship/bases-2-\w+: no branches on weekends - ask",
        said,
    )
    assert house.branches() == before


def test_a_newer_proposal_says_what_it_supersedes(house: House) -> None:
    build = house.build(PROPOSE_BASES)
    assert build["results"] == 0, explain(house, build)
    branch = house.proposals()[1]
    house.seen["newer"] = branch
    assert branch.startswith("ship/bases-2-")
    assert f"Supersedes: {house.seen['bases']}" in house.message(branch)


def test_a_branch_that_was_moved_is_left_alone(house: House) -> None:
    branch = house.seen["newer"]
    git(house.server, "update-ref", f"refs/heads/{branch}", BRANCH)
    before = house.branches()
    build = house.build(PROPOSE_BASES)
    assert build["results"] == 2
    said = house.said(build, "propose")
    house.run.say(said)
    assert said.startswith(
        f"the branch {branch} is now at commit {before[BRANCH][:12]}, which lacks the proposal"
    )
    assert "nothing is ever force-pushed" in said
    assert house.branches() == before


def test_a_branch_that_was_deleted_is_not_pushed_again(house: House) -> None:
    branch = house.seen["newer"]
    git(house.server, "update-ref", "-d", f"refs/heads/{branch}")
    before = house.branches()
    build = house.build(PROPOSE_BASES)
    assert build["results"] == 0, explain(house, build)
    said = house.said(build, "propose")
    house.run.say(said)
    assert said == f"2 files not proposed again: {branch} was proposed and then deleted"
    assert house.branches() == before


def test_a_derived_base_whose_line_fails_is_a_failure_with_its_place(house: House) -> None:
    developer = house.developer
    before = git(developer.tree, "rev-parse", "HEAD")
    text = (developer.tree / DERIVED).read_text()
    developer.write({DERIVED: f"{text}RUN echo no such package >&2; exit 100\n"})
    developer.commit("Break the derived base")
    developer.push("broken")
    build = house.build(DERIVE, branch="broken")
    git(developer.tree, "reset", "--quiet", "--hard", before)
    said = house.said(build, "derive")
    house.run.say(said)
    assert build["results"] == 2
    # Each builder of the engine has its own words.
    assert said.startswith(f"{DERIVED}:3: RUN: ")
    assert "code: 100 - read the step's log" in said
    assert "no such package" in explain(house, build)


def test_the_nights_of_two_masters_at_once_propose_once(house: House) -> None:
    house.move_upstream(f"9.3-{house.master.name}")
    assert house.build(RETAG)["results"] == 0
    before = house.branches()
    with beside(house) as other:
        ended = at_once(
            lambda: (house, house.build(PROPOSE_BASES)),
            lambda: (other, other.build(PROPOSE_BASES)),
        )
        said = sorted(of.said(build, "propose") for of, build in ended)
    assert [build["results"] for _, build in ended] == [0, 0], said
    files = "fancycalculator.docker, remotemath.docker"
    (branch,) = house.branches().keys() - before.keys()
    assert said == [
        f"2 files already proposed as {branch}",
        f"2 files proposed as {branch}: {files}; supersedes {house.seen['bases']}",
    ]
    assert branch.startswith("ship/bases-")


def test_the_login_is_in_no_log_of_the_master_or_the_worker(house: House) -> None:
    secret = house.git_login.password.strip().splitlines()[-2:][0]
    folders = [house.master.folder, house.run.folder / house.master.settings.worker_name]
    logs = [path for folder in folders for path in folder.rglob("*.log")]
    logs.append(house.run.folder / f"{house.master.settings.worker_name}.log")
    found = [
        path for path in logs if path.is_file() and secret in path.read_text("utf-8", "replace")
    ]
    database = house.master.folder / "state.sqlite"
    assert found == []
    assert secret.encode() not in database.read_bytes()
