"""Claims as refs on a git server: git is real, the server is a bare repository."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from lab.git_server import git

from buildbot_ship.errors import GitUnavailable, PushRefused, TagClaimed
from buildbot_ship.model.reference import Reference, Repository
from buildbot_ship.source.git_server import Origin
from buildbot_ship.source.published_refs import PREFIX, PublishedRefs, claim_ref

COMMIT = "0a" * 20
TAG = Reference.parse(f"127.0.0.1:5000/team/app:{COMMIT}")
WRITERS = 16


@pytest.fixture
def server(tmp_path: Path) -> Path:
    folder = tmp_path / "server.git"
    folder.mkdir()
    git(folder, "init", "-q", "--bare", ".")
    return folder


@pytest.fixture
def refs(server: Path, tmp_path: Path) -> PublishedRefs:
    return PublishedRefs(checkout(server, tmp_path / "checkout"))


def checkout(server: Path, folder: Path) -> Origin:
    folder.mkdir()
    git(folder, "init", "-q", ".")
    git(folder, "remote", "add", "origin", str(server))
    return Origin(folder, "origin")


def claimed(server: Path) -> list[str]:
    return git(server, "for-each-ref", "--format=%(refname)").splitlines()


def hook(server: Path, name: str, script: str) -> None:
    path = server / "hooks" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_a_claim_is_a_ref_that_says_which_image_the_tag_has(
    refs: PublishedRefs, server: Path
) -> None:
    refs.claim(TAG, "sha256:aa")
    assert claimed(server) == [claim_ref(TAG)]
    assert git(server, "cat-file", "blob", claim_ref(TAG)) == (
        f'{{"digest": "sha256:aa", "reference": "{TAG}"}}'
    )


def test_the_ref_is_named_by_commit_and_repository(server: Path) -> None:
    names = {
        claim_ref(Repository.parse(place).tagged(tag))
        for place in ("127.0.0.1:5000/a.lock", "r.example.com/a", "r.example.com/a/b")
        for tag in (COMMIT, "ff" * 20)
    }
    assert len(names) == 6
    for name in names:
        assert name.startswith(PREFIX)
        git(server, "check-ref-format", name)


def test_the_same_image_may_be_claimed_again(refs: PublishedRefs, server: Path) -> None:
    refs.claim(TAG, "sha256:aa")
    refs.claim(TAG, "sha256:aa")
    refs.claim(Reference.parse(f"127.0.0.1:5000/team/b:{COMMIT}"), "sha256:aa")
    assert len(claimed(server)) == 2


def test_another_image_is_refused_and_both_are_named(
    refs: PublishedRefs, server: Path, tmp_path: Path
) -> None:
    refs.claim(TAG, "sha256:aa")
    other = PublishedRefs(checkout(server, tmp_path / "other"))
    with pytest.raises(TagClaimed) as caught:
        other.claim(TAG, "sha256:bb")
    for text in (str(TAG), "sha256:aa", "sha256:bb", claim_ref(TAG)):
        assert text in str(caught.value)
    assert "--take-over" in caught.value.remedy
    assert '"sha256:aa"' in git(server, "cat-file", "blob", claim_ref(TAG))


def test_a_claim_that_was_deleted_is_free(refs: PublishedRefs, server: Path) -> None:
    refs.claim(TAG, "sha256:aa")
    git(server, "update-ref", "-d", claim_ref(TAG))
    refs.claim(TAG, "sha256:bb")
    assert '"sha256:bb"' in git(server, "cat-file", "blob", claim_ref(TAG))


def test_a_claim_can_be_taken_over(refs: PublishedRefs, server: Path) -> None:
    refs.claim(TAG, "sha256:aa")
    refs.claim(TAG, "sha256:bb", take_over=True)
    assert '"sha256:bb"' in git(server, "cat-file", "blob", claim_ref(TAG))
    with pytest.raises(TagClaimed, match="sha256:bb"):
        refs.claim(TAG, "sha256:aa")


@pytest.mark.parametrize("text", ["not JSON", "[]", "{}", "x" * 5000])
def test_a_ref_that_is_no_claim_of_ours_also_holds_the_tag(
    refs: PublishedRefs, server: Path, tmp_path: Path, text: str
) -> None:
    (tmp_path / "text").write_text(text)
    blob = git(server, "hash-object", "-w", str(tmp_path / "text"))
    git(server, "update-ref", claim_ref(TAG), blob)
    with pytest.raises(TagClaimed, match="for an unknown image by"):
        refs.claim(TAG, "sha256:aa")


def test_a_server_that_refuses_the_ref_is_quoted(refs: PublishedRefs, server: Path) -> None:
    hook(server, "pre-receive", "echo only branches here; exit 1")
    with pytest.raises(PushRefused, match="only branches here"):
        refs.claim(TAG, "sha256:aa")
    assert claimed(server) == []


def test_a_server_that_is_away_can_be_retried(refs: PublishedRefs) -> None:
    git(refs.origin.checkout, "remote", "set-url", "origin", "git://127.0.0.1:1/none")
    with pytest.raises(GitUnavailable):
        refs.claim(TAG, "sha256:aa")


def race(server: Path, folder: Path, act: Callable[[Origin, int], bool]) -> list[int]:
    """Let 16 checkouts *act* at the same moment; return the numbers of those that won."""
    origins = [checkout(server, folder / f"writer-{n}") for n in range(WRITERS)]
    with ThreadPoolExecutor(WRITERS) as pool:
        won = list(pool.map(act, origins, range(WRITERS)))
    return [number for number, one in enumerate(won) if one]


def claim_own(origin: Origin, number: int) -> bool:
    try:
        PublishedRefs(origin).claim(TAG, f"sha256:{number}")
    except TagClaimed:
        return False
    return True


def test_of_16_writers_of_different_images_one_has_the_claim(
    server: Path, tmp_path: Path
) -> None:
    (winner,) = race(server, tmp_path, claim_own)
    assert f'"sha256:{winner}"' in git(server, "cat-file", "blob", claim_ref(TAG))


def test_of_16_writers_of_two_images_all_of_one_image_go_on(
    server: Path, tmp_path: Path
) -> None:
    won = race(server, tmp_path, lambda origin, number: claim_own(origin, number % 2))
    assert len(won) == WRITERS // 2
    assert len({number % 2 for number in won}) == 1


def test_of_16_proposals_under_one_name_one_becomes_the_branch(
    server: Path, tmp_path: Path
) -> None:
    commits: dict[int, str] = {}

    def propose(origin: Origin, number: int) -> bool:
        tree = git(origin.checkout, "write-tree")
        commits[number] = git(origin.checkout, "commit-tree", tree, "-m", f"proposal {number}")
        return origin.create(commits[number], "ship/bases-1-0123456789", ())

    (winner,) = race(server, tmp_path, propose)
    assert git(server, "rev-parse", "ship/bases-1-0123456789") == commits[winner]
