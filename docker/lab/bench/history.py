"""What the commits before it leave in a worker's cache, as builds of one line do."""

from __future__ import annotations

from pathlib import Path

from buildbot_ship.model.cache import Blob, Entry
from buildbot_ship.model.reference import digest_of
from buildbot_ship.store.disk_cache import DiskCache

BYTES = 2_000
"""Of a wheel of a few lines, and of its layer."""
WITH_BLOB, WITHOUT = ("wheel", "layer"), ("sources", "published")


def live_through(commits: int, state: Path) -> None:
    """Fill the cache below *state*, a worker's folder, with what *commits* leave."""
    store = DiskCache(state / "cache" / "trusted")
    file = state / "made"
    state.mkdir(parents=True)
    for number in range(commits):
        for kind in WITH_BLOB:
            data = f"{kind} {number}".encode().ljust(BYTES)
            file.write_bytes(data)
            blob = Blob(kind, digest_of(data), len(data))
            store.keep(_key(kind, number), Entry({}, (blob,)), {blob.digest: file})
            file.unlink()
        for kind in WITHOUT:
            store.keep(_key(kind, number), Entry({}), {})


def _key(kind: str, number: int) -> str:
    return f"{kind}-{number:064x}"
