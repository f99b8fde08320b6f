"""Git LFS: find the content of files for which git has only a pointer.

The format of pointers is https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md.  A file
counts as Git LFS only if ``.gitattributes`` gives it the filter ``lfs``.  Other files may look
like pointers, for example test data.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import attrs

from ..errors import LfsMissing, LimitExceeded, RepositoryError
from ..model.reference import digest_of_stream
from .git_command import Place, git, git_dirs
from .tree_listing import Pointer

_EXTENDED = "its pointer has extensions, which buildbot-ship does not support"
MAX_READ = 1024**3
"""Limit of the size of one file, in bytes."""


def find_lfs_paths(place: Place, commit: str, paths: Sequence[str]) -> set[str]:
    """Return those of *paths* to which ``.gitattributes`` of *commit* give the filter ``lfs``.

    A temporary index is used: that of the checkout may differ, and stays unchanged.
    """
    what = "the attributes of the commit's files"
    with tempfile.TemporaryDirectory(prefix="buildbot-ship-") as folder:
        index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        git(place, what, "read-tree", commit, environment=index)
        return _check_attributes(place, what, ["--cached"], paths, index)


def is_lfs_path(checkout: Path, path: str) -> bool:
    """Return true if ``.gitattributes`` of the working directory give *path* the filter."""
    try:
        return path in _check_attributes(checkout, f"the attributes of {path}", [], [path], {})
    except RepositoryError:
        return False


def _check_attributes(
    place: Place, what: str, options: list[str], paths: Iterable[str], variables: dict[str, str]
) -> set[str]:
    # The git configuration of this machine must not count.
    arguments = ["-c", "core.attributesFile=/dev/null", "check-attr", "-z", "--stdin"]
    output = git(
        place,
        what,
        *arguments,
        *options,
        "filter",
        environment={"GIT_ATTR_NOSYSTEM": "1", **variables},
        stdin=b"".join(os.fsencode(path) + b"\0" for path in paths),
    )
    words = os.fsdecode(output).split("\0")
    return {
        path for path, value in zip(words[::3], words[2::3], strict=False) if value == "lfs"
    }


@attrs.define
class LfsStore:
    """The contents on this worker: objects that Git LFS fetched, and files of *checkout*.

    *checkout*, the working directory, may not exist.
    """

    place: Place
    checkout: Path
    _found: dict[str, Path] = attrs.field(factory=dict, init=False)

    def find(self, pointer: Pointer, path: str, shown: str = "") -> Path:
        """Return a file with the content of *path*, verified by its sha256.

        *shown* is the path for errors.  Raises LfsMissing, LimitExceeded.
        """
        name = shown or path
        if pointer.extended:
            raise LfsMissing(name, pointer.oid, _EXTENDED)
        if pointer.size > MAX_READ:
            raise LimitExceeded(f"the content of {name} in Git LFS", f"{MAX_READ} bytes")
        if pointer.oid not in self._found:
            self._found[pointer.oid] = self._verified(pointer, path, name)
        return self._found[pointer.oid]

    def _verified(self, pointer: Pointer, path: str, name: str) -> Path:
        damaged = None
        for file in self._candidates(pointer.oid, path):
            if not file.is_file() or file.stat().st_size != pointer.size:
                continue
            with file.open("rb") as stream:
                if digest_of_stream(stream) == pointer.identity:
                    return file
            damaged = damaged or file
        why = "it was not fetched"
        if damaged is not None:
            why = "the content on this worker is damaged"
        raise LfsMissing(name, pointer.oid, why)

    def _candidates(self, oid: str, path: str) -> Iterator[Path]:
        below = Path("objects", oid[:2], oid[2:4], oid)
        common = git_dirs(self.place)[-1]
        yield common / "lfs" / below
        file = self.checkout / path
        if Path(os.path.realpath(file)) == Path(os.path.realpath(self.checkout)) / path:
            yield file
        try:
            storage = git(self.place, "lfs.storage", "config", "--get", "lfs.storage")
        except RepositoryError:
            return
        yield common / os.fsdecode(storage).strip() / below
