"""Proposals against a bare repository on disk: git is real, the server is a folder."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import attrs
import pytest
from lab.git_server import git

from buildbot_ship.errors import BranchMissing, BranchMoved, PushRefused, RepositoryError
from buildbot_ship.model.request import ProposeRequest
from buildbot_ship.model.result import Result
from buildbot_ship.source.checkout import Checkout
from buildbot_ship.source.git_server import Origin
from buildbot_ship.store.change_notes import ChangeNotes
from buildbot_ship.verbs.review.propose import propose

REQUEST = ProposeRequest("bases", ("*.docker",), "Newer bases")


@attrs.define
class Yard:
    """A server, a person's clone, and a worker's clone and notes."""

    folder: Path
    moment: datetime = datetime(2026, 11, 23, 5, 20, tzinfo=UTC)
    lines: list[str] = attrs.field(factory=list)

    @property
    def server(self) -> Path:
        return self.folder / "server.git"

    @property
    def checkout(self) -> Path:
        return self.folder / "checkout"

    @property
    def person(self) -> Path:
        return self.folder / "person"

    def write(self, text: str, name: str = "app.docker", where: Path | None = None) -> None:
        path = (where or self.checkout) / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    def branches(self) -> dict[str, str]:
        said = git(self.server, "for-each-ref", "--format=%(refname:short) %(objectname)")
        return dict(line.split() for line in said.splitlines())

    def proposed(self) -> list[str]:
        return sorted(name for name in self.branches() if name.startswith("ship/"))

    def hook(self, name: str, text: str) -> None:
        path = self.server / "hooks" / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def propose(
        self, request: ProposeRequest = REQUEST, checkout: Path | None = None
    ) -> Result:
        root = checkout or self.checkout
        return propose(
            request,
            checkout=Checkout(root),
            origin=Origin(root, request.remote),
            notes=ChangeNotes(root.with_suffix(".notes")),
            clock=lambda: self.moment,
            log=self.lines.append,
        )

    def clone(self, name: str) -> Path:
        git(self.folder, "clone", "-q", str(self.server), name)
        return self.folder / name


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    yard = Yard(tmp_path)
    git(tmp_path, "init", "-q", "--bare", "-b", "main", "server.git")
    person = yard.clone("person")
    for name in ("app.docker", "build.docker", "other.txt"):
        yard.write("FROM old\n", name, person)
    git(person, "add", "-A")
    git(person, "commit", "-q", "-m", "first")
    git(person, "push", "-q", "origin", "HEAD:main")
    yard.clone("checkout")
    return yard


def test_without_a_change_nothing_is_asked_or_pushed(yard: Yard) -> None:
    request = attrs.evolve(REQUEST, remote="/nowhere")
    yard.write("changed", "other.txt")
    assert yard.propose(request).summary == "0 files changed: nothing to propose"


def test_a_change_becomes_one_commit_on_a_branch_of_its_own(yard: Yard) -> None:
    before = yard.branches()
    yard.write("FROM new\n")
    yard.write("not asked for", "other.txt")
    ChangeNotes(yard.checkout.with_suffix(".notes")).leave(b"FROM new\n", "why it moved\n")
    result = yard.propose()
    (branch,) = yard.proposed()
    assert branch.startswith("ship/bases-1-")
    assert result.summary == f"1 file proposed as {branch}: app.docker"
    assert result.properties["ship_proposal"] == branch
    assert result.properties["ship_proposal_commit"] == yard.branches()[branch]
    shown = git(yard.server, "show", "--format=%an|%ae|%ct|%B", "--name-only", branch)
    assert shown.split("\n") == [
        f"buildbot-ship|buildbot-ship@localhost|{int(yard.moment.timestamp())}|Newer bases",
        "",
        "why it moved",
        "",
        "",
        "app.docker",
    ]
    assert {name: c for name, c in yard.branches().items() if name != branch} == before
    assert git(yard.server, "rev-parse", f"{branch}^") == before["main"]


def test_the_checkout_stays_as_it_was(yard: Yard) -> None:
    yard.write("FROM new\n")
    yard.propose()
    assert git(yard.checkout, "status", "--porcelain") == "M app.docker"
    assert git(yard.checkout, "branch", "--format=%(refname:short)") == "main"


def test_the_same_change_is_proposed_once(yard: Yard) -> None:
    yard.write("FROM new\n")
    first = yard.propose()
    before = yard.branches()
    again = yard.propose()
    assert again.summary == f"1 file already proposed as {first.properties['ship_proposal']}"
    assert again.properties == {"ship_proposal": first.properties["ship_proposal"]}
    other = yard.clone("elsewhere")
    yard.write("FROM new\n", where=other)
    assert yard.propose(checkout=other).summary == again.summary
    assert yard.branches() == before


def test_a_newer_change_supersedes_by_its_name(yard: Yard) -> None:
    yard.write("FROM new\n")
    first = yard.propose().properties["ship_proposal"]
    yard.write("FROM newer\n")
    result = yard.propose()
    second = result.properties["ship_proposal"]
    assert second.startswith("ship/bases-2-")
    assert result.summary.endswith(f"; supersedes {first}")
    assert yard.proposed() == [first, second]
    assert f"Supersedes: {first}" in git(yard.server, "show", "-s", "--format=%B", second)


def test_what_was_merged_and_taken_back_may_be_proposed_again(yard: Yard) -> None:
    yard.write("FROM new\n")
    first = yard.propose().properties["ship_proposal"]
    git(yard.person, "pull", "-q", "origin", first)
    yard.write("FROM old\n", where=yard.person)
    git(yard.person, "commit", "-qam", "back")
    git(yard.person, "push", "-q", "origin", "HEAD:main")
    git(yard.checkout, "checkout", "-q", "--", ".")
    git(yard.checkout, "pull", "-q")
    yard.write("FROM new\n")
    assert yard.propose().properties["ship_proposal"].startswith("ship/bases-2-")


def test_what_people_add_to_a_proposal_stays(yard: Yard) -> None:
    yard.write("FROM new\n")
    branch = yard.propose().properties["ship_proposal"]
    git(yard.person, "fetch", "-q")
    git(yard.person, "checkout", "-q", branch)
    yard.write("by hand", "other.txt", yard.person)
    git(yard.person, "commit", "-qam", "more")
    git(yard.person, "push", "-q", "origin", f"HEAD:{branch}")
    before = yard.branches()
    assert yard.propose().summary == f"1 file already proposed as {branch}"
    assert yard.branches() == before


def test_a_branch_that_was_moved_is_left_and_named(yard: Yard) -> None:
    yard.write("FROM new\n")
    branch = yard.propose().properties["ship_proposal"]
    git(yard.person, "push", "-q", "--force", "origin", f"HEAD:{branch}")
    before = yard.branches()
    with pytest.raises(BranchMoved, match=branch) as caught:
        yard.propose()
    assert "nothing is ever force-pushed" in caught.value.remedy
    assert "propose again with --again" in caught.value.remedy
    assert yard.branches() == before


def test_a_branch_that_was_deleted_stays_deleted_unless_asked_again(yard: Yard) -> None:
    yard.write("FROM new\n")
    branch = yard.propose().properties["ship_proposal"]
    git(yard.server, "update-ref", "-d", f"refs/heads/{branch}")
    result = yard.propose()
    assert result.summary == (
        f"1 file not proposed again: {branch} was proposed and then deleted"
    )
    assert yard.proposed() == []
    yard.propose(attrs.evolve(REQUEST, again=True))
    assert yard.proposed() == [branch]


def test_a_target_that_was_deleted_is_named(yard: Yard) -> None:
    yard.write("FROM new\n")
    with pytest.raises(BranchMissing, match="release is not on the git server"):
        yard.propose(attrs.evolve(REQUEST, target="release"))


@pytest.mark.parametrize("hook", ["pre-receive", "update"])
def test_a_hook_that_refuses_is_quoted(yard: Yard, hook: str) -> None:
    yard.hook(hook, "echo 'only on working days' >&2; exit 1")
    yard.write("FROM new\n")
    with pytest.raises(PushRefused, match="only on working days"):
        yard.propose()
    assert yard.proposed() == []


def test_push_options_reach_the_server(yard: Yard) -> None:
    git(yard.server, "config", "receive.advertisePushOptions", "true")
    said = yard.folder / "said"
    yard.hook("post-receive", f"echo $GIT_PUSH_OPTION_0 $GIT_PUSH_OPTION_1 > {said}")
    yard.write("FROM new\n")
    options = ("merge_request.create", "merge_request.target=main")
    yard.propose(attrs.evolve(REQUEST, push_options=options))
    assert said.read_text().split() == list(options)


def test_a_server_without_push_options_is_told_so(yard: Yard) -> None:
    git(yard.server, "config", "receive.advertisePushOptions", "false")
    yard.write("FROM new\n")
    with pytest.raises(PushRefused, match="does not support push options") as caught:
        yard.propose(attrs.evolve(REQUEST, push_options=("x",)))
    assert "remove push_options" in caught.value.remedy


@pytest.mark.parametrize("minute", [20, 21])
def test_two_at_once_propose_once(yard: Yard, minute: int) -> None:
    other = yard.clone("elsewhere")
    for where in (yard.checkout, other):
        yard.write("FROM new\n", where=where)
    # The other one pushes when this one has looked, and is about to push.
    before: Callable[..., bool] = Origin.create
    done: list[Result] = []

    def create(origin: Origin, *arguments: object) -> bool:
        if not done:
            done.append(Result("none", "success", "begun"))
            yard.moment = yard.moment.replace(minute=minute)
            done.append(yard.propose(checkout=other))
        return before(origin, *arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Origin, "create", create)
        result = yard.propose()
    assert len(yard.proposed()) == 1
    assert result.summary == f"1 file already proposed as {yard.proposed()[0]}"
    assert done[1].summary == f"1 file proposed as {yard.proposed()[0]}: app.docker"


def test_a_new_and_a_removed_file_belong_to_a_change(yard: Yard) -> None:
    yard.write("FROM new\n", "new.docker")
    (yard.checkout / "app.docker").unlink()
    branch = yard.propose().properties["ship_proposal"]
    names = git(yard.server, "ls-tree", "--name-only", branch).split()
    assert names == ["build.docker", "new.docker", "other.txt"]


def test_a_pattern_stays_in_its_folder(yard: Yard) -> None:
    yard.write("x", "sub/app.docker")
    assert yard.propose().summary.endswith(": nothing to propose")


def test_a_server_that_is_no_repository_is_named(yard: Yard) -> None:
    yard.write("FROM new\n")
    with pytest.raises(RepositoryError, match="cannot list its branches"):
        yard.propose(attrs.evolve(REQUEST, remote=str(yard.folder / "nothing")))
    with pytest.raises(RepositoryError, match="remote upstream: No such remote"):
        yard.propose(attrs.evolve(REQUEST, remote="upstream"))
