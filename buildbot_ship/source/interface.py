"""What verbs ask of a repository at one commit."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from attrs import frozen


@frozen
class TreeFile:
    """A plain file of a commit: its bytes, and whether git has it as an executable one."""

    data: bytes
    executable: bool = False


class Tree(Protocol):
    """The files of one commit. They are git's, whatever the working directory holds."""

    @property
    def commit(self) -> str:
        """The commit's full hash, in hexadecimal."""
        ...

    @property
    def committed(self) -> datetime:
        """When it was committed: an aware time in UTC, whole seconds."""
        ...

    def read(self, path: str) -> TreeFile | None:
        """The plain file at PATH (from the root, with /), or None: absent, a folder, a link."""
        ...
