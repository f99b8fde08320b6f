"""Registries of one test's own: with logins, over TLS, on a small disk."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from lab.ports import LOOPBACK, free_port
from lab.processes import Process
from lab.registries import PROGRAM, configuration

SECONDS = 20


@contextmanager
def private_registry(
    folder: Path, *, storage: Path | None = None, host: str = LOOPBACK, **more: Any
) -> Iterator[str]:
    """Serve a registry with *more* configuration by section; give its address."""
    if not shutil.which(PROGRAM):
        pytest.skip(f"{PROGRAM} is not installed")
    port = free_port()
    config = configuration(port, storage or folder / "storage")
    config["http"]["addr"] = f"{host}:{port}"
    for section, settings in more.items():
        config.setdefault(section, {}).update(settings)
    path = folder / "registry.yml"
    path.write_text(json.dumps(config))
    process = Process.start("private-registry", [PROGRAM, "serve", str(path)], folder)
    try:
        process.wait_until(lambda: _listens(host, port), SECONDS)
        yield f"{host}:{port}"
    finally:
        process.stop()


def _listens(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((host, port)) == 0
