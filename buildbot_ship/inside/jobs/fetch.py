"""Download the files that a lock pins, by hash, without running any of their code.

job.json: ``{"index": {...}, "pins": [{"name", "version", "hashes": [hex], "marker", "place"}],
"known": [hex], "sections": {"N": [PIN]}}``; *place* is ``file:line`` for messages.
Out folder: ``dists/FILE`` for each pin, except files whose hash is in *known*, and
``build/N/FILE`` for section N of the build lock.
result.json: ``{"files": [{"file", "digest"}]}`` for the pins in their order; null for a pin
whose marker does not apply; and ``"warnings": [TEXT]``, one for each yanked version.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from threading import Lock
from typing import Any

from index import Index
from job import Failed, index_environment, main, say
from packaging.markers import Marker


def fetch(
    index: Index,
    pin: dict[str, Any],
    folder: Path,
    known: set[str],
    *,
    wheels_only: bool,
    warnings: set[str],
    shown: Callable[[str], None],
) -> dict[str, str] | None:
    """Download the file of one pin, unless its hash is in *known*.  Raises Failed.

    *shown* gets its name afterwards.
    """
    if pin["marker"] and not Marker(pin["marker"]).evaluate():
        return None
    try:
        chosen = index.choose(pin["name"], pin["version"], pin["hashes"])
        if wheels_only and chosen.is_sdist:
            raise Failed(
                f"{pin['name']}=={pin['version']} is needed to build, but there is no wheel of "
                "it for this interpreter",
                "constrain it to a version with a wheel, in build-system.requires of "
                'pyproject.toml, for example requires = ["numpy<2"]',
            )
        if chosen.yanked:
            warnings.add(
                f"{pin['place']}: {pin['name']}=={pin['version']} was yanked from the index: "
                "run HardenRequirements"
            )
        digest = str(chosen.sha256)
        if digest not in known:
            chosen, digest = index.choose_and_fetch(
                pin["name"], pin["version"], pin["hashes"], folder
            )
        shown(chosen.name)
    except Failed as failed:
        failed.why = f"{pin['place']}: {failed.why}"
        raise
    return {"file": chosen.name, "digest": digest}


def work(arguments: dict[str, Any], job: Path, out: Path) -> dict[str, Any]:
    """Download all files, eight at a time."""
    index = Index(arguments["index"], index_environment(arguments["index"], job))
    (out / "dists").mkdir()
    known = set(arguments["known"])
    warnings: set[str] = set()
    tasks = [(pin, out / "dists", known, False) for pin in arguments["pins"]]
    for number, section in arguments["sections"].items():
        folder = out / "build" / number
        folder.mkdir(parents=True)
        tasks += [(pin, folder, set(), True) for pin in section]
    numbers, lock = count(1), Lock()

    def shown(name: str) -> None:
        with lock:
            say(f"file {next(numbers)} of {len(tasks)}: {name}")

    say(f"fetching {len(tasks)} files by their hashes")
    with ThreadPoolExecutor(8) as pool:
        futures = [
            pool.submit(
                fetch, index, *task, wheels_only=wheels_only, warnings=warnings, shown=shown
            )
            for *task, wheels_only in tasks
        ]
        try:
            files = [future.result() for future in futures]
        except Failed:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return {"files": files[: len(arguments["pins"])], "warnings": sorted(warnings)}


if __name__ == "__main__":
    main(work)
