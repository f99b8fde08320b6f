"""What ``git archive`` would tell of a commit, for backends that ask git for a version."""

from __future__ import annotations

from datetime import datetime

from ..errors import RepositoryError
from .git_command import Place, git

_VERSIONS, _DIGITS = "*[0-9]*", 10
_WHOLE = (
    "fetch all of the history and its tags: git fetch --unshallow --tags, and in Buildbot no "
    "shallow in the option git"
)
_WHOLE_MODULE = (
    "fetch all of its history and its tags: git -C {path} fetch --unshallow --tags, and take "
    "shallow out of .gitmodules"
)


def archival(place: Place, commit: str, committed: datetime, module: str = "") -> bytes:
    """Return the ``.git_archival.txt`` of *commit*, as ``git archive`` would fill it in.

    See https://setuptools-scm.readthedocs.io/en/stable/usage/#git-archives.  Which tags are
    those of versions, and what stands for none, is setuptools-scm's word, so that its
    versions are those of a checkout.  *module* is the path of the submodule that the commit is
    of.  Raises RepositoryError.
    """
    what = f"the version of commit {commit}" + (f" of the submodule {module}" if module else "")
    if git(place, what, "rev-parse", "--is-shallow-repository") == b"true\n":
        hint = _WHOLE_MODULE.format(path=module) if module else _WHOLE
        raise RepositoryError(what, "this clone is shallow, and may lack its tag", hint)
    options = ("--tags", "--long", "--always", "--abbrev=40", f"--match={_VERSIONS}")
    said = git(place, what, "describe", *options, commit).decode().strip()
    after = said.removesuffix(commit)
    if not after:
        count = git(place, what, "rev-list", "--count", commit)
        after = f"0.0-{int(count)}-g"
    lines = (
        f"node: {commit}",
        f"node-date: {committed.isoformat()}",
        f"describe-name: {after}{commit[:_DIGITS]}",
    )
    return "".join(f"{line}\n" for line in lines).encode()
