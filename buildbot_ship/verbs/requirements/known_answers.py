"""Answers of build backends in this worker's cache: what packages require, and to build them.

A backend answers the same as long as its package, its base and what is installed for it are the
same.  The cache key has the first two; ``inside/resolving/known_answers.py`` compares the rest.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import attrs

from ...daemon.interface import JobFile
from ...errors import InvalidRequest
from ...model.cache import Entry
from ...model.cache_key import key
from ...model.reference import digest_of
from ...model.request.wire import CONVERTER, structure
from ...model.requirements.build_lock import is_sdist_title, titles
from ..shared.files import digest_of_file
from ..shared.job_result import reading_result
from ..shared.job_runner import JobRunner
from ..shared.tools_image import Tools, digest_of_scripts


@attrs.frozen
class Answer:
    """One answer of a build backend, as ``inside/resolving/known_answers.py`` reports it."""

    declared: tuple[str, ...]
    build: tuple[str, ...]
    name: str
    requires: tuple[str, ...]
    locks: tuple[str, ...]
    opened: tuple[str, ...] | None


@attrs.frozen
class Known:
    """An *answer*, and the digests of the files that it depends on, by path."""

    answer: Answer
    inputs: dict[str, str]


@attrs.frozen
class KnownAnswers:
    """The answers for the sections of a build lock, whose jobs run in the image of *tools*.

    *packages* are the folders of own packages, and *files* those of all of them by path: a
    backend can read the files of another package, too.  *metadata* says whether it is wanted.
    """

    runner: JobRunner
    tools: Tools
    packages: tuple[str, ...]
    files: Mapping[str, JobFile]
    metadata: bool

    @classmethod
    def of(
        cls,
        runner: JobRunner,
        tools: Tools,
        packages: Iterable[str],
        files: Iterable[JobFile],
        *,
        metadata: bool,
    ) -> KnownAnswers:
        """Return the answers for own *packages* with these *files*, and for any sdist."""
        by_path = {os.path.relpath(file.path, "tree"): file for file in files}
        return cls(runner, tools, tuple(packages), by_path, metadata)

    def find(self, build_lock: str) -> dict[str, Any]:
        """Return answers by title: for own packages, and for the sdists of the *build_lock*."""
        found = {}
        for title in (*self._own, *filter(is_sdist_title, titles(build_lock))):
            entry = self.runner.cache.find(self._key(title), shared=False)
            known = _read(entry) if entry is not None else None
            if known and known.inputs == self._inputs(known.inputs):
                found[title] = CONVERTER.unstructure(known.answer)
        return found

    def keep(self, result: Mapping[str, Any]) -> None:
        """Cache the new answers in the *result* of the job.  Raises JobFailed."""
        with reading_result("harden"):
            new = structure(result["answers"], dict[str, Answer], "answers")
            keys = {self._key(title): answer for title, answer in new.items()}
        for name, answer in keys.items():
            opened = self.files if answer.opened is None else answer.opened
            known = Known(attrs.evolve(answer, opened=()), self._inputs(opened))
            entry = Entry(CONVERTER.unstructure(known))
            self.runner.cache.keep(name, entry, {}, shared=False)

    @property
    def _own(self) -> list[str]:
        return [f"package {folder}" for folder in self.packages]

    def _inputs(self, paths: Iterable[str]) -> dict[str, str]:
        """Return the digests of those of *paths* that are files of own packages."""
        return {path: _digest(self.files[path]) for path in paths if path in self.files}

    def _key(self, title: str) -> str:
        """Return the cache key of an answer.  Raises InvalidRequest for no title of ours."""
        sdist, index = is_sdist_title(title), self.runner.index
        if not sdist and title not in self._own:
            raise InvalidRequest("answers", f"{title!r} is neither an sdist nor an own package")
        shape = sorted((path, file.executable) for path, file in self.files.items())
        return key(
            "answer",
            title=title,
            files=[] if sdist else shape,
            metadata=self.metadata and not sdist,
            tools=self.tools.image,
            scripts=digest_of_scripts(),
            index=[index.url, *index.extra_urls],
        )


def _read(entry: Entry) -> Known | None:
    try:
        return structure(entry.record, Known, "answer")
    except InvalidRequest:
        return None


def _digest(file: JobFile) -> str:
    data = file.content
    return digest_of_file(data) if isinstance(data, Path) else digest_of(data)
