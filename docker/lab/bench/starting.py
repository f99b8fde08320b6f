"""From `docker run` to the first answer over HTTP."""

from __future__ import annotations

import http.client
import subprocess
import time
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import docker
from lab.errors import LabError
from lab.ports import LOOPBACK, free_port
from lab.runs import Run

PORT = 8080
ARGUMENTS = (f"--listen=tcp:{PORT}",)
# A page that the application has not: its own router says so, and asks no other service.
PATH, STATUS = "/no-such-page", http.HTTPStatus.NOT_FOUND
LOOK_SECONDS = 0.01
PATIENCE_SECONDS = 60.0


def seconds_to_answer(run: Run, reference: str, arguments: Sequence[str] = ARGUMENTS) -> float:
    """Run an image that the engine holds; return the seconds, and leave no container."""
    name, port = f"{run.name}-{uuid.uuid4().hex[:8]}", free_port()
    labels = [f"--label={key}={value}" for key, value in run.labels.items()]
    published = f"--publish={LOOPBACK}:{port}:{PORT}"
    argv = ["docker", "run", "--detach", f"--name={name}", published, *labels, reference]
    begun = time.perf_counter()
    done = subprocess.run([*argv, *arguments], check=False, capture_output=True, text=True)
    try:
        if done.returncode != 0:
            raise LabError(f"docker run {reference}: {done.stderr.strip()}")
        while (status := _ask(port)) is None:
            if time.perf_counter() - begun > PATIENCE_SECONDS:
                raise LabError(f"{reference} does not answer:\n{_said(name)}")
            time.sleep(LOOK_SECONDS)
        seconds = time.perf_counter() - begun
        if status != STATUS:
            raise LabError(f"{reference} answers {status}, not {STATUS}:\n{_said(name)}")
        return seconds
    finally:
        subprocess.run(["docker", "rm", "--force", name], check=False, capture_output=True)


def seconds_to_all_answers(run: Run, references: Sequence[str]) -> float:
    """Run images at the same time; return the seconds until all have answered."""
    with ThreadPoolExecutor(len(references)) as pool:
        return max(pool.map(partial(seconds_to_answer, run), references))


def _ask(port: int) -> int | None:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=PATIENCE_SECONDS)
    try:
        connection.request("GET", PATH)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        # Docker's own proxy accepts before the application listens.
        return None
    finally:
        connection.close()


def _said(name: str) -> str:
    return str(docker.from_env().containers.get(name).logs(tail=25).decode(errors="replace"))
