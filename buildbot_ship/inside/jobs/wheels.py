"""Make the wheelhouse: wheels of the lock as they are, all others built, with no network.

job.json: ``{"built": [{"title", "source", "section", "wheels", "archival"}], "wheels":
[FILE]}``: each entry of ``built`` is an sdist (``dists/FILE``) or a folder of the repository
(``tree/...``) with the section of the build lock that it may use (``sections/N.txt``,
whose wheels lie in ``build/N``), and the file, or null, that tells it of the commit.
Out folder: ``wheelhouse/*.whl``.  result.json: ``{"wheels": [{"file", "digest", "size",
"built", "own", ...}], "built": [{"file", "carried"}], "zlib"}``: the wheels sorted by file,
what was built in the order of ``built``; the rest is what `metadata` finds in the wheel, and
*own* are those from the repository, of which `carried` tells more.  *zlib* is the version of
what compressed them.

The build backend runs in a virtual environment that holds its section and nothing else,
at a path that only depends on what is built: builds write it into what they make.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from build_backend import Backend
from build_environment import environment_of
from job import EPOCH, main, say, seal
from sdist import unpack
from unread_files import carried
from wheel_metadata import metadata

BUILD = Path("/ship/build")
ARCHIVAL = ".git_archival.txt"
"""Where ``git archive`` tells of the commit."""
AT_ONCE = 2
"""How many packages are built side by side; more would want more memory."""


def normalise(source: Path) -> None:
    """Give files the modes that git knows, and one time, so that wheels do not differ."""
    epoch = int(EPOCH)
    for path in [source, *source.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
            os.utime(path, (epoch, epoch))


def make(entry: dict[str, Any], job: Path, wheelhouse: Path, *, alone: bool) -> dict[str, Any]:
    """Build what one entry of ``built`` names; return the file's name, and what it carries."""
    title = entry["title"].partition(" sha256:")[0]
    say(f"building {title}")
    place = BUILD / hashlib.sha256(entry["title"].encode()).hexdigest()[:12]
    made = place / "made"
    made.mkdir(parents=True)
    section = job / entry["section"] if entry["section"] else None
    python = environment_of(section, job / (entry["wheels"] or ""), place / "env")
    mark = "  " if alone else f"  {title}: "
    # What is told of its commit is another wheel with every commit.
    traced = is_own(entry) and not entry["archival"]

    def copy(name: str) -> Path:
        return source_of(entry, job, place / name)

    backend = Backend(title, python, copy, mark, traced=traced)
    name = backend.build(made)
    shutil.move(made / name, wheelhouse / name)
    source = job / entry["source"]
    known = carried(source, wheelhouse / name, backend.notes) if traced else None
    return {"file": name, "carried": known}


def is_own(entry: dict[str, Any]) -> bool:
    """Tell whether an entry of ``built`` is of the repository."""
    return str(entry["source"]).startswith("tree/")


def source_of(entry: dict[str, Any], job: Path, folder: Path) -> Path:
    """Put the source of one entry into *folder*; return where its package lies."""
    if not is_own(entry):
        source = unpack(job / entry["source"], folder)
    else:
        # Alone: what is built beside it depends on what a cache knows.
        source = folder / entry["source"]
        shutil.copytree(job / entry["source"], source, symlinks=True)
        if entry["archival"]:
            # Some look at the top of the repository, or of the submodule that the package is
            # in, and for data files beside the package.
            top = folder / "tree"
            for place in {source, *(p for p in source.parents if p.is_relative_to(top))}:
                shutil.copyfile(job / entry["archival"], place / ARCHIVAL)
    normalise(source)
    return source


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
    entries = arguments["built"]
    alone = len(entries) == 1
    with ThreadPoolExecutor(AT_ONCE) as pool:
        made = list(pool.map(lambda e: make(e, job, wheelhouse, alone=alone), entries))
    built = {m["file"]: is_own(entry) for m, entry in zip(made, entries, strict=True)}
    wheels = [describe(path, built) for path in sorted(wheelhouse.iterdir())]
    return {"wheels": wheels, "built": made, "zlib": zlib.ZLIB_RUNTIME_VERSION}


if __name__ == "__main__":
    main(work)
