"""What a neighbour on this machine sees: processes, and objects in the engine."""

from __future__ import annotations

import json
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import docker.errors

import docker

ARGUMENTS, ENVIRONMENTS = "the arguments of processes", "the environments of processes"
OBJECTS = "containers, networks and volumes"
PLACES = (ARGUMENTS, ENVIRONMENTS, OBJECTS)
_PAUSE, _ENGINE_PAUSE = 0.02, 0.25
Seen = dict[str, set[bytes]]


@contextmanager
def watching() -> Iterator[Seen]:
    """Look around in threads until the end; yield what was seen in each place."""
    seen: Seen = defaultdict(set)
    end = threading.Event()
    threads = [
        threading.Thread(target=look, args=(seen, end)) for look in (_processes, _objects)
    ]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        end.set()
        for thread in threads:
            thread.join()


def _processes(seen: Seen, end: threading.Event) -> None:
    while not end.is_set():
        for path in Path("/proc").glob("[0-9]*"):
            for name, place in (("cmdline", ARGUMENTS), ("environ", ENVIRONMENTS)):
                # It may have ended meanwhile.
                with suppress(OSError):
                    seen[place].add((path / name).read_bytes())
        time.sleep(_PAUSE)


def _objects(seen: Seen, end: threading.Event) -> None:
    client = docker.from_env()
    while not end.wait(_ENGINE_PAUSE):
        found = [client.api.networks(), client.api.volumes()]
        for container in client.api.containers(all=True):
            with suppress(docker.errors.NotFound):
                found.append(client.api.inspect_container(container["Id"]))
        seen[OBJECTS].update(json.dumps(each).encode() for each in found)
    client.close()
