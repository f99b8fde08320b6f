"""A published image as its user runs it: pulled by digest, unprivileged, and gone again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import docker.errors
import requests

import docker

NOBODY = "65534:65534"
# Its own is /nonexistent, and some applications want to write there.
HOME = {"HOME": "/tmp"}  # noqa: S108  # in the container
SECONDS = 180
SHOWN = 300


class NotRunning(Exception):
    """An image that does not do what it should, and what it said."""


def run_image(
    client: docker.DockerClient,
    reference: str,
    arguments: Sequence[str],
    expect: str,
    labels: Mapping[str, str],
) -> None:
    """Pull an image, run it with arguments, remove it; raise NotRunning."""
    client.images.pull(reference)
    try:
        status, said = _run(client, reference, arguments, labels)
    finally:
        with suppress(docker.errors.APIError):
            client.images.remove(reference)
    if status != 0:
        raise NotRunning(f"exit status {status}: {last_words(said)}")
    if expect not in said:
        raise NotRunning(f"no {expect!r} in what it says: {last_words(said)}")


def last_words(said: str) -> str:
    """Return the end of an output in one line."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return (lines or ["silence"])[-1][-SHOWN:]


def _run(
    client: docker.DockerClient,
    reference: str,
    arguments: Sequence[str],
    labels: Mapping[str, str],
) -> tuple[int, str]:
    options: dict[str, Any] = {"labels": dict(labels), "cap_drop": ["ALL"], "init": True}
    options["environment"] = HOME
    container = client.containers.create(
        reference, list(arguments), user=NOBODY, network_mode="none", **options
    )
    try:
        container.start()
        status = int(container.wait(timeout=SECONDS)["StatusCode"])
        return status, container.logs().decode(errors="replace")
    except requests.exceptions.RequestException:
        raise NotRunning(f"no end after {SECONDS} s") from None
    finally:
        container.remove(force=True, v=True)
