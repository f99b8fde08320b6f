"""The git server: list, fetch and create branches, with errors that have a remedy.

Git gets logins as files that only this user can read.  They are deleted after the call.  Logins
are never in arguments, in the environment, or in the configuration of the checkout.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlsplit

import attrs

from ..errors import GitForbidden, GitUnavailable, PushRefused, RepositoryError
from ..model.request.settings import Credential
from .git_command import git, git_command

_SCP = re.compile(r"(?:[^/@:]+@)?([^/:]+):(?!//)")
_FORBIDDEN = (
    "Authentication failed",
    "Permission denied",
    "Host key verification failed",
    "could not read Username",
    "could not read Password",
    "returned error: 401",
    "returned error: 403",
    "access denied",
)
_UNAVAILABLE = (
    "Could not resolve host",
    "Connection refused",
    "Connection timed out",
    "Connection reset",
    "Failed to connect",
    "unable to connect",
    "returned error: 5",
    "No route to host",
    "early EOF",
)
_REJECTED = re.compile(r"^!\t\S+\t\[(.+?)\](?: \((.+)\))?", re.M)
_SAME = re.compile(r"^=\t", re.M)
_REMOTE = re.compile(r"^remote: ?(.*?)\s*$", re.M)
_MAY_NOT_PUSH = (
    "use the credentials of a user who may create branches there (a user and a password, or a "
    "private key for ssh), or allow it to this user"
)
_NO_OPTIONS = "the receiving end does not support push options"


@attrs.frozen
class Origin:
    """The repository *remote* (a name or a URL) on its git server, for a local *checkout*."""

    checkout: Path
    remote: str
    credentials: tuple[Credential, ...] = attrs.field(default=(), repr=False)
    known_hosts: str = ""

    @property
    def host(self) -> str:
        """Return the host of the server, with its port if the URL has one."""
        url = self._url()
        if "://" in url:
            return urlsplit(url).netloc.rpartition("@")[2] or "this machine"
        scp = _SCP.match(url)
        return scp[1] if scp else "this machine"

    def branches(self, *names: str) -> dict[str, str]:
        """Return commits by branch, for the branches that match the patterns *names*."""
        refs = [f"refs/heads/{name}" for name in names]
        output = self._run("list its branches", "ls-remote", "--", self.remote, *refs)
        pairs = (line.split("\t") for line in output.splitlines())
        return {ref.removeprefix("refs/heads/"): commit for commit, ref in pairs}

    def fetch(self, commit: str, branch: str) -> None:
        """Fetch *branch* if its *commit* is not in the local repository."""
        if not self._has(commit):
            ref = f"refs/heads/{branch}"
            self._run(
                f"send the branch {branch}", "fetch", "-q", "--no-tags", "--", self.remote, ref
            )

    def create(self, commit: str, branch: str, options: Sequence[str]) -> bool:
        """Push *commit* as a new branch; return False if the branch exists already.

        An existing branch is never moved.  Raises PushRefused.
        """
        words = [word for option in options for word in ("-o", option)]
        return self._push(commit, f"refs/heads/{branch}", branch, "", words)

    def create_ref(self, name: str, ref: str, *, instead_of: str = "") -> bool:
        """Push the object *name* as the new *ref*; return False if the ref exists already.

        With *instead_of*, replace the ref if it is that object, and return False if not.
        Raises PushRefused.
        """
        return self._push(name, ref, ref, instead_of, ())

    def find_ref(self, ref: str) -> str | None:
        """Return the object ID of *ref*, None if the server has no such ref."""
        output = self._run("list its refs", "ls-remote", "--", self.remote, ref)
        found = (line.split("\t") for line in output.splitlines())
        return next((name for name, known in found if known == ref), None)

    def fetch_ref(self, ref: str) -> None:
        """Fetch the object that *ref* names."""
        self._run(f"send the ref {ref}", "fetch", "-q", "--no-tags", "--", self.remote, ref)

    def _push(
        self, name: str, ref: str, branch: str, expected: str, options: Sequence[str]
    ) -> bool:
        """Push the object *name* as *ref* if that is *expected*; *branch* is for errors."""
        # The empty lease does not force anything: it requires that the ref does not exist.
        words = [*options, "--porcelain", "--no-verify", f"--force-with-lease={ref}:{expected}"]
        done = self._call("push", *words, "--", self.remote, f"{name}:{ref}")
        if done.returncode == 0:
            return not _SAME.search(done.stdout)
        rejected = _REJECTED.search(done.stdout)
        if rejected is not None:
            # The server words a lost race as it likes: look whether another writer has the ref.
            if rejected[1] == "rejected" or self.find_ref(ref) not in (None, expected):
                return False
            answer = " ".join(filter(None, _REMOTE.findall(done.stderr)))
            raise PushRefused(branch, answer or rejected[2] or rejected[1])
        if _NO_OPTIONS in done.stderr:
            hint = "remove push_options, or set receive.advertisePushOptions on the server"
            raise PushRefused(branch, _NO_OPTIONS, hint)
        fault = self._fault(f"accept the branch {branch}", done.stderr)
        raise (
            attrs.evolve(fault, hint=_MAY_NOT_PUSH)
            if isinstance(fault, GitForbidden)
            else fault
        )

    def _has(self, commit: str) -> bool:
        try:
            git(self.checkout, f"commit {commit}", "cat-file", "-e", commit)
        except RepositoryError:
            return False
        return True

    def _run(self, what: str, *arguments: str) -> str:
        done = self._call(*arguments)
        if done.returncode:
            raise self._fault(what, done.stderr)
        return done.stdout

    def _fault(self, what: str, stderr: str) -> Exception:
        """Return the error for the *stderr* of git, which could not do *what*."""
        lines = [line.strip() for line in stderr.splitlines() if line.strip()]
        why = lines[-1].removeprefix("fatal: ") if lines else "git wrote no message"
        if any(word.lower() in stderr.lower() for word in _FORBIDDEN):
            return GitForbidden(self.host, what)
        cause = next((line for line in lines if any(w in line for w in _UNAVAILABLE)), None)
        if cause is not None:
            return GitUnavailable(self.host, cause.removeprefix("fatal: "))
        return RepositoryError(f"the git server {self.host} cannot {what}", why)

    def _url(self) -> str:
        if "/" in self.remote or ":" in self.remote:
            return self.remote
        what = f"remote {self.remote}"
        url = git(self.checkout, what, "remote", "get-url", "--", self.remote)
        return os.fsdecode(url).strip()

    def _call(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        with self._login() as (settings, environment):
            no_hooks = ("-c", "core.hooksPath=/dev/null")
            return subprocess.run(
                git_command(self.checkout, *no_hooks, *settings, *arguments),
                env={**os.environ, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C", **environment},
                capture_output=True,
                stdin=subprocess.DEVNULL,
                text=True,
                errors="replace",
                check=False,
            )

    @contextmanager
    def _login(self) -> Iterator[tuple[list[str], dict[str, str]]]:
        """Yield the settings and environment variables with which git logs in."""
        host = self.host
        login = next((known for known in self.credentials if known.registry == host), None)
        with tempfile.TemporaryDirectory(prefix="buildbot-ship-") as name:
            folder = Path(name)
            if self._url().startswith(("http://", "https://")):
                yield _by_http(folder, self._url(), login), {}
            else:
                yield [], _by_ssh(folder, login, self.known_hosts)


def _by_http(folder: Path, url: str, login: Credential | None) -> list[str]:
    if login is None:
        return []
    user, password = (quote(text, safe="") for text in (login.username, login.password))
    scheme, host = urlsplit(url).scheme, login.registry
    store = _private(folder / "credentials", f"{scheme}://{user}:{password}@{host}\n")
    helper = f"credential.helper=store --file={store}"
    return [
        "-c",
        "credential.helper=",
        "-c",
        helper,
        "-c",
        f"credential.username={login.username}",
    ]


def _by_ssh(folder: Path, login: Credential | None, known_hosts: str) -> dict[str, str]:
    words = ["ssh", "-o", "BatchMode=yes"]
    if login is not None:
        key = _private(folder / "key", login.password.rstrip("\n") + "\n")
        words += ["-i", str(key), "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none"]
    if known_hosts:
        hosts = _private(folder / "known_hosts", known_hosts.rstrip("\n") + "\n")
        words += ["-o", f"UserKnownHostsFile={hosts}", "-o", "StrictHostKeyChecking=yes"]
    return {"GIT_SSH_COMMAND": " ".join(words)} if len(words) > 3 else {}


def _private(path: Path, text: str) -> Path:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    return path
