"""Resolve a loose file to a strict file, and the build requirements to a build lock.

job.json: ``{"index": {...}, "loose": PATH, "project": BOOL, "packages": [FOLDER],
"conditional": [TEXT], "keep": TEXT or null, "rehash": BOOL, "upgrade": [NAME],
"no_binary": [NAME], "only_binary": [NAME], "cooldown": DAYS, "cooldown_except": [NAME],
"likely": [NAME], "answers": {TITLE: ANSWER}}``.  The
job folder has the loose files under ``loose/`` and the own packages under ``tree/``.
*conditional* are the direct requirements with markers.  *keep* is the strict file to start
from; with *rehash* its hashes are fetched again.  With *project*, the requirements of a
``pyproject.toml`` are in a file with ``.txt`` appended to its name.  Instead of all these,
*strict* may have the strict file: then only the build requirements are resolved.
*likely* are packages that are probably needed.  *answers* are known answers of build backends
(``resolving/known_answers.py``) by the title of their section.
Out folder: ``strict.txt`` and ``build.txt``, without their headers.
result.json: ``{"sections": [TITLE], "sdists": ["NAME==VERSION"], "ages": {"NAME==VERSION":
DAYS}, "answers": {TITLE: ANSWER}}``; *ages* has the days since the release of each pin, if the
index states them, and *answers* those that are new.

The resolver is uv, or pip-compile if uv finds no solution or the base configures pip.  With
*keep*, it starts from those lines.
This is the only container that has the network and runs build backends.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from importlib.util import cache_from_source
from pathlib import Path
from threading import Lock
from typing import Any

from backend_answers import Answer, project_file
from build_locks import BuildLocks
from cooldown import Cooldown, explain
from distribution_formats import Formats, explain_missing_file, keep_admitted
from git_repository import create_stand_in
from index import Index
from index_listing import File
from job import Failed, main, say
from known_answers import Backends, Package
from means import Means, find_means
from own_requirements import OwnPackages, write_requirements
from packaging.requirements import Requirement
from resolver import Question
from sdist import unpack
from strict_lines import Pinned, pins
from strict_text import markers_of


class StrictFile:
    """The strict file of the *arguments* of a job; *scratch* is for the files of resolvers."""

    def __init__(
        self, arguments: Mapping[str, Any], means: Means, job: Path, scratch: Path
    ) -> None:
        """Resolve nothing yet."""
        self.arguments, self.means, self.job, self.scratch = arguments, means, job, scratch
        self.loose: str = arguments["loose"]
        self.file = self.loose + ".txt" * arguments["project"]
        self.formats = Formats.of(arguments)

    def requirements(self, answers: Mapping[str, Answer]) -> OwnPackages:
        """Return what own packages require by the *answers* of their backends, by folder."""
        return write_requirements(answers, self.job, Path(tempfile.mkdtemp(dir=self.scratch)))

    def resolve(self, own: OwnPackages) -> str:
        """Return packages, versions, hashes, and `# via` lines.  Raises Failed."""
        why, hint = f"{self.loose} does not resolve", "the reason is in the step's log"
        question = self._question(own)
        try:
            text = self.means.resolver.resolve(question, why, f"correct {self.loose}; {hint}")
        except Failed as failed:
            raise explain_missing_file(failed, self.means.index, self.formats) from None
        return self._named(text, own)

    def attempt(self, own: OwnPackages) -> str | None:
        """Return the same if it takes little time and no line in the log, else None."""
        text = self.means.resolver.attempt(self._question(own))
        return None if text is None else self._named(text, own)

    def _question(self, own: OwnPackages) -> Question:
        arguments = self.arguments
        direct = [*map(Requirement, arguments["conditional"]), *own.requirements]
        return Question(
            [self.file, *own.titles],
            self.job / "loose",
            Path(tempfile.mkdtemp(dir=self.scratch), "strict.txt"),
            keep=arguments["keep"],
            upgrade=arguments["upgrade"],
            rehash=arguments["rehash"],
            formats=self.formats.arguments,
            markers=markers_of(direct),
        )

    def _named(self, strict: str, own: OwnPackages) -> str:
        """Return *strict* with the names of what our own files were made from."""
        for file, name in {**own.titles, self.file: f"-r {self.loose}"}.items():
            source = f"-r {re.escape(file)}"
            strict = re.sub(f"{source}$", name.replace("\\", r"\\"), strict, flags=re.M)
        return strict.lstrip("\n")


def resolve_strict(
    strict: StrictFile, backends: Backends, own: Sequence[Package], sdists: Sdists
) -> str:
    """Return the strict file of the loose file and of the packages *own*.  Raises Failed.

    While their backends are asked, uv resolves with known answers, or without these packages.
    Its result counts if it is the answer to the question with all answers.
    """
    say("resolving the requirements with hashes")
    known = {p.folder: answer for p in own if (answer := backends.known.get(p.title))}
    if len(known) < len(own):
        known = {}

    def attempt() -> str | None:
        text = strict.attempt(strict.requirements(known))
        # Before the cooldown is checked, no code may run.
        if text is not None and not strict.arguments["cooldown"]:
            with suppress(Failed):
                for package in sdists.among(text):
                    backends.start(package)
        return text

    with ThreadPoolExecutor(1) as pool:
        early = pool.submit(attempt)
        found = backends.answers(own)
    answers = {package.folder: found[package.title] for package in own}
    required = strict.requirements(answers)
    fits = answers == known or not (known or required.requirements)
    text = (early.result() if fits else None) or strict.resolve(required)
    return keep_admitted(text, strict.means.index, strict.formats, strict.scratch)


class OwnTree:
    """The files of the own packages in the folder *tree*, and a repository of git for them."""

    def __init__(self, tree: Path, packages: Sequence[str]) -> None:
        """Make no repository yet.  Raises Failed for a folder without a package."""
        self.tree, self.lock = tree, Lock()
        folders = {f"package {name}": tree / name for name in packages}
        self.files = [path / project_file(path, title) for title, path in folders.items()]

    def package(self, name: str, *, metadata: bool) -> Package:
        """Return the package in the folder *name*; with *metadata*, that is wanted."""
        source = partial(self._source, name)
        return Package(f"package {name}", source, name, self.tree, metadata)

    def _source(self, name: str) -> Path:
        with self.lock:
            if not (self.tree / ".git").exists():
                create_stand_in(self.tree, self.files)
        return self.tree / name


class Sdists:
    """The sdists that strict files pin; each is downloaded when it is needed."""

    def __init__(self, index: Index, scratch: Path) -> None:
        """Choose nothing yet; *scratch* is for the files."""
        self.index, self.scratch = index, scratch
        self._packages: dict[Pinned, Package | None] = {}

    def among(self, strict: str) -> list[Package]:
        """Return the sdists among the pins of *strict*.  Raises Failed."""
        found = list(pins(strict))
        self.index.listings.refresh((pin.name, pin.hashes) for pin in found)
        for pin in found:
            if pin not in self._packages:
                self._packages[pin] = self._choose(pin)
        return [package for pin in found if (package := self._packages[pin])]

    def _choose(self, pin: Pinned) -> Package | None:
        file = self.index.choose(pin.name, pin.version, pin.hashes)
        if not file.is_sdist:
            return None
        folder, digest = self.scratch / f"sdist-{len(self._packages)}", file.sha256
        folder.mkdir()
        if digest is None:
            digest = self.index.fetch(file, pin.hashes, folder)
        source = partial(self._source, file, digest, folder)
        return Package(f"sdist {pin.name}=={pin.version} sha256:{digest}", source)

    def _source(self, file: File, digest: str, folder: Path) -> Path:
        if not (folder / file.name).exists():
            self.index.fetch(file, [digest], folder)
        return unpack(folder / file.name, folder / "src")


def keep_bytecode(job: Path) -> None:
    """Let the programs of this job keep the bytecode that they compile."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    if not Path(cache_from_source(subprocess.__file__)).exists():
        os.environ["PYTHONPYCACHEPREFIX"] = str(job / "bytecode")


def work(arguments: dict[str, Any], job: Path, out: Path) -> dict[str, Any]:
    """Write the strict file and the build lock."""
    keep_bytecode(job)
    try:
        return resolve(arguments, job, out)
    except Failed as failed:
        raise explain(failed, arguments["cooldown"]) from None


def resolve(arguments: dict[str, Any], job: Path, out: Path) -> dict[str, Any]:
    """Write both files; see `work`."""
    cooldown = Cooldown.of(arguments["cooldown"], arguments["cooldown_except"])
    scratch = Path(tempfile.mkdtemp())  # it goes with the container
    means = find_means(arguments, cooldown, job, scratch)
    index = means.index
    index.listings.prefetch_later(arguments["likely"])
    locks = BuildLocks(means.resolver, index, scratch / "build")
    backends = Backends(means.installer, locks, arguments["answers"])
    sdists, tree = Sdists(index, scratch), OwnTree(job / "tree", arguments["packages"])
    strict = arguments.get("strict")
    own = [tree.package(name, metadata=strict is None) for name in arguments["packages"]]
    if strict is None:
        file = StrictFile(arguments, means, job, scratch)
        strict = resolve_strict(file, backends, own, sdists)
    index.listings.refresh((pin.name, pin.hashes) for pin in pins(strict))
    cooldown.check(index, pins(strict))
    packages = [*sdists.among(strict), *own]
    answers = backends.answers(packages)
    by_title = {
        p.title: locks.pins(p.title, answers[p.title].build_requirements) for p in packages
    }
    cooldown.check(index, pins("\n".join(by_title.values())))
    (out / "strict.txt").write_text(strict, encoding="utf-8")
    lock = "\n".join(f"#: {title}\n{lines}" for title, lines in by_title.items())
    (out / "build.txt").write_text(lock, encoding="utf-8")
    return {
        "sections": list(by_title),
        "sdists": [title.split()[1] for title in by_title if title.startswith("sdist ")],
        "ages": cooldown.ages(index, pins(strict)),
        "answers": backends.new(),
    }


if __name__ == "__main__":
    main(work)
