"""Resolve a loose file to a strict file, and the build requirements to a build lock.

job.json: ``{"index": {...}, "loose": PATH, "project": BOOL, "packages": [FOLDER],
"keep": TEXT or null, "rehash": BOOL, "upgrade": [NAME], "no_binary": [NAME],
"only_binary": [NAME], "cooldown": DAYS, "cooldown_except": [NAME]}``.  The job folder has the
loose files under ``loose/`` and the own packages under ``tree/``.  *keep* is the strict file to
start from; with *rehash* its hashes are fetched again.  With *project*, the requirements of a
``pyproject.toml`` are in a file with ``.txt`` appended to its name.  Instead of all these,
*strict* may have the strict file: then only the build requirements are resolved.
Out folder: ``strict.txt`` and ``build.txt``, without their headers.
result.json: ``{"sections": [TITLE], "sdists": ["NAME==VERSION"], "ages": {"NAME==VERSION":
DAYS}}``; *ages* has the days since the release of each pin, if the index states them.

Without *keep*, pip installs and freezes the loose requirements.  pip-compile then resolves the
loose file with the frozen versions as constraints; compiling the frozen file itself would lose
extras, markers and the `# via` lines.  With *keep*, pip-compile starts from those lines.
This is the only container that has the network and runs build backends.
"""

from __future__ import annotations

import re
import shlex
import sys
import tempfile
import venv
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from cooldown import Cooldown, explain
from distribution_formats import Formats, explain_missing_file, keep_admitted
from git_repository import create_stand_in
from index import HARDENING, Index
from job import Failed, call, index_environment, main, say
from own_requirements import MAX_BUILDS, NO_VERSION, own_requirements, project_file
from sdist import unpack
from strict_lines import frozen_pins, pins

COMPILE: list[str | Path] = [sys.executable, Path(__file__).with_name("listed_hashes.py")]
COMPILE += ["--quiet", "--no-header", "--allow-unsafe", "--generate-hashes"]
COMPILE += ["--no-strip-extras", "--resolver=backtracking", "--annotation-style=split"]
COMPILE += ["--no-emit-index-url", "--no-emit-find-links", "--no-emit-trusted-host"]
COMPILE += ["--no-emit-options"]


def freeze(
    loose: Sequence[Path], options: Sequence[str], environment: dict[str, str], scratch: Path
) -> Path:
    """Install the loose requirements; return a file with the output of ``pip freeze --all``."""
    venv.create(scratch / "loose", with_pip=False, symlinks=True)
    python = scratch / "loose" / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python)]
    words = [word for file in loose for word in ("-r", file)]
    name = loose[0].name.replace(".toml.txt", ".toml")
    say("installing the loose requirements")
    call(
        # Nothing in this environment ever runs, and compiling takes longer than installing.
        [*pip, "install", "-q", "--no-compile", *options, *words],
        f"{name} does not resolve",
        hint=f"correct {name}; pip's reason is in the step's log",
        environment=environment,
    )
    output = call([*pip, "freeze", "--all"], "pip freeze failed", environment=environment)
    path = scratch / "frozen.txt"
    path.write_text("".join(f"{line}\n" for line in frozen_pins(output)), encoding="utf-8")
    return path


def compile_strict(
    arguments: dict[str, Any],
    formats: Formats,
    job: Path,
    environment: dict[str, str],
    scratch: Path,
) -> str:
    """Return the strict file: packages, versions, hashes, and `# via` lines."""
    folder, loose = job / "loose", arguments["loose"]
    file = loose + ".txt" * arguments["project"]
    packages = own_requirements(arguments["packages"], job, scratch)
    target, options = scratch / "strict.txt", list[str | Path]()
    # pip cannot exempt a package from the cooldown; our pip-compile can.
    if arguments["keep"] is None and not arguments["cooldown_except"]:
        files = [folder / file, *map(Path, packages)]
        options = ["-c", freeze(files, formats.arguments, environment, scratch)]
    elif arguments["keep"] is not None:
        target.write_text(arguments["keep"], encoding="utf-8")
        options = [word for name in arguments["upgrade"] for word in ("-P", name)]
        options += ["--no-reuse-hashes"] if arguments["rehash"] else []
    if formats.arguments:
        options += ["--pip-args", shlex.join(formats.arguments)]
    say("resolving the requirements with hashes")
    call(
        [*COMPILE, *options, "-o", target, file, *packages],
        f"{loose} does not resolve with hashes",
        hint=f"correct {loose}; pip-compile's reason is in the step's log",
        environment=environment,
        folder=folder,
    )
    text = without_constraint(target.read_text(encoding="utf-8"), scratch / "frozen.txt")
    return with_sources(text, packages | {file: f"-r {loose}"}).lstrip("\n")


def with_sources(strict: str, names: Mapping[str, str]) -> str:
    """Return *strict* with the names of what our own files were made from."""
    for file, name in names.items():
        source = f"-r {re.escape(file)}"
        strict = re.sub(f"{source}$", name.replace("\\", r"\\"), strict, flags=re.M)
    return strict


def without_constraint(strict: str, frozen: Path) -> str:
    """Return *strict* without the frozen file in its `# via` lines."""
    strict = re.sub(rf"^    #   -c {re.escape(str(frozen))}\n", "", strict, flags=re.M)
    strict = re.sub(rf"^    # via -c {re.escape(str(frozen))}\n", "", strict, flags=re.M)
    return re.sub(r"^    # via\n    #   (?!.*\n    #   )", "    # via ", strict, flags=re.M)


def compile_build(environment: dict[str, str], title: str, source: Path, target: Path) -> str:
    """Return the pins, with hashes, of the build requirements of *source*."""
    file = source / project_file(source, title)
    name = title.partition(" sha256:")[0]
    say(f"resolving the build requirements of {name}")
    only = ["--only-build-deps", "--build-deps-for", "wheel"]
    call(
        [*COMPILE, *only, "--no-annotate", "-o", target, file.name],
        f"the build requirements of {title} do not resolve",
        hint="constrain them in pyproject.toml to versions that have wheels, for example "
        'requires = ["numpy<2"]; the reason is in the step\'s log',
        environment={**environment, "PIP_ONLY_BINARY": ":all:"},
        folder=source,
        mark=f"  {name}: ",
    )
    return target.read_text(encoding="utf-8")


def sections(
    strict: str,
    index: Index,
    packages: Mapping[str, Path],
    environment: dict[str, str],
    scratch: Path,
) -> dict[str, str]:
    """Return the sections of the build lock by title: sdists first, then own *packages*."""
    sources = {}
    for number, pin in enumerate(pins(strict)):
        file = index.choose(pin.name, pin.version, pin.hashes)
        if file.is_sdist:
            folder = scratch / f"sdist-{number}"
            folder.mkdir()
            digest = index.fetch(file, pin.hashes, folder)
            source = unpack(folder / file.name, folder / "src")
            sources[f"sdist {pin.name}=={pin.version} sha256:{digest}"] = source
    sources |= {f"package {name}": source for name, source in packages.items()}
    targets = [scratch / f"build-{number}.txt" for number in range(len(sources))]
    with ThreadPoolExecutor(MAX_BUILDS) as pool:
        texts = pool.map(
            partial(compile_build, environment), sources, sources.values(), targets
        )
        return dict(zip(sources, texts, strict=True))


def require_answers(index: Index) -> None:
    """Raise Failed if the index does not answer: pip waits without end for a slow one."""
    try:
        index.files("pip")
    except Failed as failed:
        # An index may refuse this package, and have all others.
        if failed.transient:
            raise


def work(arguments: dict[str, Any], job: Path, out: Path) -> dict[str, Any]:
    """Write the strict file and the build lock."""
    try:
        return resolve(arguments, job, out)
    except Failed as failed:
        raise explain(failed, arguments["cooldown"]) from None


def resolve(arguments: dict[str, Any], job: Path, out: Path) -> dict[str, Any]:
    """Write both files; see `work`."""
    cooldown = Cooldown.of(arguments["cooldown"], arguments["cooldown_except"])
    environment = index_environment(arguments["index"], job) | cooldown.environment()
    formats = Formats(arguments["no_binary"], arguments["only_binary"])
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        index = Index(
            arguments["index"], {**environment, **NO_VERSION}, HARDENING, formats.admits
        )
        require_answers(index)
        packages = {name: job / "tree" / name for name in arguments["packages"]}
        if packages:
            files = [p / project_file(p, f"package {name}") for name, p in packages.items()]
            create_stand_in(job / "tree", files)
        try:
            strict = arguments.get("strict")
            if strict is None:
                strict = compile_strict(arguments, formats, job, environment, scratch)
        except Failed as failed:
            raise explain_missing_file(failed, index, formats) from None
        strict = keep_admitted(strict, index, formats, scratch)
        cooldown.check(index, pins(strict))
        by_title = sections(strict, index, packages, environment, scratch)
        cooldown.check(index, pins("\n".join(by_title.values())))
        ages = cooldown.ages(index, pins(strict))
    (out / "strict.txt").write_text(strict, encoding="utf-8")
    lock = "\n".join(f"#: {title}\n{lines}" for title, lines in by_title.items())
    (out / "build.txt").write_text(lock, encoding="utf-8")
    sdists = [title.split()[1] for title in by_title if title.startswith("sdist ")]
    return {"sections": list(by_title), "sdists": sdists, "ages": ages}


if __name__ == "__main__":
    main(work)
