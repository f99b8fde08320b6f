"""What the build of an own package gets to learn its version from git."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import attrs

from ...daemon.interface import JobFile
from ...model.application.version_source import VersionSource, version_source
from ...model.requirements.build_lock import Section
from ...source.interface import History, Tree, read_bytes
from ..shared.own_packages import repository_path


@attrs.frozen(slots=False)
class VersionInputs:
    """What the *section* with this *number* adds to the job ``inside/jobs/wheels.py``."""

    number: int
    section: Section
    tree: Tree
    source: VersionSource

    @classmethod
    def of(cls, number: int, section: Section, tree: Tree) -> VersionInputs:
        """Return what the package reads at the commit of *tree*; nothing for an sdist."""
        source = VersionSource.FILES
        if section.sdist_hash is None:
            folder = section.source
            source = version_source(
                section, lambda path: read_bytes(tree, repository_path(folder, path))
            )
        return cls(number, section, tree, source)

    @cached_property
    def _history(self) -> History:
        return self.tree.history(self.section.source)

    @property
    def identity(self) -> bytes:
        """Return bytes that change with what the build can learn."""
        if self.source is VersionSource.FILES:
            return b""
        if self.source is VersionSource.DESCRIPTION:
            return self._history.description
        return json.dumps([self._history.commit, self._history.tags]).encode()

    @property
    def arguments(self) -> Mapping[str, Any]:
        """Return the fields *archival* and *repository* of the job's entry."""
        described = self.source is VersionSource.DESCRIPTION
        found: dict[str, Any] = {"archival": self._file if described else None}
        found["repository"] = None
        if self.source is VersionSource.REPOSITORY:
            found["repository"] = {
                "pack": self._file,
                "top": self._history.top,
                "commit": self._history.commit,
                "tags": dict(self._history.tags),
            }
        return found

    def files(self, scratch: Path) -> list[JobFile]:
        """Return the files that `arguments` names; a pack is written to *scratch*."""
        if self.source is VersionSource.FILES:
            return []
        if self.source is VersionSource.DESCRIPTION:
            return [JobFile(self._file, self._history.description)]
        pack = scratch / f"history-{self.number}.pack"
        self._history.write_pack(pack)
        return [JobFile(self._file, pack)]

    @property
    def _file(self) -> str:
        return f"versions/{self.number}"
