"""The core of `tests/corpus --quick`: built twice in other environments, compared, run."""

from __future__ import annotations

from typing import Any

import pytest
from lab.corpus.__main__ import make_ground, try_all
from lab.corpus.apps import CORPUS
from lab.corpus.report import closing_line, passed, report
from lab.runs import Run

import docker

SMALL = ("pages", "netifaces")


def names_in_the_engine(client: docker.DockerClient, address: str) -> set[str]:
    names = set()
    for image in client.images.list():
        names |= {*image.tags, *(image.attrs.get("RepoDigests") or [])}
    shipped = tuple(f"ship.local/{name}:" for name in SMALL)
    ours = {name for name in names if name.startswith((f"{address}/corpus/", *shipped))}
    return {name for name in ours if "/python311" not in name}


@pytest.mark.long
def test_an_own_package_and_a_c_extension_are_identical_and_run(
    lab_run: Run, own_registry: Any, bases: Any, client: docker.DockerClient
) -> None:
    apps = [app for app in CORPUS if app.name in SMALL]
    ground = make_ground(lab_run, bases, own_registry.address)
    rows = try_all(apps, ground, jobs=2)
    assert passed(rows), report(rows)
    assert closing_line(rows) == "identical: 2 of 2, running: 2 of 2"
    assert [(row.name, row.built) for row in rows] == [("pages", 1), ("netifaces", 1)]
    assert names_in_the_engine(client, own_registry.address) == set()
