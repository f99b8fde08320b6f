"""Guards: no network, and nothing outside of a folder changes."""

from __future__ import annotations

import atexit
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NoReturn
from unittest.mock import patch

from lab.soak.fuzz.promise import Broken, expect


def _denied(*_: Any, **__: Any) -> NoReturn:
    raise Broken("a reader used the network")


def _no_program(arguments: Any, *_: Any, **__: Any) -> NoReturn:
    # Docker's configuration may name any credential helper; here none is installed.
    if str(arguments[0]).startswith("docker-credential-") and "/" not in arguments[0]:
        raise FileNotFoundError
    raise Broken(f"a reader started a program: {arguments!r:.80}")


@contextmanager
def no_requests() -> Iterator[None]:
    """Let every attempt to use the network, or to start a program, raise Broken."""
    methods: Any = dict.fromkeys(("connect", "connect_ex", "sendto", "bind"), _denied)
    names: Any = dict.fromkeys(("getaddrinfo", "gethostbyname", "create_connection"), _denied)
    with (
        patch.multiple(socket.socket, **methods),
        patch.multiple(socket, **names),
        patch.object(subprocess, "Popen", _no_program),
    ):
        yield


@cache
def scratch_folder() -> Path:
    """Return a folder of this process for small files, removed at its end."""
    folder = Path(tempfile.mkdtemp(prefix="ship-fuzz-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@contextmanager
def closed_folder() -> Iterator[Path]:
    """Yield an empty folder inside a closed one; nothing may appear or change beside it.

    Relative paths of archives begin at the closed folder, which is the current one.
    """
    before = Path.cwd()
    with tempfile.TemporaryDirectory(prefix="ship-fuzz-") as name:
        closed = Path(name)
        (closed / "inner").mkdir()
        (closed / "canary").write_bytes(b"untouched")
        os.chdir(closed)
        try:
            yield closed / "inner"
        finally:
            os.chdir(before)
        names = sorted(entry.name for entry in os.scandir(closed))
        expect(names == ["canary", "inner"], f"outside of the folder: {names}")
        expect((closed / "canary").read_bytes() == b"untouched", "a file outside changed")
