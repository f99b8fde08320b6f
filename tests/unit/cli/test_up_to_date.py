"""A repeated call is answered from its note, and imports nothing else."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest
from lab.git_server import git

from buildbot_ship.cli.arguments import read
from buildbot_ship.cli.last_build import note_published
from buildbot_ship.cli.up_to_date import repeated_summary, write_note
from buildbot_ship.model.reference import digest_of
from buildbot_ship.model.request import (
    BuildRequest,
    ImageRequest,
    PexRequest,
    PushRequest,
    WheelsRequest,
)
from buildbot_ship.model.result import SUCCESS, Result
from tests.fakes.http import Response, Server, serving
from tests.unit.cli.test_imports import LINE

CALL = ["build", "--image", "app", "--to", "registry/team"]
DIGEST = digest_of(b"manifest")
HELD = Response(headers={"Docker-Content-Digest": DIGEST})


@attrs.define
class Place:
    """A repository of one commit, with a registry that has its image."""

    folder: Path
    server: Server
    commit: str

    @property
    def summary(self) -> str:
        """Return what a repeated call prints."""
        image = f"app: {self.server.address}/team/app:{self.commit}@{DIGEST}"
        return f"{image}\nbuild: 1 image already published: app"

    def ship(self) -> None:
        """Leave the note of a build that published."""
        asked = BuildRequest(
            WheelsRequest(),
            (PexRequest("app.pex", ("app",)),),
            (ImageRequest("app"),),
            (PushRequest("app", f"{self.server.address}/team/app"),),
        )
        pushed = {"reference": f"{self.server.address}/team/app:{self.commit}"}
        properties = {"ship_pushed_app": {**pushed, "digest": DIGEST}}
        note_published(CALL, asked, Result("build", SUCCESS, "done", properties=properties))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    folder = tmp_path / "tree"
    folder.mkdir()
    git(folder, "init", "--quiet")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "one")
    (tmp_path / "tree.ship").mkdir()
    monkeypatch.chdir(folder)
    with serving() as server:
        server.respond = lambda asked: HELD
        place = Place(folder, server, git(folder, "rev-parse", "HEAD"))
        place.ship()
        yield place


def test_a_repeated_call_checks_each_tag_once(place: Place) -> None:
    assert repeated_summary(CALL) == place.summary
    assert place.server.lines == [f"HEAD /v2/team/app/manifests/{place.commit}"]
    assert "manifest" in place.server.requests[0].headers["Accept"]


def test_it_ends_well_and_imports_nothing_else_of_ours(place: Place) -> None:
    argv = [sys.executable, "-I", "-X", "importtime", "-m", "buildbot_ship", *CALL]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert done.stdout == f"{place.summary}\n"
    ours = {name for name in LINE.findall(done.stderr) if name.startswith("buildbot_ship.")}
    known = {"cli", "cli.up_to_date", "source", "source.uncommitted"}
    assert ours == {f"buildbot_ship.{name}" for name in known}


def test_it_says_which_files_are_not_committed(place: Place) -> None:
    (place.folder / "new.py").write_text("new\n")
    assert repeated_summary(CALL) == (
        f"warning: 1 uncommitted file is not in commit {place.commit[:12]}, "
        f"which buildbot-ship reads: new.py (untracked)\n{place.summary}"
    )


@pytest.mark.parametrize(
    "said",
    [
        Response(404),
        Response(401, headers={"Docker-Content-Digest": DIGEST}),
        Response(headers={"Docker-Content-Digest": digest_of(b"another")}),
        Response(),
        Response(cut=0, body=b"x"),
    ],
)
def test_any_other_answer_goes_the_long_way(place: Place, said: Response) -> None:
    place.server.respond = lambda asked: said
    assert repeated_summary(CALL) is None


def test_a_registry_that_is_not_there_goes_the_long_way(place: Place) -> None:
    tag = {"url": "http://127.0.0.1:1/v2/a/manifests/b", "accept": "", "digest": DIGEST}
    write_note(CALL, place.commit, "build: 1 image already published: app", [tag])
    assert repeated_summary(CALL) is None


@pytest.mark.parametrize(
    "other",
    [
        [*CALL, "--no-cache"],
        [*CALL, "--revision", "HEAD~1"],
        [*CALL, "--revision=HEAD~1"],
        [*CALL, "--checkout", "other"],
        [*CALL, "--work", "other"],
        [*CALL, "--json"],
        [*CALL, "--result", "file"],
        ["find", *CALL[1:]],
        [],
    ],
)
def test_a_call_that_asks_for_more_is_never_noted(place: Place, other: list[str]) -> None:
    write_note(other, place.commit, "said", [])
    assert repeated_summary(other) is None


@pytest.mark.parametrize("short", ["--no-c", "--rev=HEAD~1", "--ch=other"])
def test_an_option_that_asks_for_more_has_one_name(
    short: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        read([*CALL, "--pex", "app.pex=app", short], {})
    assert f"unrecognized arguments: {short}" in capsys.readouterr().err


def test_other_arguments_are_another_call(place: Place) -> None:
    assert repeated_summary([*CALL, "--image", "other"]) is None


def test_another_commit_is_not_known(place: Place) -> None:
    git(place.folder, "commit", "--quiet", "--allow-empty", "--message", "two")
    assert repeated_summary(CALL) is None
    assert place.server.requests == []


def test_another_folder_is_not_known(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    (place.folder.parent / "other.ship").mkdir()
    other = place.folder.parent / "other"
    git(place.folder.parent, "clone", "--quiet", str(place.folder), str(other))
    monkeypatch.chdir(other)
    assert repeated_summary(CALL) is None


def test_a_note_that_nobody_can_read_is_none(place: Place) -> None:
    (note,) = (place.folder.parent / "tree.ship").iterdir()
    for text in ("", "[]", "{}", '{"commit": 1}', "\0"):
        note.write_text(text)
        assert repeated_summary(CALL) is None


def test_a_note_that_cannot_be_written_is_no_fault(place: Place) -> None:
    shutil.rmtree(place.folder.parent / "tree.ship")
    place.ship()
    assert repeated_summary(CALL) is None


def test_what_was_published_nowhere_is_not_noted(place: Place) -> None:
    asked = BuildRequest(
        WheelsRequest(), (PexRequest("app.pex", ("app",)),), (ImageRequest("app"),)
    )
    note_published(["build"], asked, Result("build", SUCCESS, "done"))
    assert repeated_summary(["build"]) is None
