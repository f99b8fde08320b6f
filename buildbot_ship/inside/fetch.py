"""Fetch the files that a lock names, by hash; nothing of theirs runs.

job.json: ``{"index": {...}, "pins": [{"name", "version", "hashes": [hex], "marker", "place"}],
"sections": [[PIN]]}``.  Out folder: ``dists/FILE`` for the pins, and
``build/N/FILE`` for section N of the build lock.  result.json: ``{"files": [FILE of each
pin]}``.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from index import Index
from job import Failed, index_environment, main, say
from packaging.markers import Marker


def fetch(
    index: Index, pin: dict[str, Any], folder: Path, *, wheels_only: bool
) -> dict[str, str] | None:
    """Fetch what one pin names.  Failures name file and line."""
    if pin["marker"] and not Marker(pin["marker"]).evaluate():
        return None
    try:
        chosen = index.choose(pin["name"], pin["version"], pin["hashes"])
        if wheels_only and chosen.is_sdist:
            raise Failed(
                f"{pin['name']}=={pin['version']} is needed to build, and has no wheel",
                "constrain it to a version that has a wheel for this interpreter",
            )
        digest = index.fetch(chosen, pin["hashes"], folder)
    except Failed as failed:
        failed.why = f"{pin['place']}: {failed.why}"
        raise
    return {"file": chosen.name, "digest": digest}


def work(arguments: dict[str, Any], job: Path, out: Path) -> dict[str, Any]:
    """Fetch everything, eight files at a time."""
    index = Index(arguments["index"], index_environment(arguments["index"], job))
    (out / "dists").mkdir()
    tasks = [(pin, out / "dists", False) for pin in arguments["pins"]]
    for number, section in enumerate(arguments["sections"]):
        folder = out / "build" / str(number)
        folder.mkdir(parents=True)
        tasks += [(pin, folder, True) for pin in section]
    say(f"fetching {len(tasks)} files by their hashes")
    with ThreadPoolExecutor(8) as pool:
        files = list(pool.map(lambda t: fetch(index, t[0], t[1], wheels_only=t[2]), tasks))
    return {"files": files[: len(arguments["pins"])]}


if __name__ == "__main__":
    main(work)
