"""Write a journal into the database of a master that does not run yet.

`python -m tests.buildbot.journal_seed FOLDER IMAGES BUILDS MORE` writes BUILDS publications of
IMAGES images.  Each image has MORE packages than the few that its application requires.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from lab.soak.masters import close_master, open_master, run_in_reactor

from buildbot_ship.model.artefact import Package
from buildbot_ship.model.journal.entries import BuildName, OwnedBase, Publication, to_json
from buildbot_ship.steps.journal import Journal
from tests.unit.model.journal.samples import digest

HOST = "127.0.0.1:5000/team"
BASE = f"{HOST}/python311-slim"
FIRST, SECOND = "2026-09-01T04-50-00-000000", "2026-10-01T04-50-00-000000"
SCRIPT = "<img src=x onerror=document.title='broken'>"
"""A text that comes out of a build, and must not become HTML."""


def packages(version: int, more: int = 0, image: int = 0) -> dict[str, Package]:
    """Return the packages of the *version* of an *image*, and *more* that it requires."""
    many = {f"package-{number}": Package("1.0") for number in range(more)}
    return {
        "app": Package(f"1.{version}", ("requests", *many)),
        "requests": Package("2.32.0", ("urllib3",)),
        "urllib3": Package("2.2.1" if version % 4 < 2 else "2.5.0"),
        **({f"own-{image}": Package("1.0")} if more else {}),
        **many,
    }


def publication(number: int, image: int, kept: str) -> Publication:
    """Return the publication *number* of all, of one *image*."""
    name = "shop" if image == 0 else f"app-{image}"
    commit = f"{number:040x}"
    day, hour = divmod(number, 24)
    return Publication(
        image=name,
        repository=f"{HOST}/{name}",
        commit=commit,
        reference=f"{HOST}/{name}:{commit}",
        digest=digest(number),
        size=60_000_000 + number * 1_000_000 % 17_000_000,
        base=f"{BASE}:{FIRST}@{digest(7)}",
        packages=kept,
        tested=True,
        verified=number % 2 == 0,
        build=BuildName(number + 1, number + 1, 1, "ship"),
        at=f"2026-10-{1 + day % 28:02}T{hour:02}:{number % 60:02}:00+00:00",
    )


async def seed(folder: Path, images: int, builds: int, more: int) -> None:
    """Write the journal."""
    master = await open_master(folder)
    journal = Journal(master)
    for tag, changes in ((FIRST, ()), (SECOND, ("openssl 3.0.1 -> 3.0.2", SCRIPT))):
        source = "docker.io/library/python:3.11-slim"
        build = BuildName(1, 1, 2, "retag")
        await journal.write(
            OwnedBase(BASE, source, f"{BASE}:{tag}", digest(7), changes, build, f"{tag[:10]}")
        )
    rows: list[Publication] = []
    for number in range(builds):
        image = number % images
        kept = await journal.keep_packages(packages(number // images, more, image))
        rows.append(publication(number, image, kept))
    await write_all(master, journal, rows)
    await master.db.pool.do(lambda connection: insert_builds(master, connection, builds))
    await close_master(master)


async def write_all(master: Any, journal: Journal, entries: list[Publication]) -> None:
    """Write *entries* after what is there, in one transaction."""
    object_id = await master.db.state.getObjectId("journal", "buildbot_ship.steps.journal")
    values = [
        {
            "objectid": object_id,
            "name": f"{journal.last + 1 + place:012}",
            "value_json": json.dumps({**to_json(entry), "writer": str(place)}),
        }
        for place, entry in enumerate(entries)
    ]

    def insert(connection: Any) -> None:
        connection.execute(master.db.model.object_state.insert(), values)
        connection.commit()

    await master.db.pool.do(insert)


def insert_builds(master: Any, connection: Any, count: int) -> None:
    """Insert *count* builds that have ended."""
    model, begun = master.db.model, 1_790_000_000
    connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
    values = [
        {
            "id": number,
            "number": number,
            "builderid": 1,
            "buildrequestid": 1_000_000 + number,
            "masterid": 1,
            "started_at": begun + number,
            "complete_at": begun + number + 5,
            "locks_duration_s": 0,
            "state_string": "build successful",
            "results": 0,
        }
        for number in range(1, count + 1)
    ]
    connection.execute(model.builds.insert(), values)
    connection.commit()


if __name__ == "__main__":
    place, *numbers = sys.argv[1:]
    run_in_reactor(seed(Path(place), *map(int, numbers)))
