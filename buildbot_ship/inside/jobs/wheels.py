"""Fill the wheelhouse: copy the wheels of the lock, build all others, without a network.

job.json: ``{"built": [{"title", "source", "section", "wheels", "archival", "repository"}],
"wheels": [FILE]}``.  Each entry of *built* has:

- *source*: an sdist (``dists/FILE``) or a folder of the repository (``tree/...``).
- *section*: its section of the build lock (``sections/N.txt``), whose wheels are in the folder
  *wheels* (``build/N``).
- *archival*: the file that describes the commit (``.git_archival.txt``), or null.
- *repository*: what `create_repository` needs, or null.

Out folder: ``wheelhouse/*.whl``.
result.json: ``{"wheels": [{"file", "digest", "size", "built", "own", ...}],
"built": [{"file", "trace"}], "zlib"}``.  *wheels* are sorted by file and have the fields of
`metadata` too; *own* is true for own packages.  The entries of *built* have the order of the
job; *trace* is the result of `find_unread_files`, null for others than own packages.  *zlib*
is the version of zlib that compressed the wheels.

The build backend runs in a build environment with its section and nothing else.  The path of
that environment depends only on the entry's title, because builds write it into wheels.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from build_backend import Backend
from build_environment import create_environment
from git_repository import create_repository
from job import EPOCH, Failed, main, say, seal
from sdist import unpack
from unread_files import find_unread_files
from wheel_metadata import metadata

BUILD = Path("/ship/build")
ARCHIVAL = ".git_archival.txt"
"""The file in which ``git archive`` describes the commit."""
MAX_BUILDS = 2
"""Packages to build at the same time; more builds need more memory."""


def normalise(source: Path) -> None:
    """Set modes to 0755 or 0644 and times to `EPOCH`, so that wheels are reproducible."""
    epoch = int(EPOCH)
    for path in [source, *source.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
            os.utime(path, (epoch, epoch))


def build(
    entry: dict[str, Any], job: Path, wheelhouse: Path, *, number: int, count: int
) -> dict[str, Any]:
    """Build one entry of the job, *number* of *count*; return its ``{"file", "trace"}``."""
    title = entry["title"].partition(" sha256:")[0]
    heading = f"== wheel {number} of {count}: "
    say(f"{heading}building {title}")
    start = time.monotonic()
    folder = BUILD / hashlib.sha256(entry["title"].encode()).hexdigest()[:12]
    built = folder / "made"
    built.mkdir(parents=True)
    section = job / entry["section"] if entry["section"] else None
    python = create_environment(section, job / (entry["wheels"] or ""), folder / "env")
    mark = "  " if count == 1 else f"  {title}: "
    # A package that reads its commit has a different wheel for every commit.
    traced = is_own(entry) and not (entry["archival"] or entry["repository"])

    def copy(name: str) -> Path:
        return source_of(entry, job, folder / name)

    backend = Backend(title, python, copy, mark, traced=traced)
    name = backend.build(built)
    wheel = wheelhouse / name
    shutil.move(built / name, wheel)
    source = job / entry["source"]
    unread = find_unread_files(source, wheel, backend.notes) if traced else None
    say(f"{heading}{title}: {time.monotonic() - start:.1f} s")
    return {"file": name, "trace": unread}


def is_own(entry: dict[str, Any]) -> bool:
    """Return whether an entry is an own package."""
    return str(entry["source"]).startswith("tree/")


def source_of(entry: dict[str, Any], job: Path, folder: Path) -> Path:
    """Copy the source of one entry into *folder*; return the folder of its package."""
    if not is_own(entry):
        source = unpack(job / entry["source"], folder)
    else:
        # Only this package: which others are built with it depends on the cache.
        source = folder / entry["source"]
        shutil.copytree(job / entry["source"], source, symlinks=True)
        if entry["archival"]:
            # Some backends look for it at the top of the repository or of a submodule.
            top = folder / "tree"
            for place in {source, *(p for p in source.parents if p.is_relative_to(top))}:
                shutil.copyfile(job / entry["archival"], place / ARCHIVAL)
    normalise(source)
    if is_own(entry) and entry["repository"]:
        create_repository(entry["title"], entry["repository"], job, folder / "tree")
    return source


def describe(path: Path, built: dict[str, bool]) -> dict[str, Any]:
    """Return the record of one wheel; *built* has, by file, whether a built one is own."""
    data = path.read_bytes()
    try:
        facts = metadata(path)
    except Exception as error:
        # zipfile, email and importlib.metadata raise errors of many kinds.
        raise Failed(
            f"{path.name}: its metadata cannot be read ({type(error).__name__}: {error})",
            "correct METADATA and entry_points.txt of the package, or pin another version",
        ) from None
    return {
        "file": path.name,
        "digest": "sha256:" + hashlib.sha256(data).hexdigest(),
        "size": len(data),
        "built": path.name in built,
        "own": built.get(path.name, False),
        **facts,
    }


def work(arguments: dict[str, Any], job: Path, out: Path) -> dict[str, Any]:
    """Fill the wheelhouse."""
    seal()
    wheelhouse = out / "wheelhouse"
    wheelhouse.mkdir()
    for name in arguments["wheels"]:
        shutil.copyfile(job / "dists" / name, wheelhouse / name)
    entries = arguments["built"]
    count = len(entries)

    def build_one(entry: dict[str, Any], number: int) -> dict[str, Any]:
        return build(entry, job, wheelhouse, number=number, count=count)

    with ThreadPoolExecutor(MAX_BUILDS) as pool:
        results = list(pool.map(build_one, entries, range(1, count + 1)))
    built = {r["file"]: is_own(entry) for r, entry in zip(results, entries, strict=True)}
    wheels = [describe(path, built) for path in sorted(wheelhouse.iterdir())]
    return {"wheels": wheels, "built": results, "zlib": zlib.ZLIB_RUNTIME_VERSION}


if __name__ == "__main__":
    main(work)
