"""What a build made of an own package's files, and which changes need no other build."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from ..artefact import Wheel


@attrs.frozen
class Seen:
    """One file as a build gets it; *identity* is git's name for its *size* bytes."""

    identity: str
    executable: bool
    size: int


@attrs.frozen
class Carried:
    """A *wheel* that was built, and of what.

    *files* are all that the build got, by path from the package on.  *members* are those that
    nobody looked into: what each became in the wheel, or empty where it became nothing
    (``inside/carried.py``).  *zlib* is the version of what compressed the wheel.
    """

    wheel: Wheel
    files: dict[str, Seen]
    members: dict[str, str]
    zlib: str

    def changed(self, files: Mapping[str, Seen]) -> list[str] | None:
        """Return the paths that hold something else in *files*; None where a build must see.

        That is so for a path more or less, for another mode, and for a file that was read.
        """
        if self.files.keys() != files.keys():
            return None
        changed = [path for path, file in files.items() if file != self.files[path]]
        if any(
            path not in self.members or files[path].executable != self.files[path].executable
            for path in changed
        ):
            return None
        return changed
