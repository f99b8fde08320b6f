"""Write ``.git_archival.txt`` for build backends that take the version from git."""

from __future__ import annotations

from datetime import datetime

from ..errors import RepositoryError
from .git_command import Place, git

_VERSIONS, _DIGITS = "*[0-9]*", 10
_WHOLE = (
    "fetch the whole history with its tags: git fetch --unshallow --tags; in Buildbot, remove "
    "shallow from the option git"
)
_WHOLE_MODULE = (
    "fetch its whole history with its tags: git -C {path} fetch --unshallow --tags; remove "
    "shallow from .gitmodules"
)


def archival(place: Place, commit: str, committed: datetime, module: str = "") -> bytes:
    """Return the ``.git_archival.txt`` of *commit*, as ``git archive`` would write it.

    The format is https://setuptools-scm.readthedocs.io/en/stable/usage/#git-archives.  Version
    tags are matched as setuptools-scm does, so versions are the same as in a checkout.
    *module* is the path of the submodule that has the commit, if any.  Raises RepositoryError
    for a shallow clone.
    """
    what = f"the version of commit {commit}" + (f" of the submodule {module}" if module else "")
    if git(place, what, "rev-parse", "--is-shallow-repository") == b"true\n":
        hint = _WHOLE_MODULE.format(path=module) if module else _WHOLE
        raise RepositoryError(what, "this clone is shallow, and may lack its tag", hint)
    options = ("--tags", "--long", "--always", "--abbrev=40", f"--match={_VERSIONS}")
    description = git(place, what, "describe", *options, commit).decode().strip()
    prefix = description.removesuffix(commit)
    if not prefix:
        count = git(place, what, "rev-list", "--count", commit)
        prefix = f"0.0-{int(count)}-g"
    lines = (
        f"node: {commit}",
        f"node-date: {committed.isoformat()}",
        f"describe-name: {prefix}{commit[:_DIGITS]}",
    )
    return "".join(f"{line}\n" for line in lines).encode()
