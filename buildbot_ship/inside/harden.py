"""Resolve loose requirements to strict ones, and what building needs to a build lock.

job.json: ``{"index": {...}, "loose": NAME, "packages": [FOLDER]}``; beside it the loose
file and the repository's own packages under ``tree/``.  Out folder: ``strict.txt`` and
``build.txt``, without their headers.  result.json: ``{"sections": [TITLE]}``.

The loose ones are installed and frozen; then pip-compile resolves the loose file, held
to the frozen versions (compiling the frozen file itself would lose extras, markers and
reasons).  This is the one container that has the index and may run a build backend.
"""

from __future__ import annotations

import re
import sys
import tempfile
import venv
from pathlib import Path
from typing import Any

from index import Index
from job import Failed, call, index_environment, main, say
from packaging.requirements import Requirement
from wheels import unpack

BIN = Path(sys.executable).parent
COMPILE = ["--quiet", "--no-header", "--allow-unsafe", "--generate-hashes", "--no-strip-extras"]
COMPILE += ["--no-emit-index-url", "--no-emit-find-links", "--no-emit-trusted-host"]
COMPILE += ["--no-emit-options", "--annotation-style=split", "--resolver=backtracking"]
FILE_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def freeze(loose: Path, environment: dict[str, str], scratch: Path) -> Path:
    """Install the loose requirements; return the file of what ``pip freeze --all`` says."""
    venv.create(scratch / "loose", with_pip=False, symlinks=True)
    python = scratch / "loose" / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python)]
    say("installing the loose requirements")
    call(
        [*pip, "install", "-q", "-r", loose],
        f"{loose.name} does not resolve",
        hint=f"mend {loose.name}; pip's reason stands in the step's log",
        environment=environment,
    )
    frozen = call([*pip, "freeze", "--all"], "pip freeze failed", environment=environment)
    path = scratch / "frozen.txt"
    path.write_text("".join(f"{line}\n" for line in frozen.split("\n") if "==" in line))
    return path


def compile_strict(loose: Path, frozen: Path, environment: dict[str, str]) -> str:
    """Return the strict lines: every package, version and hash, and why it is there."""
    say("resolving with hashes")
    target = frozen.with_name("strict.txt")
    call(
        [BIN / "pip-compile", *COMPILE, "-c", frozen, "-o", target, loose.name],
        f"{loose.name} does not resolve with hashes",
        hint=f"mend {loose.name}; the reason stands in the step's log",
        environment=environment,
        folder=loose.parent,
    )
    return without_constraint(target.read_text(encoding="utf-8"), frozen)


def without_constraint(strict: str, frozen: Path) -> str:
    """Return *strict* without pip-compile's mention of the frozen file as a reason."""
    strict = re.sub(rf"^    #   -c {re.escape(str(frozen))}\n", "", strict, flags=re.M)
    strict = re.sub(rf"^    # via -c {re.escape(str(frozen))}\n", "", strict, flags=re.M)
    return re.sub(r"^    # via\n    #   (?!.*\n    #   )", "    # via ", strict, flags=re.M)


def pins(strict: str) -> list[tuple[str, str, list[str]]]:
    """Return name, version and hashes of each entry of a strict file."""
    joined = strict.replace("\\\n", " ")
    entries = []
    for line in joined.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        requirement = Requirement(line.split(" --hash")[0].strip())
        version = str(requirement.specifier).removeprefix("==")
        entries.append((requirement.name, version, FILE_HASH.findall(line)))
    return entries


def compile_build(title: str, source: Path, environment: dict[str, str], target: Path) -> str:
    """Return the hashed closure of what building *source* needs."""
    names = ("pyproject.toml", "setup.py", "setup.cfg")
    file = next((source / name for name in names if (source / name).exists()), None)
    if file is None:
        raise Failed(
            f"{title} has neither pyproject.toml nor setup.py",
            "name the folder of a Python package in the option packages",
        )
    say(f"resolving what building {title.partition(' sha256:')[0]} needs")
    only = ["--only-build-deps", "--build-deps-for", "wheel"]
    call(
        [BIN / "pip-compile", *COMPILE, *only, "--no-annotate", "-o", target, file.name],
        f"what building {title} needs does not resolve",
        environment={**environment, "PIP_ONLY_BINARY": ":all:"},
        folder=source,
    )
    return target.read_text(encoding="utf-8")


def sections(
    strict: str, index: Index, arguments: dict[str, Any], job: Path, scratch: Path
) -> dict[str, str]:
    """Return the build lock's sections by title: sdists first, then own packages."""
    environment = index_environment(arguments["index"], job)
    sources = {}
    for number, (name, version, hashes) in enumerate(pins(strict)):
        file = index.choose(name, version, hashes)
        if file.is_sdist:
            folder = scratch / f"sdist-{number}"
            folder.mkdir()
            digest = index.fetch(file, hashes, folder)
            source = unpack(folder / file.name, folder / "src")
            sources[f"sdist {name}=={version} sha256:{digest}"] = source
    for package in arguments["packages"]:
        sources[f"package {package}"] = job / "tree" / package
    return {
        title: compile_build(title, source, environment, scratch / f"build-{number}.txt")
        for number, (title, source) in enumerate(sources.items())
    }


def work(arguments: dict[str, Any], job: Path, out: Path) -> dict[str, Any]:
    """Write both files."""
    environment = index_environment(arguments["index"], job)
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        loose = job / arguments["loose"]
        strict = compile_strict(loose, freeze(loose, environment, scratch), environment)
        index = Index(arguments["index"], environment)
        found = sections(strict, index, arguments, job, scratch)
    (out / "strict.txt").write_text(strict, encoding="utf-8")
    lock = "\n".join(f"#: {title}\n{lines}" for title, lines in found.items())
    (out / "build.txt").write_text(lock, encoding="utf-8")
    return {"sections": list(found)}


if __name__ == "__main__":
    main(work)
