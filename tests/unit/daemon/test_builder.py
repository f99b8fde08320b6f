"""Which builder an engine builds with, and what a stream of BuildKit says."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from copy import copy
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import attrs
import pytest

from buildbot_ship.daemon.engine import Engine
from buildbot_ship.daemon.images.builder import choose
from buildbot_ship.daemon.images.buildkit_progress import Output, Vertex, read_progress
from buildbot_ship.daemon.interface import Build
from buildbot_ship.daemon.shared.ownership import BUILD, OWNER
from buildbot_ship.errors import (
    BuildKitMissing,
    EngineError,
    EngineUnavailable,
    InvalidRequest,
    JobFailed,
    LimitExceeded,
)
from buildbot_ship.model.dockerfile.buildkit import BUILDKIT, CLASSIC
from buildbot_ship.model.request.settings import Limits
from buildbot_ship.store.ledger import Ledger
from tests.fakes.engine_api import API, EngineApi, engine_29

NAME = "ship.local/build:1"
RUN = "a.docker:2: RUN"


@pytest.mark.parametrize(
    ("value", "announced", "builder"),
    [
        ("", "2", BUILDKIT),
        ("", "1", CLASSIC),
        ("", "", CLASSIC),
        ("", None, CLASSIC),
        ("0", "2", CLASSIC),
        ("False", "2", CLASSIC),
        ("1", None, BUILDKIT),
        ("true", "1", BUILDKIT),
    ],
)
def test_the_variable_decides_and_else_the_engine(
    value: str, announced: str | None, builder: str
) -> None:
    assert choose({"DOCKER_BUILDKIT": value}, announced).builder == builder


def test_another_value_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="DOCKER_BUILDKIT: 'maybe' is neither 0 nor 1"):
        choose({"DOCKER_BUILDKIT": "maybe"}, "2")


def varint(number: int) -> bytes:
    low, rest = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + varint(rest) if rest else bytes([low])


def field(number: int, content: bytes | str) -> bytes:
    data = content.encode() if isinstance(content, str) else content
    return varint(number << 3 | 2) + varint(len(data)) + data


def trace(*parts: bytes) -> dict[str, str]:
    aux = base64.b64encode(b"".join(parts)).decode()
    return {"id": "moby.buildkit.trace", "aux": aux}


def vertex(digest: str, name: str, error: str = "") -> bytes:
    started = field(5, varint(1 << 3) + varint(1_795_909_687))
    failed = field(7, error) if error else b""
    return field(
        1, field(1, digest) + field(3, name) + varint(4 << 3) + b"\1" + started + failed
    )


def output(digest: str, text: bytes) -> bytes:
    return field(3, field(1, digest) + varint(3 << 3) + b"\1" + field(4, text))


def test_progress_is_read() -> None:
    known = (
        vertex("sha256:a", "[1/2] FROM x") + field(2, "status") + output("sha256:a", b"o\xff")
    )
    line = trace(known, varint(9 << 3 | 1) + bytes(8), varint(9 << 3 | 5) + bytes(4))["aux"]
    found = (Vertex("sha256:a", "[1/2] FROM x", started=True, error=""),)
    assert read_progress(line) == (found, (Output("sha256:a", b"o\xff"),))


@pytest.mark.parametrize("data", [b"\x0a\xff", b"\x0a\x05a", b"\x80" * 20, b"\x0b", b"\x0a"])
def test_damaged_progress_is_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"it |wire"):
        read_progress(base64.b64encode(data).decode())
    with pytest.raises(ValueError, match="base64"):
        read_progress("!")


@attrs.define
class Site:
    """An engine that plays BuildKit, and its client."""

    api: EngineApi
    engine: Engine
    folder: Path
    lines: list[str] = attrs.field(factory=list)

    def answer(self, *messages: dict[str, Any]) -> None:
        self.api.answers["POST /build"] = lambda: (200, messages)

    def build(self, **changes: Any) -> str:
        context = self.folder / "context.tar"
        context.write_bytes(b"a context")
        build = Build(context, "a.docker", NAME, {"2": RUN, "make 2": "a.docker:9: COPY"})
        build = attrs.evolve(build, **changes)
        return self.engine.build(build, out=self.folder / "out", log=self.lines.append)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    ledger = Ledger(tmp_path / "ledger", "tests", "unit")
    with engine_29(tmp_path) as api:
        environment = {"DOCKER_HOST": api.address, "DOCKER_BUILDKIT": "1"}
        yield Site(api, Engine(ledger, lambda: 1.0, environment, api=API), tmp_path)
    assert list(ledger.entries()) == []
    ledger.close()


DONE = {"id": "moby.image.id", "aux": {"ID": "sha256:1"}}


def failed(text: str) -> dict[str, Any]:
    return {"errorDetail": {"message": text}}


def test_a_build_prints_its_lines_and_is_saved(site: Site) -> None:
    site.answer(
        trace(vertex("a", "[1/2] FROM x"), vertex("b", "[2/2] RUN y")),
        trace(output("b", b"one\ntw"), output("a", b"other\n")),
        trace(output("b", b"o\r\n")),
        DONE,
    )
    site.api.answers["GET /images/.*/get"] = lambda: (200, "an archive")
    assert site.build(arguments={"A": "1"}) == BUILDKIT
    assert site.lines == ["[1/2] FROM x", "[2/2] RUN y", "  one", "  other", "  two"]
    assert (site.folder / "out").read_bytes() == b'"an archive"'
    (request,) = [seen for seen in site.api.seen if seen.startswith("POST")]
    query = parse_qs(urlsplit(request).query)
    assert (query["version"], query["t"], query["nocache"]) == (["2"], [NAME], ["1"])
    assert json.loads(query["buildargs"][0]) == {"A": "1"}
    assert set(json.loads(query["labels"][0])) == {OWNER, BUILD}
    assert {each["Name"] for each in json.loads(query["ulimits"][0])} == {
        "fsize",
        "nofile",
        "data",
    }
    assert b"a context" in site.api.bodies


@pytest.mark.parametrize(
    ("name", "error", "expected"),
    [
        ("[2/3] RUN x", "exit code: 3", f"{RUN}: exit code: 3"),
        ("[make  2/13] COPY x", "no x", "a.docker:9: COPY: no x"),
        ("[other 2/3] RUN x", "exit code: 3", "a.docker: exit code: 3"),
        ("x", "dockerfile parse error on line 7: unknown", "a.docker:7: dockerfile parse"),
        ("x", "dockerfile parse error line 7: unknown", "a.docker:7: dockerfile parse"),
    ],
)
def test_the_line_of_a_failure_is_found(
    site: Site, name: str, error: str, expected: str
) -> None:
    canceled = vertex("c", "[3/3] RUN z", "context canceled")
    site.answer(trace(canceled, vertex("b", name, error)), failed(error))
    with pytest.raises(JobFailed) as caught:
        site.build()
    assert str(caught.value).startswith(expected)


@pytest.mark.parametrize(
    ("printed", "error", "hint"),
    [
        (b"", "no active sessions", "needs a secret or a login"),
        (b"MemoryError", "exit code: 1", "raise the option memory"),
        (b"", "exit code: 1", "read the step's log"),
    ],
)
def test_a_failure_has_its_remedy(site: Site, printed: bytes, error: str, hint: str) -> None:
    site.answer(trace(vertex("b", "[2/2] RUN x"), output("b", printed)), failed(error))
    with pytest.raises(JobFailed) as caught:
        site.build()
    assert hint in caught.value.remedy


def test_an_image_above_the_limit_on_disk_is_refused(site: Site) -> None:
    sizes = {NAME: [5 << 20, 60 << 20, 30 << 20], "base:1": [30 << 20]}
    for name, each in sizes.items():
        layers = (200, [{"Size": size} for size in each])
        site.api.answers[f"GET /images/{name}/history"] = partial(copy, layers)
    site.api.answers["GET /images/.*/get"] = lambda: (200, "an archive")
    site.answer(DONE)
    with pytest.raises(LimitExceeded, match="67108864 bytes on disk"):
        site.build(base="base:1", limits=Limits(disk=64 << 20))
    assert not (site.folder / "out").exists()
    assert site.build(base="base:1", limits=Limits(disk=65 << 20)) == BUILDKIT


def test_damaged_progress_is_left_out(site: Site) -> None:
    site.answer({"id": "moby.buildkit.trace", "aux": {"x": 1}}, trace(b"\x0b"), failed("why"))
    with pytest.raises(JobFailed, match="why"):
        site.build()


def test_a_stream_without_a_result_is_no_success(site: Site) -> None:
    site.answer(trace(vertex("a", "[1/2] FROM x")))
    with pytest.raises(EngineUnavailable):
        site.build()


def test_a_refusal_is_an_error_of_the_engine(site: Site) -> None:
    site.api.answers["POST /build"] = lambda: (400, {"message": "no such parameter"})
    with pytest.raises(EngineError, match="no such parameter"):
        site.build()


def test_an_engine_that_takes_no_context_builds_with_the_classic_builder(site: Site) -> None:
    site.answer(failed("failed to read downloaded context: x"))
    site.api.answers["GET /images/json"] = lambda: (200, [])
    with pytest.raises(JobFailed, match="failed to read"):
        site.build()
    assert [seen.count("version=2") for seen in site.api.seen if "POST" in seen] == [1, 0]
    with pytest.raises(BuildKitMissing, match="a.docker:2: RUN --mount needs") as caught:
        site.build(needs=(f"{RUN} --mount", "a.docker:9: COPY --chmod"))
    assert caught.value.details.splitlines() == [f"{RUN} --mount", "a.docker:9: COPY --chmod"]


def test_what_needs_buildkit_does_not_reach_the_classic_builder(site: Site) -> None:
    site.engine.environment["DOCKER_BUILDKIT"] = ""
    with pytest.raises(BuildKitMissing, match="announces its classic builder only"):
        site.build(needs=(f"{RUN} --mount",))
    assert not [seen for seen in site.api.seen if seen.startswith("POST")]
