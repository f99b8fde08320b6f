"""Everything that a round leaves: files, pages of the master, images."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests

import docker
from lab.errors import LabError
from lab.rest import Json, Rest
from lab.soak.secrets.scene import APP, Scene

MASTER, PAGES = "the files of the master", "the pages of the master"
WORKER, LOGS = "the files of the worker", "the logs of processes"
STORAGE, IMAGE = "the files of the registry", "the image"
PLACES = (MASTER, PAGES, WORKER, LOGS, STORAGE, IMAGE)
_BASE = 20 * 1024**2
"""Bytes: larger layers of an image are those of the base, which nobody built here."""
Piece = tuple[str, bytes]
"""Where exactly, and what is there."""


def everything(scene: Scene, commit: str, since: float) -> Iterator[tuple[str, Piece]]:
    """Yield what there is, with its place; files of the registry if newer than *since*."""
    worker = scene.worker.settings.worker_name
    run = scene.run.folder
    places = {
        MASTER: _files(scene.master.folder, without=scene.master.folder / "secrets"),
        WORKER: (piece for name in (worker, f"{worker}.state") for piece in _files(run / name)),
        LOGS: ((str(path), path.read_bytes()) for path in run.glob("*.log")),
        STORAGE: _files(scene.storage, since=since),
        PAGES: pages(scene.master.rest),
        IMAGE: image(scene, commit),
    }
    for place, pieces in places.items():
        for piece in pieces:
            yield place, piece


def _files(folder: Path, without: Path | None = None, since: float = 0.0) -> Iterator[Piece]:
    for path in sorted(folder.rglob("*")):
        if without is not None and path.is_relative_to(without):
            continue
        if path.is_file() and not path.is_symlink() and path.stat().st_mtime >= since:
            yield str(path), str(path).encode() + b"\n" + path.read_bytes()


def pages(rest: Rest) -> Iterator[Piece]:
    """Yield what the REST API says of all builds: properties, steps, logs and data."""
    for path in ("changes", "buildrequests", "buildsets", "workers", "builders"):
        yield path, json.dumps(rest.get(path)).encode()
    for build in rest.get("builds")["builds"]:
        number = build["buildid"]
        yield f"build {number}", json.dumps(rest.build(number)).encode()
        data = rest.get(f"builds/{number}/data")["build_data"]
        for each in data:
            yield f"build {number}, {each['name']}", rest.data(number, each["name"]).encode()
        for step in rest.steps(number):
            place = f"build {number}, {step['name']}"
            yield place, json.dumps(step).encode()
            yield from _logs(rest, step, place)


def _logs(rest: Rest, step: Json, place: str) -> Iterator[Piece]:
    for log in rest.get(f"steps/{step['stepid']}/logs")["logs"]:
        raw = requests.get(f"{rest.url}api/v2/logs/{log['logid']}/raw", timeout=30)
        yield f"{place}, {log['name']}", raw.content


def image(scene: Scene, commit: str) -> Iterator[Piece]:
    """Yield the published image as the engine has it after a pull: files, config, history."""
    client = docker.from_env()
    login = {"username": "robot", "password": scene.planted.values["registry-password"]}
    name = f"{scene.servers.registry}/team/{APP}"
    lines = [*client.api.pull(name, commit, stream=True, decode=True, auth_config=login)]
    if "error" in lines[-1]:
        # The SDK's pull of an image would say that there is no such image.
        raise LabError(f"{name}:{commit} cannot be pulled: {lines[-1]}")
    pulled: Any = client.images.get(f"{name}:{commit}")
    try:
        yield "docker inspect", json.dumps(pulled.attrs).encode()
        yield "docker history", json.dumps(pulled.history()).encode()
        saved = b"".join(pulled.save())
        with tarfile.open(fileobj=io.BytesIO(saved)) as archive:
            for member in archive:
                file = archive.extractfile(member) if member.size < _BASE else None
                if file is not None:
                    yield f"docker save, {member.name}", file.read()
    finally:
        client.images.remove(f"{name}:{commit}")
        client.close()
