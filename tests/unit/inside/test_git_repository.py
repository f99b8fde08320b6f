"""What git says in the repository that a build gets."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from buildbot_ship.source.git_tree import GitTree
from tests.scripts import scripts_folder

INSIDE = scripts_folder()
RUN = """\
import json, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from git_repository import create_repository, create_stand_in
from job import Failed
fields, job, tree = json.loads(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4])
try:
    create_repository("package lib", fields, job, tree) if fields else create_stand_in(
        tree, [tree / "setup.py"])
except Failed as failed:
    print(failed.why, failed.hint)
"""


def git(folder: Path, *words: str) -> str:
    names = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "protocol.file.allow=always")
    argv = ["git", *names, "-C", str(folder), *words]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()


def repository(folder: Path, *options: str) -> Path:
    """Return a repository of four files, a release, and a commit after it."""
    (folder / "lib" / "src").mkdir(parents=True)
    git(folder, "init", "-q", "-b", "master", *options)
    for path in ("top.txt", "lib/setup.py", "lib/src/a.py", "odd \n\udce9"):
        (folder / path).write_text("one\n")
    git(folder, "add", "--all")
    git(folder, "commit", "-qm", "one")
    git(folder, "tag", "-a", "v1.2.0", "-m", "the release")
    git(folder, "tag", "-a", "again", "v1.2.0", "-m", "a tag of a tag")
    (folder / "lib" / "src" / "b.py").write_text("two\n")
    git(folder, "add", "--all")
    git(folder, "commit", "-qm", "two")
    return folder


def build(source: Path, folder: str, out: Path, path: str = "") -> str:
    """Copy the package in *folder* to *out*/tree and give it the history of HEAD."""
    tree = GitTree.resolve(source, "HEAD")
    history = tree.history(folder)
    job = out / "job"
    job.mkdir(parents=True)
    history.write_pack(job / "pack")
    shutil.copytree(
        source / folder, out / "tree" / folder, ignore=shutil.ignore_patterns(".git")
    )
    fields = {"pack": "pack", "top": history.top, "commit": history.commit}
    return run({**fields, "tags": dict(history.tags)}, job, out / "tree", path)


def run(fields: object, job: Path, tree: Path, path: str = "") -> str:
    argv = [sys.executable, "-c", RUN, str(INSIDE), json.dumps(fields), str(job), str(tree)]
    environ = {"PATH": path} if path else None
    done = subprocess.run(argv, capture_output=True, text=True, check=True, env=environ)
    return done.stdout


@pytest.mark.parametrize("options", [(), ("--object-format=sha256",)])
def test_git_says_what_it_says_in_a_clean_checkout(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    source = repository(tmp_path / "source", *options)
    # Neither what is newer than the commit, nor what belongs to another branch.
    git(source, "checkout", "-qb", "other")
    git(source, "commit", "-qm", "three", "--allow-empty")
    git(source, "tag", "v9")
    git(source, "checkout", "-q", "--detach", "HEAD~1")
    git(source, "branch", "-qD", "master")
    assert build(source, "lib", tmp_path / "out") == ""
    package = tmp_path / "out" / "tree" / "lib"
    (package / "src" / "_version.py").write_text("written by a build\n")
    for question in (
        ("describe", "--tags", "--dirty", "--always", "--long", "--match", "v[0-9]*"),
        ("describe", "--exact-match", "HEAD~1"),
        ("rev-parse", "HEAD", "HEAD~1", "HEAD^{tree}", "--show-prefix"),
        ("log", "--decorate=full", "--format=%h%x00%s%x00%d%x00%ci"),
        ("tag", "--list", "--merged", "HEAD"),
        ("status", "--porcelain"),
        ("ls-files",),
        ("rev-list", "--count", "HEAD"),
        ("log", "--simplify-by-decoration", "--topo-order", "--format=%H%d"),
    ):
        assert git(package, *question) == git(source / "lib", *question), question


def test_a_package_of_a_submodule_gets_the_history_of_the_submodule(tmp_path: Path) -> None:
    inner = repository(tmp_path / "inner")
    top = repository(tmp_path / "top")
    git(top, "submodule", "--quiet", "add", str(inner), "libs/sub")
    git(top, "commit", "-qm", "with a submodule")
    git(top, "tag", "v5")
    assert build(top, "libs/sub/lib", tmp_path / "out") == ""
    package = tmp_path / "out" / "tree" / "libs" / "sub" / "lib"
    assert git(package, "describe", "--dirty").startswith("again-1-g")
    assert not (tmp_path / "out" / "tree" / ".git").exists()


def test_a_base_without_git_is_named_with_the_remedy(tmp_path: Path) -> None:
    source = repository(tmp_path / "source")
    said = build(source, "lib", tmp_path / "out", path="/nowhere")
    assert said.startswith("package lib learns its version from git, but the build base has no")
    assert "RUN apt-get install -y git" in said


def test_who_only_wants_requirements_gets_any_version(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "setup.py").write_text("\n")
    (tmp_path / "tree" / "large.bin").write_text("not hashed\n")
    assert run(None, tmp_path, tmp_path / "tree") == ""
    described = git(tmp_path / "tree", "describe", "--tags", "--dirty", "--long")
    assert described.startswith("v0.0.0-0-g")
    assert git(tmp_path / "tree", "status", "--porcelain") == ""
    assert git(tmp_path / "tree", "ls-files") == "setup.py"


def test_the_same_files_are_the_same_commit_on_another_day(tmp_path: Path) -> None:
    commits = []
    for day in ("one", "two"):
        tree = tmp_path / day
        tree.mkdir()
        (tree / "setup.py").write_text("\n")
        assert run(None, tmp_path, tree) == ""
        commits.append(git(tree, "log", "--format=%H %ad %cd", "--date=format:%Y-%m-%d"))
    assert commits[0] == commits[1]
    assert commits[0].endswith(" 1980-01-01 1980-01-01")
