"""Make the wheelhouse: wheels of the lock as they are, all others built, with no network.

job.json: ``{"built": [{"title", "source", "section", "wheels"}], "wheels": [FILE]}``:
each entry of ``built`` is an sdist (``dists/FILE``) or a folder of the repository
(``tree/...``) with the section of the build lock that it may use (``sections/N.txt``,
whose wheels lie in ``build/N``).  Out folder: ``wheelhouse/*.whl``.  result.json:
``{"wheels": [{"file", "digest", "size", "built", "own", ...}], "built": [file]}``: the
wheels sorted by file, what was built in the order of ``built``; the rest is what `metadata`
finds in the wheel, and *own* are those from the repository.

The build backend runs in a virtual environment that holds its section and nothing else,
at a path that is always the same: builds write it into what they make.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import venv
import zipfile
from collections.abc import Mapping, Sequence
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from build import BuildBackendException, BuildException, ProjectBuilder
from install import Source, schemes
from installer import install
from installer.destinations import SchemeDictionaryDestination
from job import EPOCH, Failed, call, main, say, seal
from metadata import metadata
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

BUILD = Path("/ship/build")
NEEDS = "{} needs {} to build, which its section of the build lock does not hold"
HARDEN = "run HardenRequirements, review what it adds, and commit"
DECLARE = "add it to build-system.requires in its pyproject.toml; " + HARDEN


def environment_of(section: Path | None, wheels: Path, folder: Path) -> Path:
    """Make a virtual environment with what a section pins; return its interpreter."""
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    pinned = section.read_text(encoding="utf-8") if section is not None else ""
    for wheel in sorted(wheels.glob("*.whl")) if pinned else ():
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        if f"--hash=sha256:{digest}" not in pinned:
            raise Failed(f"{wheel.name} has sha256:{digest}, which its section does not pin")
        install_wheel(wheel, folder, python)
    return python


def install_wheel(wheel: Path, folder: Path, python: Path) -> None:
    """Install a wheel in the virtual environment in *folder*."""
    try:
        with Source.open(wheel) as source:
            places = schemes(str(folder), source.distribution)
            destination = SchemeDictionaryDestination(
                places, str(python), "posix", overwrite_existing=True
            )
            install(source, destination, {})
    except (ValueError, KeyError, OSError, zipfile.BadZipFile, AssertionError) as error:
        raise Failed(f"{wheel.name} cannot be installed: {error}") from None


def unpack(sdist: Path, folder: Path) -> Path:
    """Unpack an sdist; return its top folder.

    It is unpacked as it is: its code runs next, in the same throw-away container.
    """
    try:
        shutil.unpack_archive(sdist, folder)
    except (shutil.ReadError, OSError, EOFError) as error:
        raise Failed(f"{sdist.name} cannot be unpacked: {error}") from None
    tops = [path for path in folder.iterdir() if path.is_dir()]
    if len(tops) != 1:
        raise Failed(f"{sdist.name} is no sdist: it has not one folder at its top")
    return tops[0]


def normalise(source: Path) -> None:
    """Give files the modes that git knows, and one time, so that wheels do not differ."""
    epoch = int(EPOCH)
    for path in [source, *source.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
            os.utime(path, (epoch, epoch))


def is_there(text: str, environment: Path) -> bool:
    """Tell whether a virtual environment satisfies a requirement."""
    requirement = Requirement(text)
    if requirement.marker and not requirement.marker.evaluate():
        return True
    path = [str(folder) for folder in environment.glob("lib/python*/site-packages")]
    wanted = canonicalize_name(requirement.name)
    return any(
        canonicalize_name(found.name) == wanted
        and requirement.specifier.contains(found.version, prereleases=True)
        for found in distributions(path=path)
    )


def failed(title: str, why: str) -> Failed:
    """Return what is raised when a backend does not build."""
    hint = "read the step's log; while building there is no network"
    return Failed(f"the build backend of {title} failed: {why}", hint)


class Runner:
    """Run a build backend; name the module that it lacks, if that is why it fails."""

    def __init__(self, title: str) -> None:
        """Build the package *title*."""
        self.title = title

    def __call__(
        self,
        cmd: Sequence[str],
        cwd: str | None = None,
        extra_environ: Mapping[str, str] | None = None,
    ) -> None:
        """Run *cmd*; raise Failed."""
        try:
            folder = Path(cwd) if cwd else None
            call(cmd, "", environment=extra_environ, folder=folder)
        except Failed as ended:
            lines = ended.output.split("\n")
            last = next((line for line in reversed(lines) if line.strip()), "no reason given")
            module = re.match(r"ModuleNotFoundError: No module named '([\w.]+)'", last)
            if module is None:
                better = failed(self.title, last.strip())
            else:
                better = Failed(NEEDS.format(self.title, f"the module {module[1]}"), DECLARE)
            better.output = ended.output
            raise better from None


def build(title: str, source: Path, python: Path, wheelhouse: Path) -> str:
    """Build one wheel with its own backend; return the file's name."""
    scripts = python.parent
    os.environ["PATH"] = f"{scripts}{os.pathsep}{os.environ['PATH']}"
    try:
        builder = ProjectBuilder(source, python_executable=str(python), runner=Runner(title))
        needed = builder.build_system_requires | builder.get_requires_for_build("wheel")
        lacking = sorted(text for text in needed if not is_there(text, scripts.parent))
        if lacking:
            raise Failed(NEEDS.format(title, ", ".join(lacking)), HARDEN)
        return Path(builder.build("wheel", wheelhouse)).name
    except BuildBackendException as error:
        if isinstance(error.exception, Failed):
            raise error.exception from None
        raise failed(title, str(error).splitlines()[0]) from None
    except BuildException as error:
        raise failed(title, str(error).splitlines()[0]) from None
    finally:
        os.environ["PATH"] = os.environ["PATH"].partition(os.pathsep)[2]


def make(entry: dict[str, Any], job: Path, wheelhouse: Path) -> str:
    """Build what one entry of ``built`` names."""
    title = entry["title"].partition(" sha256:")[0]
    say(f"building {title}")
    shutil.rmtree(BUILD, ignore_errors=True)
    made = BUILD / "made"
    made.mkdir(parents=True)
    if (job / entry["source"]).is_file():
        source = unpack(job / entry["source"], BUILD / "sdist")
    else:
        shutil.copytree(job / "tree", BUILD / "tree", symlinks=True)
        source = BUILD / entry["source"]
    section = job / entry["section"] if entry["section"] else None
    python = environment_of(section, job / (entry["wheels"] or ""), BUILD / "env")
    normalise(source)
    name = build(title, source, python, made)
    shutil.move(made / name, wheelhouse / name)
    return name


def describe(path: Path, built: dict[str, bool]) -> dict[str, Any]:
    """Return the record of one wheel; *built* says of those built here whether they are own."""
    data = path.read_bytes()
    return {
        "file": path.name,
        "digest": "sha256:" + hashlib.sha256(data).hexdigest(),
        "size": len(data),
        "built": path.name in built,
        "own": built.get(path.name, False),
        **metadata(path),
    }


def work(arguments: dict[str, Any], job: Path, out: Path) -> dict[str, Any]:
    """Fill the wheelhouse."""
    seal()
    wheelhouse = out / "wheelhouse"
    wheelhouse.mkdir()
    for name in arguments["wheels"]:
        shutil.copyfile(job / "dists" / name, wheelhouse / name)
    built = {
        make(entry, job, wheelhouse): entry["source"].startswith("tree/")
        for entry in arguments["built"]
    }
    wheels = [describe(path, built) for path in sorted(wheelhouse.iterdir())]
    return {"wheels": wheels, "built": list(built)}


if __name__ == "__main__":
    main(work)
