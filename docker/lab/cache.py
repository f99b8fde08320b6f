"""The one folder outside the checkout that the lab writes to, and locks within it."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path


def cache_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the cache folder; everything in it is made again when it is deleted."""
    if own := environ.get("BUILDBOT_SHIP_CACHE"):
        return Path(own).absolute()
    if shared := environ.get("XDG_CACHE_HOME"):
        return Path(shared).absolute() / "buildbot-ship"
    return Path.home() / ".cache" / "buildbot-ship"


def recipe_key(recipe: Sequence[object]) -> str:
    """Return the name of what is made by a *recipe* of JSON values, once for each."""
    return hashlib.sha256(json.dumps(recipe).encode()).hexdigest()[:16]


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock that the kernel gives back when the process dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
