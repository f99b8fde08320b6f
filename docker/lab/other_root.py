"""Build a Debian tree of the next suite with the Docker Engine that other_engine.py starts.

Run it as root with the system Python: `python3 -m lab.other_root`. The tree is stored unpacked
in the cache and mounted read-only. A cached tree is not built again.
"""

from __future__ import annotations

import platform
import shutil
import sys
from pathlib import Path

from lab.cache import cache_folder, locked, recipe_key
from lab.debian import bootstrap_argv, refuse_to_make_in_vain, run_logged
from lab.errors import LabError

SUITE = "trixie"
PACKAGES = ("docker.io", "iptables", "ca-certificates")
FORMAT = 1
# Files that apt can download again.
LEFT_OUT = ("var/cache/apt", "var/lib/apt/lists", "usr/share/doc", "usr/share/locale")


def root_folder(cache: Path) -> Path:
    """Return the folder for the tree of this recipe."""
    recipe = [FORMAT, SUITE, PACKAGES, LEFT_OUT, platform.machine()]
    return cache / "other-engine" / recipe_key(recipe)


def make_root(cache: Path) -> Path:
    """Return the tree; build it unless it is in the cache."""
    folder = root_folder(cache)
    with locked(folder.parent / "lock"):
        if not folder.exists():
            refuse_to_make_in_vain("the root file system of the second engine")
            scratch = folder.with_suffix(".new")
            # We hold the lock, so an existing folder is from an interrupted attempt.
            shutil.rmtree(scratch, ignore_errors=True)
            _make(scratch, folder.with_suffix(".log"))
            scratch.replace(folder)
    return folder


def _make(root: Path, log: Path) -> None:
    run_logged(bootstrap_argv(SUITE, PACKAGES, root), log)
    for path in LEFT_OUT:
        shutil.rmtree(root / path, ignore_errors=True)


if __name__ == "__main__":
    try:
        make_root(cache_folder())
    except LabError as error:
        sys.exit(str(error))
