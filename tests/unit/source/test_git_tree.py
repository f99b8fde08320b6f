from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime
from email import message_from_bytes
from pathlib import Path
from typing import Any

import attrs
import lab.git_server
import pytest

from buildbot_ship.errors import FileMissing, InvalidFile, RepositoryError
from buildbot_ship.model.application.repack_plan import survey
from buildbot_ship.source.checkout import Checkout
from buildbot_ship.source.git_command import fault_of
from buildbot_ship.source.git_tree import GitTree
from buildbot_ship.source.interface import TreeEntry, TreeFile, read_text, required
from buildbot_ship.verbs.shared.own_packages import digest_of_files, list_build_files

MOMENT = {"GIT_COMMITTER_DATE": "1700000000 +0100"}


def git(folder: Path, *arguments: str) -> str:
    return lab.git_server.git(folder, *arguments, env=MOMENT)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q", "-b", "main")
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.py").write_text("a = 1\n")
    (tmp_path / "src" / "run").write_text("#!\n")
    (tmp_path / "src" / "run").chmod(0o755)
    (tmp_path / "src-other").write_text("no\n")
    (tmp_path / "link").symlink_to("/etc/passwd")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "one")
    return tmp_path


def test_the_tree_is_the_commit_not_the_working_directory(repository: Path) -> None:
    (repository / "src" / "a.py").write_text("changed\n")
    (repository / "src" / "new.py").write_text("new\n")
    tree = GitTree.resolve(repository, "main")
    assert tree.commit == git(repository, "rev-parse", "HEAD")
    assert tree.committed == datetime.fromtimestamp(1700000000, UTC)
    assert dict(tree.files("src")) == {
        "a.py": TreeFile(b"a = 1\n"),
        "run": TreeFile(b"#!\n", executable=True),
    }
    assert [path for path, _ in tree.files(".")] == ["src-other", "src/a.py", "src/run"]


def test_a_link_or_a_folder_is_no_plain_file(repository: Path) -> None:
    tree = GitTree.resolve(repository, "HEAD")
    assert tree.read("link") is None
    assert tree.read("src") is None
    assert tree.read("absent") is None
    assert Checkout(repository).read("link") is None


def test_a_path_through_a_link_is_refused_with_the_link(repository: Path) -> None:
    (repository / "current").symlink_to("src")
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "link")
    tree = GitTree.resolve(repository, "HEAD")
    for place in (tree, Checkout(repository)):
        for name in ("current/a.py", "current"):
            with pytest.raises(FileMissing, match="where current is a link to src") as caught:
                list(place.files(name)) if name == "current" else place.read(name)
            assert caught.value.remedy == "name the folder itself, not a link to it"


def test_entries_are_files_and_links_with_their_bytes_unread(repository: Path) -> None:
    tree = GitTree.resolve(repository, "HEAD")
    names = {path: entry.identity for path, entry in tree.entries()}
    assert len({*names.values()}) == len(names)
    assert {len(name) for name in names.values()} == {40}
    entries = tree.entries()
    assert {path: attrs.evolve(entry, identity="") for path, entry in entries} == {
        "link": TreeEntry(len("/etc/passwd"), target="/etc/passwd"),
        "src-other": TreeEntry(3),
        "src/a.py": TreeEntry(6),
        "src/run": TreeEntry(3, executable=True),
    }


def description(repository: Path, revision: str) -> str:
    return told(repository, revision)["describe-name"]


def told(repository: Path, revision: str) -> dict[str, str]:
    message = message_from_bytes(GitTree.resolve(repository, revision).history(".").description)
    return dict(message.items())


def test_a_commit_is_described_by_the_nearest_tag_of_a_version(repository: Path) -> None:
    first = git(repository, "rev-parse", "HEAD")
    git(repository, "tag", "deployed")
    assert description(repository, "HEAD") == f"0.0-1-g{first[:10]}"
    git(repository, "tag", "v1.2-rc-1")
    git(repository, "commit", "-qm", "two", "--allow-empty")
    second = git(repository, "rev-parse", "HEAD")
    assert told(repository, "HEAD") == {
        "node": second,
        "node-date": "2023-11-14T22:13:20+00:00",
        "describe-name": f"v1.2-rc-1-1-g{second[:10]}",
    }
    assert description(repository, first) == f"v1.2-rc-1-0-g{first[:10]}"


def test_a_clone_that_may_lack_the_tag_describes_nothing(
    repository: Path, tmp_path: Path
) -> None:
    git(repository, "tag", "v1")
    git(repository, "commit", "-qm", "two", "--allow-empty")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--depth=1", repository.as_uri(), str(clone))
    with pytest.raises(RepositoryError, match="this clone is shallow") as caught:
        _ = GitTree.resolve(clone, "HEAD").history(".").description
    assert "git fetch --unshallow --tags" in caught.value.remedy


def test_many_files_take_few_processes(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(50):
        (repository / f"file-{number}").write_text(f"{number}\n")
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "many")
    started: list[object] = []
    popen = subprocess.Popen

    def start(*arguments: Any, **options: Any) -> subprocess.Popen[bytes]:
        started.append(arguments)
        return popen(*arguments, **options)

    monkeypatch.setattr(subprocess, "Popen", start)
    tree = GitTree.resolve(repository, "HEAD")
    names = [path for path, _ in tree.entries() if path.startswith("file-")]
    assert [tree.read(name) for name in names] == [
        TreeFile(f"{name.removeprefix('file-')}\n".encode()) for name in names
    ]
    assert len(names) == 50
    assert len(dict(tree.files("."))) > 50
    assert tree.committed.timestamp() == 1700000000
    # One ls-tree, and one cat-file, for the commit too.
    assert len(started) == 2


def test_the_time_of_a_commit_is_its_committers(repository: Path) -> None:
    message = "one\n\ncommitter A <a@b.c> 7 +0000\n"
    date = "--date=1600000000 +0000"
    git(repository, "commit", "-q", "--allow-empty", date, "-m", message)
    git(repository, "tag", "-a", "-m", message, "v1")
    trees = [GitTree.resolve(repository, name) for name in ("HEAD", "v1")]
    for tree in (*trees, GitTree(repository, trees[0].commit)):
        assert tree.commit == trees[0].commit
        assert tree.committed.timestamp() == 1700000000


def test_names_may_be_any_bytes(repository: Path) -> None:
    odd = b'src/caf\xe9\n"x".dat'
    path = os.path.join(os.fsencode(repository), odd)
    with open(path, "wb") as file:
        file.write(b"odd\n")
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "odd")
    tree, name = GitTree.resolve(repository, "HEAD"), os.fsdecode(odd)
    assert required(tree, name) == b"odd\n"
    assert dict(tree.files("src"))[name.removeprefix("src/")].data == b"odd\n"
    seen = list(list_build_files(tree, "src"))
    assert name.removeprefix("src/") in [file.path for file in seen]
    assert len({digest_of_files(seen), digest_of_files(seen[1:]), survey(seen, ()).shape}) == 3
    assert str(FileMissing(name, "the tree")) == 'src/caf\\udce9 "x".dat is not in the tree'


def test_a_repository_with_sha256_names_is_read(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--object-format=sha256")
    (tmp_path / "a").write_text("a\n")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "one")
    tree = GitTree.resolve(tmp_path, "HEAD")
    assert len(tree.commit) == 64
    assert [len(entry.identity) for _, entry in tree.entries()] == [64]
    assert required(tree, "a") == b"a\n"
    assert told(tmp_path, "HEAD")["node"] == tree.commit


def test_objects_may_lie_in_another_repository(repository: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    git(tmp_path, "clone", "-q", "--shared", str(repository), str(other))
    assert not list((other / ".git" / "objects").glob("??"))
    assert required(GitTree.resolve(other, "HEAD"), "src/a.py") == b"a = 1\n"


def test_the_bytes_are_those_that_git_stores(repository: Path) -> None:
    rules = "*.txt text eol=crlf\n*.py export-ignore\nid export-subst\n*.bin -text\n"
    (repository / ".gitattributes").write_text(rules)
    (repository / "id").write_text("$Format:%H$\n")
    for name in ("a.txt", "b.bin"):
        (repository / name).write_bytes(b"x\r\n")
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "rules")
    (repository / "new.txt").write_bytes(b"x\r\n")
    tree, checkout = GitTree.resolve(repository, "HEAD"), Checkout(repository)
    assert required(tree, "a.txt") == b"x\n"
    assert required(tree, "b.bin") == b"x\r\n"
    assert required(tree, "id") == b"$Format:%H$\n"
    assert required(tree, "src/a.py") == b"a = 1\n"
    # What is hardened from the working directory has the digest that the commit will have.
    assert required(checkout, "a.txt") == required(checkout, "new.txt") == b"x\n"
    assert required(checkout, "b.bin") == b"x\r\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_checkout_may_belong_to_another_user(repository: Path) -> None:
    for path in (repository, repository / ".git"):
        os.chown(path, 65534, 65534)
    assert required(GitTree.resolve(repository, "HEAD"), "src/a.py") == b"a = 1\n"
    assert "a.py" in dict(Checkout(repository).files("src"))


def test_where_git_refuses_a_checkout_of_another_user_the_remedy_is_named(
    repository: Path,
) -> None:
    variables = os.environ | {"GIT_TEST_ASSUME_DIFFERENT_OWNER": "1"}
    command = ["git", "-C", str(repository), "status"]
    done = subprocess.run(command, env=variables, capture_output=True, check=False, text=True)
    fault = fault_of("revision 'HEAD'", done.stderr)
    assert str(fault) == "revision 'HEAD': git refuses a checkout of another user"
    assert "git config --global --add safe.directory FOLDER" in fault.remedy


def test_a_blob_that_git_lost_is_named(repository: Path) -> None:
    name = git(repository, "rev-parse", "HEAD:src/a.py")
    (repository / ".git" / "objects" / name[:2] / name[2:]).unlink()
    tree = GitTree.resolve(repository, "HEAD")
    with pytest.raises(RepositoryError, match=r"src/a\.py"):
        tree.read("src/a.py")


@pytest.mark.parametrize("revision", ["nowhere", "HEAD:src/a.py", "--help"])
def test_what_is_no_commit_is_refused(repository: Path, revision: str) -> None:
    with pytest.raises(RepositoryError, match="git checkout|revision"):
        GitTree.resolve(repository, revision)


def test_a_folder_without_files_is_refused(repository: Path) -> None:
    with pytest.raises(RepositoryError, match="folder lib"):
        list(GitTree.resolve(repository, "HEAD").files("lib"))


def test_no_repository_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(RepositoryError):
        GitTree.resolve(tmp_path, "HEAD")


def test_the_checkout_is_what_people_edit(repository: Path) -> None:
    (repository / ".gitignore").write_text("*.log\n")
    (repository / "src" / "a.py").write_text("a = 2\n")
    (repository / "src" / "x.log").write_text("no\n")
    checkout = Checkout(repository)
    assert dict(checkout.files("src"))["a.py"] == TreeFile(b"a = 2\n")
    assert "x.log" not in dict(checkout.files("src"))
    checkout.write({"src/new.txt": "hello\n"})
    assert (repository / "src" / "new.txt").read_text() == "hello\n"


def test_nothing_is_written_through_a_link_out_of_the_checkout(
    repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (repository / "out").symlink_to(outside)
    with pytest.raises(FileMissing):
        Checkout(repository).write({"out/x": "x"})
    assert list(outside.iterdir()) == []


def test_required_files_are_named_when_they_are_missing(repository: Path) -> None:
    tree = GitTree.resolve(repository, "HEAD")
    assert required(tree, "src/a.py") == b"a = 1\n"
    assert read_text(tree, "absent") == ""
    with pytest.raises(FileMissing, match="absent is not in the repository"):
        required(tree, "absent")


def test_a_file_in_another_encoding_is_refused(repository: Path) -> None:
    (repository / "bad.txt").write_bytes(b"ok\n\xff\n")
    with pytest.raises(InvalidFile, match="bad.txt:2"):
        read_text(Checkout(repository), "bad.txt")
