"""A git repository that knows the history of the commit, but holds no contents of files.

Build backends run git in it to learn the version.  For git, all files of the commit are
unchanged, those that are not here too, and there are no others.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

from job import EPOCH, Failed

STAND_IN = "the build backends"
SHA256 = 64
"""Digits of a name in a repository with ``objectFormat`` sha256."""
NO_GIT = "{} learns its version from git, but the build base has no git"
ADD_GIT = (
    "derive a build base that has it (DeriveBase, with RUN apt-get install -y git), or use "
    "setuptools-scm, which needs no git here"
)


def create_repository(title: str, repository: dict[str, Any], job: Path, tree: Path) -> None:
    """Create the ``.git`` of the package *title*, below *tree*; raise Failed without git.

    *repository*: ``{"pack": FILE, "top": FOLDER, "commit", "tags": {NAME: OBJECT}}``.  *top* is
    the path below *tree* of the repository or submodule that has the commit.
    """
    if shutil.which("git") is None:
        raise Failed(NO_GIT.format(title), ADD_GIT)
    top, commit = tree / repository["top"], repository["commit"]
    kind = ["--object-format=sha256"] if len(commit) == SHA256 else []
    run(title, "init", "--quiet", *kind, str(top))
    with (job / repository["pack"]).open("rb") as pack:
        run(title, "-C", str(top), "index-pack", "--stdin", pack=pack)
    refs = (f"{name} refs/tags/{tag}\n" for tag, name in sorted(repository["tags"].items()))
    (top / ".git" / "packed-refs").write_bytes(os.fsencode("".join(refs)))
    (top / ".git" / "HEAD").write_text(f"{commit}\n")
    run(title, "-C", str(top), "config", "status.showUntrackedFiles", "no")
    run(title, "-C", str(top), "read-tree", "HEAD")
    listed = run(title, "-C", str(top), "ls-files", "-z")
    unchanged = ("update-index", "-z", "--assume-unchanged", "--stdin")
    run(title, "-C", str(top), *unchanged, text=listed)


def create_stand_in(tree: Path, files: Iterable[Path]) -> None:
    """Create a repository of one commit of *files* with a tag, if there is a git.

    For backends that need some version, while only their requirements are wanted.
    """
    if shutil.which("git") is None:
        return
    where = ("-C", str(tree))
    run(STAND_IN, "init", "--quiet", str(tree))
    run(STAND_IN, *where, "config", "status.showUntrackedFiles", "no")
    author = ("-c", "user.name=buildbot-ship", "-c", "user.email=")
    # versioningit refuses a folder of which git knows no file.
    run(STAND_IN, *where, "add", "--force", "--", *map(str, files))
    run(STAND_IN, *where, *author, "commit", "--quiet", "--message=project files")
    run(STAND_IN, *where, "tag", "v0.0.0")


def run(title: str, *arguments: str, text: bytes = b"", pack: IO[bytes] | None = None) -> bytes:
    """Run git with *text* or a *pack* as input; return its output.  Raises Failed."""
    environ = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    # The same files are the same commit, at any time.
    environ |= dict.fromkeys(("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"), f"{EPOCH} +0000")
    with tempfile.TemporaryFile() as typed:
        typed.write(text)
        typed.seek(0)
        done = subprocess.run(
            ["git", *arguments],
            stdin=pack or typed,
            capture_output=True,
            check=False,
            env=environ,
        )
    if done.returncode:
        why = (done.stderr.decode("utf-8", "replace").strip().splitlines() or ["no reason"])[-1]
        raise Failed(f"git cannot describe the commit to {title}: {why}")
    return bytes(done.stdout)
