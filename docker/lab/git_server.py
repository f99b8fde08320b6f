"""A `git daemon` with bare repositories, and the developer who pushes to them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError
from lab.ports import LOOPBACK, free_port, listens
from lab.processes import Process
from lab.runs import Run

BRANCH = "main"
DEVELOPER = {
    "GIT_AUTHOR_NAME": "Dana Developer",
    "GIT_AUTHOR_EMAIL": "dana@example.com",
    "GIT_COMMITTER_NAME": "Dana Developer",
    "GIT_COMMITTER_EMAIL": "dana@example.com",
    # Ignore the machine's git configuration, for example signing or hooks.
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}


def git(folder: Path, *arguments: str, env: Mapping[str, str] | None = None) -> str:
    """Run git as the developer; return its output, stripped."""
    inherited = {name: value for name, value in os.environ.items() if name[:4] != "GIT_"}
    done = subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env=inherited | DEVELOPER | dict(env or {}),
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise LabError(f"git {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout.strip()


@dataclass(frozen=True)
class Developer:
    """A working tree, and the repository to which it pushes its commits."""

    tree: Path
    repository: Path

    def write(self, files: Mapping[str, str | bytes]) -> None:
        """Write files into the working tree."""
        for name, content in files.items():
            path = self.tree / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)

    def commit(self, message: str, *, when: str | None = None) -> str:
        """Commit the whole tree and return its hash; `when` sets the author and commit date."""
        dates = {} if when is None else {"GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when}
        git(self.tree, "add", "--all")
        git(self.tree, "commit", "--quiet", "--message", message, env=dates)
        return git(self.tree, "rev-parse", "HEAD")

    def squash(self, message: str, base: str = BRANCH) -> str:
        """Squash all commits since the last push of a branch into one; return its hash."""
        pushed = git(self.repository, "rev-parse", f"refs/heads/{base}")
        git(self.tree, "reset", "--soft", pushed)
        return self.commit(message)

    def push(self, branch: str = BRANCH) -> None:
        """Push HEAD to a branch."""
        git(self.tree, "push", "--quiet", str(self.repository), f"HEAD:refs/heads/{branch}")


def make_repository(bare: Path, tree: Path) -> Developer:
    """Create an empty bare repository and a working tree for it."""
    for folder, options in ((bare, ["--bare"]), (tree, [])):
        folder.mkdir(parents=True)
        git(folder, "init", "--quiet", f"--initial-branch={BRANCH}", *options)
    return Developer(tree, bare)


@dataclass(frozen=True)
class GitServer:
    """A server for the bare repositories in one folder, on loopback, without a login."""

    folder: Path
    port: int
    process: Process

    @classmethod
    def start(cls, run: Run, preferred: int = 0) -> GitServer:
        """Start `git daemon` for this run."""
        folder, port = run.folder / "git", free_port(preferred)
        folder.mkdir(exist_ok=True)
        argv = ["git", "daemon", "--reuseaddr", "--export-all", f"--base-path={folder}"]
        argv += [f"--listen={LOOPBACK}", f"--port={port}", str(folder)]
        # A run may have several: each name has one record.
        process = Process.start(f"git-daemon-{port}", argv, run.folder)
        process.wait_until(lambda: listens(port), 20.0)
        return cls(folder, port, process)

    def url(self, name: str) -> str:
        """Return a repository's URL."""
        return f"git://{LOOPBACK}:{self.port}/{name}"

    def repository(self, name: str) -> Developer:
        """Create an empty repository and a working tree for it."""
        return make_repository(self.folder / name, self.folder.parent / f"{name}.tree")
