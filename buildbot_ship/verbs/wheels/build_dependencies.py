"""Build dependencies: the wheels that a section of the build lock pins, from the cache."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import attrs

from ...model.application.wheel_plan import WheelsPlan, section_text
from ...model.cache import Blob, Entry
from ...model.cache_key import key
from ..shared.files import digest_of_file
from ..shared.job_runner import BuildBase, JobRunner


@attrs.frozen
class BuildDependencies:
    """The wheels that the sections of *plan* pin.

    They are in this worker's cache only: other workers download them from the package index.
    """

    plan: WheelsPlan
    build_base: BuildBase
    runner: JobRunner

    def restore(self, sections: Iterable[int], folder: Path) -> tuple[int, ...]:
        """Restore the wheels of section N to ``N/`` of *folder*.

        Return the sections that the cache does not have.
        """
        return tuple(number for number in sections if not self._restore(number, folder))

    def _restore(self, number: int, folder: Path) -> bool:
        entry = self.runner.cache.find(self._key(number), shared=False)
        target = folder / str(number)
        return entry is not None and all(
            self.runner.cache.fetch(blob, target / blob.name) for blob in entry.blobs
        )

    def keep(self, sections: Iterable[int], folder: Path) -> None:
        """Cache the wheels of *sections*, which were downloaded to *folder*."""
        for number in sections:
            source = folder / str(number)
            names = sorted(os.listdir(source)) if source.is_dir() else []
            files = {digest_of_file(source / name): source / name for name in names}
            blobs = tuple(
                Blob(path.name, digest, path.stat().st_size) for digest, path in files.items()
            )
            self.runner.cache.keep(self._key(number), Entry({}, blobs), files, shared=False)

    def _key(self, number: int) -> str:
        section = section_text(self.plan.sections[number])
        return key("needs", base_key=self.build_base.key, section=section)
