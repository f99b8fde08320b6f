"""Resolve a loose file to a strict file, and the build requirements to a build lock.

job.json: ``{"index": {...}, "loose": PATH, "project": BOOL, "packages": [FOLDER],
"conditional": [TEXT], "keep": TEXT or null, "rehash": BOOL, "upgrade": [NAME],
"no_binary": [NAME], "only_binary": [NAME], "cooldown": DAYS, "cooldown_except": [NAME]}``.  The
job folder has the loose files under ``loose/`` and the own packages under ``tree/``.
*conditional* are the direct requirements with markers.  *keep* is the strict file to start
from; with *rehash* its hashes are fetched again.  With *project*, the requirements of a
``pyproject.toml`` are in a file with ``.txt`` appended to its name.  Instead of all these,
*strict* may have the strict file: then only the build requirements are resolved.
Out folder: ``strict.txt`` and ``build.txt``, without their headers.
result.json: ``{"sections": [TITLE], "sdists": ["NAME==VERSION"], "ages": {"NAME==VERSION":
DAYS}}``; *ages* has the days since the release of each pin, if the index states them.

The resolver is uv, or pip-compile if uv finds no solution or the base configures pip.  With
*keep*, it starts from those lines.
This is the only container that has the network and runs build backends.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backend_answers import Answer, Installer, ask, project_file, unresolved
from build import BuildBackendException, BuildException
from cooldown import Cooldown, explain
from distribution_formats import Formats, explain_missing_file, keep_admitted
from git_repository import create_stand_in
from index import HARDENING, Index, Unreachable
from job import Failed, index_environment, main, say
from own_requirements import MAX_BUILDS, NO_VERSION, OwnPackages, read_own_packages
from packaging.requirements import Requirement
from pip_settings import pip_is_configured
from resolver import PipCompile, Question, Resolver, Uv, only_wheels, uv_settings
from sdist import unpack
from strict_lines import pins
from strict_text import markers_of

WHEELS = Formats(only_binary=(":all:",))
"""The formats of build requirements."""


@dataclass(frozen=True)
class Means:
    """What resolves requirements, and what installs those of build backends."""

    index: Index
    resolver: Resolver
    installer: Installer


def find_means(
    arguments: Mapping[str, Any], cooldown: Cooldown, job: Path, scratch: Path
) -> Means:
    """Return uv, or pip if the build base configures pip; build backends get wheels only.

    Raises Failed if the index does not answer.
    """
    configured = pip_is_configured(os.environ)
    online = index_environment(arguments["index"], job)
    dated = online | cooldown.environment()
    index = Index(
        arguments["index"], {**dated, **NO_VERSION}, HARDENING, Formats.of(arguments).admits
    )
    require_answers(index)
    pip = PipCompile({**dated, "PIP_ONLY_BINARY": ":none:"})
    settings = uv_settings(arguments["index"], index.urls[0], cooldown, scratch)
    os.environ.update(only_wheels(settings, scratch))
    if configured:
        say("the build base has settings of pip: pip-compile resolves")
        return Means(index, pip, "pip")
    return Means(index, Uv(online | settings, cooldown, pip), "uv")


def compile_strict(
    arguments: Mapping[str, Any], means: Means, own: OwnPackages, job: Path, scratch: Path
) -> str:
    """Return the strict file: packages, versions, hashes, and `# via` lines."""
    loose = arguments["loose"]
    file = loose + ".txt" * arguments["project"]
    direct = [*map(Requirement, arguments["conditional"]), *own.requirements]
    question = Question(
        [file, *own.titles],
        job / "loose",
        scratch / "strict.txt",
        keep=arguments["keep"],
        upgrade=arguments["upgrade"],
        rehash=arguments["rehash"],
        formats=Formats.of(arguments).arguments,
        markers=markers_of(direct),
    )
    say("resolving the requirements with hashes")
    hint = f"correct {loose}; the reason is in the step's log"
    text = means.resolver.resolve(question, f"{loose} does not resolve", hint)
    return with_sources(text, {**own.titles, file: f"-r {loose}"}).lstrip("\n")


def with_sources(strict: str, names: Mapping[str, str]) -> str:
    """Return *strict* with the names of what our own files were made from."""
    for file, name in names.items():
        source = f"-r {re.escape(file)}"
        strict = re.sub(f"{source}$", name.replace("\\", r"\\"), strict, flags=re.M)
    return strict


def sdist_sources(strict: str, index: Index, scratch: Path) -> dict[str, Path]:
    """Download the sdists among the pins of *strict*; return their folders by title."""
    sources = {}
    index.prefetch(pin.name for pin in pins(strict))
    for number, pin in enumerate(pins(strict)):
        file = index.choose(pin.name, pin.version, pin.hashes)
        if file.is_sdist:
            folder = scratch / f"sdist-{number}"
            folder.mkdir()
            digest = index.fetch(file, pin.hashes, folder)
            source = unpack(folder / file.name, folder / "src")
            sources[f"sdist {pin.name}=={pin.version} sha256:{digest}"] = source
    return sources


def compile_build(title: str, needs: Iterable[str], means: Means, target: Path) -> str:
    """Return the pins, with hashes, of the build requirements *needs*."""
    name = title.partition(" sha256:")[0]
    say(f"resolving the build requirements of {name}")
    source = target.with_suffix(".in")
    source.write_text("".join(f"{need}\n" for need in sorted(needs)), encoding="utf-8")
    question = Question(
        [source],
        target.parent,
        target,
        formats=WHEELS.arguments,
        markers=markers_of(map(Requirement, sorted(needs))),
        annotate=False,
    )
    text = means.resolver.resolve(question, *unresolved(title), f"  {name}: ")
    return keep_admitted(text, means.index, WHEELS, target.parent)


def ask_for_build(title: str, source: Path, means: Means) -> Answer:
    """Ask the backend of a package for its build requirements.  Raises Failed."""
    project_file(source, title)
    try:
        return ask(title, source, means.installer, metadata=False)
    except (BuildException, BuildBackendException) as error:
        raise Failed(*unresolved(title), str(error)) from None


def sections(
    sources: Mapping[str, Path], known: Mapping[str, Answer], means: Means, scratch: Path
) -> dict[str, str]:
    """Return the sections of the build lock by title, in the order of *sources*.

    *known* are the answers of backends that were asked before.
    """
    titles = list(sources)

    def section(title: str) -> str:
        answer = known.get(title) or ask_for_build(title, sources[title], means)
        target = scratch / f"build-{titles.index(title)}.txt"
        return compile_build(title, answer.build_requirements, means, target)

    with ThreadPoolExecutor(MAX_BUILDS) as pool:
        return dict(zip(titles, pool.map(section, titles), strict=True))


def require_answers(index: Index) -> None:
    """Raise Failed if the index does not answer: pip waits without end for a slow one."""
    try:
        index.files("pip")
    except Unreachable:
        raise
    except Failed as failed:
        # An index may refuse this package, and have all others.
        if failed.transient:
            raise


def work(arguments: dict[str, Any], job: Path, out: Path) -> dict[str, Any]:
    """Write the strict file and the build lock."""
    # Many bases have no bytecode of the standard library, and each backend imports much of it.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(job / "bytecode")
    try:
        return resolve(arguments, job, out)
    except Failed as failed:
        raise explain(failed, arguments["cooldown"]) from None


def resolve(arguments: dict[str, Any], job: Path, out: Path) -> dict[str, Any]:
    """Write both files; see `work`."""
    cooldown = Cooldown.of(arguments["cooldown"], arguments["cooldown_except"])
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        means = find_means(arguments, cooldown, job, scratch)
        index = means.index
        packages = {f"package {name}": job / "tree" / name for name in arguments["packages"]}
        if packages:
            files = [path / project_file(path, title) for title, path in packages.items()]
            create_stand_in(job / "tree", files)
        strict, known = arguments.get("strict"), dict[str, Answer]()
        if strict is None:
            strict, known = resolve_strict(arguments, means, job, scratch)
        cooldown.check(index, pins(strict))
        sources = {**sdist_sources(strict, index, scratch), **packages}
        by_title = sections(sources, known, means, scratch)
        cooldown.check(index, pins("\n".join(by_title.values())))
        ages = cooldown.ages(index, pins(strict))
    (out / "strict.txt").write_text(strict, encoding="utf-8")
    lock = "\n".join(f"#: {title}\n{lines}" for title, lines in by_title.items())
    (out / "build.txt").write_text(lock, encoding="utf-8")
    sdists = [title.split()[1] for title in by_title if title.startswith("sdist ")]
    return {"sections": list(by_title), "sdists": sdists, "ages": ages}


def resolve_strict(
    arguments: Mapping[str, Any], means: Means, job: Path, scratch: Path
) -> tuple[str, dict[str, Answer]]:
    """Return the strict file, and the answers of the backends of own packages by title."""
    own = read_own_packages(arguments["packages"], job, scratch, means.installer)
    formats = Formats.of(arguments)
    try:
        strict = compile_strict(arguments, means, own, job, scratch)
    except Failed as failed:
        raise explain_missing_file(failed, means.index, formats) from None
    answers = {f"package {name}": answer for name, answer in own.answers.items()}
    return keep_admitted(strict, means.index, formats, scratch), answers


if __name__ == "__main__":
    main(work)
