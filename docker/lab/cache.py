"""The cache folder, the only place outside the checkout that is written to, and its locks."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path


def cache_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the cache folder. It may be deleted; its content is created again."""
    if own := environ.get("BUILDBOT_SHIP_CACHE"):
        return Path(own).absolute()
    if shared := environ.get("XDG_CACHE_HOME"):
        return Path(shared).absolute() / "buildbot-ship"
    return Path.home() / ".cache" / "buildbot-ship"


def recipe_key(recipe: Sequence[object]) -> str:
    """Return the cache key of a *recipe*, a list of JSON values."""
    return hashlib.sha256(json.dumps(recipe).encode()).hexdigest()[:16]


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock. The kernel releases it when the process ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
