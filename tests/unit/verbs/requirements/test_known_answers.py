"""Which answers of build backends a job gets from the worker's cache, and which it does not."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import attrs
import pytest

from buildbot_ship.daemon.interface import JobFile
from buildbot_ship.errors import JobFailed
from buildbot_ship.model.request.settings import Index
from buildbot_ship.store.disk_cache import DiskCache
from buildbot_ship.store.work_folder import Work
from buildbot_ship.verbs.requirements.known_answers import KnownAnswers
from buildbot_ship.verbs.shared.tools_image import Tools
from tests.fakes.daemon import MemoryDaemon
from tests.fakes.job_runner import make_job_runner

SDIST = f"sdist remotemath==17.3.0 sha256:{'a' * 64}"
OTHER = SDIST.replace("a" * 64, "b" * 64)
BUILD_LOCK = f"#: {SDIST}\nsetuptools==84.2.1 --hash=sha256:{'c' * 64}\n#: package .\n"
FILES = {"./setup.py": b"setup()", "./src/app.py": b"", "./README": b"", "lib/setup.py": b""}

PYPI = Index()


@attrs.frozen
class Worker:
    """A worker with a cache; each call is a hardening with these files and settings."""

    folder: Path
    reads: bool = True

    def answers(
        self,
        files: dict[str, bytes] = FILES,
        *,
        image: str = "ship.local/tools:1",
        index: Index = PYPI,
        executable: Iterable[str] = (),
        metadata: bool = True,
    ) -> KnownAnswers:
        work, store = Work(self.folder / "work"), DiskCache(self.folder / "cache")
        runner = make_job_runner(MemoryDaemon(), work, print, stores=(store,), index=index)
        runner.cache.reads = self.reads
        inputs = [JobFile(f"tree/{p}", data, p in executable) for p, data in files.items()]
        tools = Tools(image, {})
        return KnownAnswers.of(runner, tools, (".", "lib"), inputs, metadata=metadata)

    def known(self, files: dict[str, bytes] = FILES, **options: Any) -> list[str]:
        """Return the titles whose answers a job gets."""
        return list(self.answers(files, **options).find(BUILD_LOCK))


def answer(*opened: str, **fields: Any) -> dict[str, Any]:
    """Return an answer as a job reports it."""
    made: dict[str, Any] = {
        "declared": ["setuptools"],
        "build": ["setuptools", "wheel"],
        "name": "app",
    }
    made |= {"requires": ["six"], "locks": ["1", "2"], "opened": list(opened)}
    return {**made, **fields}


@pytest.fixture
def worker(tmp_path: Path) -> Worker:
    """A worker that knows the sdist, and the package at the top, which opened two files."""
    worker = Worker(tmp_path)
    opened = ("pyproject.toml", "setup.py", "src/app.py", "src/app.egg-info/PKG-INFO")
    worker.answers().keep({"answers": {SDIST: answer(), "package .": answer(*opened)}})
    return worker


def test_what_was_asked_before_is_known(worker: Worker) -> None:
    found = json.loads(json.dumps(worker.answers().find(BUILD_LOCK)))
    assert found == {"package .": answer(opened=[]), SDIST: answer(opened=[])}


def test_a_file_that_the_backend_opened_must_be_the_same(worker: Worker) -> None:
    for path in ("./setup.py", "./src/app.py"):
        assert worker.known({**FILES, path: b"another"}) == [SDIST]
    assert worker.known({**FILES, "./README": b"another"}) == ["package .", SDIST]


def test_every_path_and_mode_counts(worker: Worker) -> None:
    assert worker.known({**FILES, "./setup.cfg": b""}) == [SDIST]
    assert worker.known({**FILES, "lib/more.py": b""}) == [SDIST]
    assert worker.known({path: b"" for path in FILES if path != "./README"}) == [SDIST]
    assert worker.known(executable=["./README"]) == [SDIST]


def test_every_file_counts_if_the_backend_may_have_opened_others(worker: Worker) -> None:
    worker.answers().keep({"answers": {"package .": answer(opened=None)}})
    assert worker.known() == ["package .", SDIST]
    for path in FILES:
        assert worker.known({**FILES, path: b"another"}) == [SDIST]


def test_another_base_or_index_knows_nothing(worker: Worker) -> None:
    assert worker.known(image="ship.local/tools:2") == []
    assert worker.known(index=Index(url="https://index.example.com/simple")) == []
    assert worker.known(index=Index(extra_urls=("https://index.example.com/simple",))) == []


def test_other_scripts_know_nothing(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    module = "buildbot_ship.verbs.requirements.known_answers"
    monkeypatch.setattr(f"{module}.digest_of_scripts", lambda: "other")
    assert worker.known() == []


def test_an_answer_without_metadata_is_another_one(worker: Worker) -> None:
    assert worker.known(metadata=False) == [SDIST]


def test_only_sdists_of_the_build_lock_are_looked_up(worker: Worker) -> None:
    assert list(worker.answers().find("")) == ["package ."]
    assert list(worker.answers().find(BUILD_LOCK.replace(SDIST, OTHER))) == ["package ."]


def test_without_cache_nothing_is_known_but_new_answers_are_kept(worker: Worker) -> None:
    careful = attrs.evolve(worker, reads=False)
    assert careful.known() == []
    careful.answers().keep({"answers": {"package lib": answer()}})
    assert worker.known() == ["package .", "package lib", SDIST]


def test_a_damaged_answer_is_not_known(worker: Worker) -> None:
    for path in (worker.folder / "cache" / "entries").iterdir():
        path.write_text(path.read_text().replace('"declared"', '"other"'))
    assert worker.known() == []


@pytest.mark.parametrize(
    "answers",
    [
        None,
        [],
        {"package other": answer()},
        {".": answer()},
        {f"{SDIST}\n": answer()},
        {SDIST: {}},
        {SDIST: answer(name=3)},
        {SDIST: answer(more="")},
    ],
)
def test_an_answer_for_nothing_of_ours_is_refused(worker: Worker, answers: Any) -> None:
    with pytest.raises(JobFailed, match="returned an invalid result"):
        worker.answers().keep({"answers": answers})
