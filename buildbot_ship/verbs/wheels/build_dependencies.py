"""What building takes, section by section of the build lock: known to this worker, or new."""

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
    """The wheels that the sections of *plan* pin; other workers get them from the index."""

    plan: WheelsPlan
    build_base: BuildBase
    runner: JobRunner

    def bring(self, sections: Iterable[int], folder: Path) -> tuple[int, ...]:
        """Put what this worker has into ``N/`` of *folder*; return the sections it lacks."""
        return tuple(number for number in sections if not self._bring(number, folder))

    def _bring(self, number: int, folder: Path) -> bool:
        entry = self.runner.cache.find(self._key(number), shared=False)
        place = folder / str(number)
        return entry is not None and all(
            self.runner.cache.fetch(blob, place / blob.name) for blob in entry.blobs
        )

    def keep(self, sections: Iterable[int], folder: Path) -> None:
        """Keep what was fetched for *sections*."""
        for number in sections:
            place = folder / str(number)
            names = sorted(os.listdir(place)) if place.is_dir() else []
            files = {digest_of_file(place / name): place / name for name in names}
            blobs = tuple(
                Blob(path.name, digest, path.stat().st_size) for digest, path in files.items()
            )
            self.runner.cache.keep(self._key(number), Entry({}, blobs), files, shared=False)

    def _key(self, number: int) -> str:
        section = section_text(self.plan.sections[number])
        return key("needs", base_key=self.build_base.key, section=section)
