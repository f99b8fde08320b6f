"""List the files of pins in the package index, without downloading any.

job.json: ``{"index": {...}, "pins": [{"name", "version", "hashes": [hex]}]}``.
result.json: ``{"files": [[{"name", "url", "sha256", "size", "uploaded"}]]}``: for each pin the
files of its version that have one of its hashes.  *size* and *uploaded* (an ISO time) are null
if the index does not state them.  No URL has a login.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from index import Index
from index_listing import File
from job import Failed, index_environment, main, say
from packaging.version import Version


def listed(index: Index, pin: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the files of a pin, sorted by name.  Raises Failed if one is not listed."""
    wanted = set(pin["hashes"])
    version = Version(pin["version"])
    found = {
        str(file.sha256): file
        for file in index.files(pin["name"])
        if file.version == version and file.sha256 in wanted
    }
    if len(found) < len(wanted):
        raise Failed(
            f"{pin['name']}=={pin['version']}: the index does not list a file with each hash",
            "run HardenRequirements again, or set index_url to an index that lists hashes",
        )
    return [described(file) for file in sorted(found.values(), key=lambda file: file.name)]


def described(file: File) -> dict[str, Any]:
    """Return a file for the result."""
    parts = urlsplit(file.url)
    url = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    uploaded = file.uploaded.isoformat() if file.uploaded else None
    fields = {"name": file.name, "url": url, "sha256": file.sha256, "size": file.size}
    return {**fields, "uploaded": uploaded}


def work(arguments: dict[str, Any], job: Path, out: Path) -> dict[str, Any]:
    """List the files of all pins."""
    del out
    index = Index(arguments["index"], index_environment(arguments["index"], job))
    say(f"listing the files of {len(arguments['pins'])} packages")
    with ThreadPoolExecutor(8) as pool:
        return {"files": list(pool.map(partial(listed, index), arguments["pins"]))}


if __name__ == "__main__":
    main(work)
