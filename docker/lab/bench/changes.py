"""The repository that every flow ships, and what a developer changes in it.

It is the benchmark's application, so that figures of different commits are comparable, with the
files of the other flows beside: each flow sees the same commits of the same tree.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from lab.bench.figures import COLD, NO_CHANGE, ONE_DEPENDENCY, ONE_LINE
from lab.errors import LabError
from lab.pins import pin
from lab.settings import host_ca_bundle

BENCH = Path(__file__).resolve().parents[3] / "tests" / "bench"
APPLICATION, FLOW_FILES = BENCH / "application", BENCH / "flows"
CODE = "src/fancycalculator/__init__.py"
STRICT = "requirements.strict.txt"
LINE, NEW_LINE = "PATIENCE_SECONDS = 30", "PATIENCE_SECONDS = 31"
# A pure wheel of the usual size, which the page needs, and the release before.
MOVED = "urllib3"
NEW_PIN = """\
urllib3==2.7.0 \\
    --hash=sha256:9fb4c81ebbb1ce9531cce37674bbc6f1360472bc18ca9a553ede278ef7276897
    # via requests
"""
CA_BUNDLE = "ca-bundle.pem"
BUILD_LOCK = "requirements.build.txt"
OWN_PACKAGE = "#: package ."
CACHE_MOUNT = "--mount=type=cache,"


def first_files(bases: Mapping[str, str], mark: str) -> dict[str, bytes]:
    """Return the files of the first commit, its FROM lines on *bases* by repository name.

    The *mark* is in the names of the caches that Dockerfiles mount, so they begin empty.
    """
    folders = ((APPLICATION, ""), (FLOW_FILES, "bench/"))
    files = {
        f"{prefix}{path.relative_to(folder)}": path.read_bytes()
        for folder, prefix in folders
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
    for name in [name for name in files if name.endswith(".docker")]:
        text = pin(files[name].decode(), bases)
        files[name] = text.replace(CACHE_MOUNT, f"{CACHE_MOUNT}id={mark},").encode()
    files[".dockerignore"] = b".git\n"
    if bundle := host_ca_bundle():
        files[CA_BUNDLE] = bundle.read_bytes()
    return files


def change(situation: str, tree: Path) -> str | None:
    """Make the change of a situation in a tree; return what it is, None where there is none."""
    if situation in (COLD, NO_CHANGE):
        return None
    path, edit = EDITS[situation]
    text = (tree / path).read_text(encoding="utf-8")
    (tree / path).write_text(edit(text), encoding="utf-8")
    return f"{situation}: {path}"


def edit_line(text: str) -> str:
    """Return the code with one line changed."""
    return _replaced(re.escape(LINE), NEW_LINE, text)


def move_dependency(text: str) -> str:
    """Return the strict file with one dependency at its release before."""
    pinned = rf"^{MOVED}==(?:.*\\\n)+.*\n(?:    #.*\n)*"
    return _replaced(pinned, NEW_PIN, text)


def own_package_lock(folder: str) -> str:
    """Return the application's build lock for one own package in *folder*, and nothing else."""
    lock = (APPLICATION / BUILD_LOCK).read_text(encoding="utf-8")
    return f"#: package {folder}\n{lock.partition(OWN_PACKAGE)[2]}"


def _replaced(pattern: str, new: str, text: str) -> str:
    changed, count = re.subn(pattern, lambda _: new, text, flags=re.MULTILINE)
    if count != 1 or changed == text:
        line = new.splitlines()[0]
        raise LabError(f"the application has {count} places for {line!r}, not one")
    return changed


EDITS = {ONE_LINE: (CODE, edit_line), ONE_DEPENDENCY: (STRICT, move_dependency)}
