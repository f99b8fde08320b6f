"""Git LFS: files whose content is outside of git, which has a pointer of some lines instead.

See https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md.  Only files to which
``.gitattributes`` gives the filter ``lfs`` are such: the same text may be somebody's test data.
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

_EXTENDED = "its pointer has extensions, which only the program that made them undoes"
MAX_READ = 1024**3
"""Bytes that one file may have to be read."""


def filtered(place: Place, commit: str, paths: Sequence[str]) -> set[str]:
    """Return those of *paths* to which the ``.gitattributes`` of *commit* give the filter.

    The index of the checkout, which may differ, is left alone.
    """
    what = "the attributes of the commit's files"
    with tempfile.TemporaryDirectory(prefix="buildbot-ship-") as folder:
        index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        git(place, what, "read-tree", commit, environment=index)
        return _ask(place, what, ["--cached"], paths, index)


def filtered_here(checkout: Path, path: str) -> bool:
    """Tell whether the working directory's ``.gitattributes`` give a file the filter."""
    try:
        return path in _ask(checkout, f"the attributes of {path}", [], [path], {})
    except RepositoryError:
        return False


def _ask(
    place: Place, what: str, options: list[str], paths: Iterable[str], variables: dict[str, str]
) -> set[str]:
    # What this machine's git is configured to is none of the commit's.
    arguments = ["-c", "core.attributesFile=/dev/null", "check-attr", "-z", "--stdin"]
    said = git(
        place,
        what,
        *arguments,
        *options,
        "filter",
        environment={"GIT_ATTR_NOSYSTEM": "1", **variables},
        said=b"".join(os.fsencode(path) + b"\0" for path in paths),
    )
    words = os.fsdecode(said).split("\0")
    return {
        path for path, value in zip(words[::3], words[2::3], strict=False) if value == "lfs"
    }


@attrs.define
class LfsStore:
    """The contents on this worker: those that Git LFS fetched, and files checked out.

    *checkout* is the working directory, which need not be there.
    """

    place: Place
    checkout: Path
    _found: dict[str, Path] = attrs.field(factory=dict, init=False)

    def find(self, pointer: Pointer, path: str, shown: str = "") -> Path:
        """Return the file with the content of *path*, every byte of it verified.

        *shown* is what an error calls it.  Raises LfsMissing, LimitExceeded.
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
            why = "what is there holds other bytes"
        raise LfsMissing(name, pointer.oid, why)

    def _candidates(self, oid: str, path: str) -> Iterator[Path]:
        below = Path("objects", oid[:2], oid[2:4], oid)
        common = git_dirs(self.place)[-1]
        yield common / "lfs" / below
        file = self.checkout / path
        if Path(os.path.realpath(file)) == Path(os.path.realpath(self.checkout)) / path:
            yield file
        try:
            said = git(self.place, "lfs.storage", "config", "--get", "lfs.storage")
        except RepositoryError:
            return
        yield common / os.fsdecode(said).strip() / below
