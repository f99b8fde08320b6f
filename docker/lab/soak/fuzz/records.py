"""Targets: requests, records, and what containers and git write."""

from __future__ import annotations

import socket
from pathlib import Path

from buildbot_ship.daemon.containers import streams
from buildbot_ship.model.application.dependency_closure import find_closure
from buildbot_ship.model.artefact import Image, Pex, Wheel, Wheelhouse
from buildbot_ship.model.json_text import read_json
from buildbot_ship.model.request import Envelope
from buildbot_ship.model.request.wire import envelope_from_json, envelope_to_json
from buildbot_ship.source.git_command import fault_of
from buildbot_ship.source.tree_listing import Pointer
from buildbot_ship.steps.base.result_file import parse
from buildbot_ship.store.disk_cache import DiskCache
from buildbot_ship.store.ledger import Ledger
from buildbot_ship.store.work_folder import Work
from lab.soak.fuzz import record_samples as samples
from lab.soak.fuzz.guard import scratch_folder
from lab.soak.fuzz.promise import PLANTED, attempt, expect, same
from lab.soak.fuzz.samples import REQUIREMENT_WORDS
from lab.soak.fuzz.target import json_target, text_target

COMMIT = "0" * 40


def request(data: bytes) -> None:
    """Read *data* as the request that a step sends, with its force parameters."""
    try:
        value = read_json(data)
    except ValueError as error:
        expect(PLANTED not in str(error), "the error has the secret")
        return
    envelope = attempt(lambda: envelope_from_json(value))
    if envelope is not None:
        for secret in envelope.secrets():
            expect(isinstance(secret, str), "a secret is no text")
        same(envelope_from_json(envelope_to_json(envelope)), envelope, "a request")
        _check_words(envelope)


def _check_words(envelope: Envelope) -> None:
    """See that no field that becomes an argument of git looks like an option."""
    for field in (
        "revision",
        "branch_prefix",
        "topic",
        "remote",
        "image",
        "dockerfile",
        "target",
    ):
        value = getattr(envelope.request, field, "")
        if isinstance(value, str):
            expect(not value.startswith("-"), f"{field} is an option: {value!r}")
            expect(value.isprintable(), f"{field} has a control character")


def result(data: bytes) -> None:
    """Read *data* as the result file of a verb, on the master."""
    for status in (0, 1, None):
        attempt(lambda code=status: parse(data, "push", code))  # type: ignore[misc]


def record(data: bytes) -> None:
    """Read *data* as a record of the work folder, an entry of the ledger and of the cache."""
    root = scratch_folder()
    for kind in ("wheelhouse-all", "pex-app", "image-app"):
        _write(root / "records" / f"{kind}.json", data)
    for wanted, key in ((Wheelhouse, "all"), (Pex, "app"), (Image, "app")):
        attempt(lambda w=wanted, k=key: Work(root).find(w, COMMIT, k))  # type: ignore[misc]
    _write(root / "ledger" / "container-a.json", data)
    ledger = Ledger(root / "ledger", "work", "build")
    attempt(lambda: list(ledger.entries()))
    _write(root / "cache" / "entries" / "key.json", data)
    entry = attempt(lambda: DiskCache(root / "cache").find("key"))
    for blob in () if entry is None else entry.blobs:
        expect("/" not in blob.digest, "a blob leaves its folder")


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def stream(data: bytes) -> None:
    """Read *data* as the output stream of a container."""
    lines: list[str] = []
    near, far = socket.socketpair()
    with far:
        far.sendall(data)
        far.shutdown(socket.SHUT_WR)
        total = sum(map(len, streams.Streams(near).receive(lines.append)))
    expect(total <= len(data), "more was received than sent")
    expect(all(len(line) <= 2 * streams.MAX_LINE for line in lines), "a line is too long")


def git_output(data: bytes) -> None:
    """Read *data* as output of git, and as a Git LFS pointer."""
    pointer = Pointer.parse(data)
    if pointer is not None:
        expect(len(pointer.oid) == 64 and pointer.size >= 0, "a pointer has no size")
    error = fault_of("the commit", data.decode("utf-8", "replace"))

    def fail() -> None:
        raise error

    attempt(fail)
    expect(f":{samples.PASSWORD}@" not in str(error), "the message has the password")


def wheel_requirements(data: bytes) -> None:
    """Read *data* as the requirements of a wheel, one a line."""
    requires = tuple(data.decode("utf-8", "replace").split("\n"))
    wheels = (
        Wheel("own-1.0-py3-none-any.whl", "sha256:0", 1, requires=requires, provides=("x",)),
        Wheel("six-1.0-py3-none-any.whl", "sha256:0", 1),
    )
    house = Wheelhouse(COMMIT, "base", "", wheels)
    found = attempt(lambda: find_closure(["own[x]"], house, samples.MARKERS, "app.pex"))
    expect(
        found is None or len(found.wheels) <= 2, "there are more wheels than the wheelhouse has"
    )


TARGETS = (
    text_target("wheel metadata", wheel_requirements, samples.REQUIRES, REQUIREMENT_WORDS),
    json_target("request", request, samples.REQUESTS),
    json_target("result", result, samples.RESULTS),
    json_target("record", record, samples.RECORDS, weight=1),
    text_target("container stream", stream, samples.STREAMS, samples.STREAM_WORDS),
    text_target("git output", git_output, samples.GIT, samples.GIT_WORDS),
)
