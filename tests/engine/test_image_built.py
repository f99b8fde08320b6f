"""Images whose Dockerfile only the engine can follow."""

from __future__ import annotations

import re
from typing import Any

import attrs
import pytest

from buildbot_ship.errors import EngineError, JobFailed, LimitExceeded
from buildbot_ship.model.image.manifest import list_blobs
from buildbot_ship.model.reference import Reference, digest_of
from buildbot_ship.model.request.settings import Limits
from buildbot_ship.store.work_folder import Work

from .yard import FILES, Yard

RUN = (
    "FROM {base}\nENV A=1\nRUN mkdir /made && echo $A > /made/x && chown 5:6 /made/x\n"
    'COPY app.pex /\nLABEL team=blue\nENTRYPOINT ["/app.pex"]\n'
)
STAGES = (
    "ARG BASE={base}\nFROM $BASE AS build\nCOPY a.txt /from\nRUN cat /from /from > /twice\n"
    "FROM $BASE\nCOPY --from=build /twice /twice\nADD sub /sub\n"
)


def left(yard: Yard) -> list[str]:
    """Return the images and containers of our builds that are still there."""
    api = yard.client.api
    base = yard.client.images.get(yard.base).id
    images, containers = api.images(all=True, quiet=True), api.containers(all=True)
    there = {*images, *(f"sha256:{found['Id']}" for found in containers)} - {base}
    said = {line.split()[-1] for line in yard.lines if line.startswith(" ---> ")}
    assert said, "the builder says what it makes"
    return [name for name in there if any(name.startswith(f"sha256:{short}") for short in said)]


@pytest.mark.parametrize("text", [RUN, STAGES], ids=["RUN", "stages"])
def test_the_engine_builds_what_we_do_not(yard: Yard, text: str) -> None:
    dockerfile = text.format(base=yard.base)
    ours, theirs = yard.assemble(dockerfile), yard.build(dockerfile)
    assert yard.config(ours.loaded_as) == yard.config(theirs)
    assert yard.files(ours.loaded_as) == yard.files(theirs)


def test_its_record_is_like_every_other(yard: Yard) -> None:
    record = yard.assemble(RUN.format(base=yard.base))
    work = Work(yard.folder / "work")
    folder = work.image("app")
    manifest = (folder / "manifest.json").read_bytes()
    assert digest_of(manifest) == record.manifest_digest
    assert digest_of((folder / "config.json").read_bytes()) == record.image_id
    _, *layers = list_blobs(manifest, Reference.parse(record.base))
    own = [layer.digest for layer in record.layers]
    assert [layer.digest for layer in layers][-len(own) :] == own
    files = [digest_of(work.layer(digest).read_bytes()) for digest in own]
    assert files == own
    found = yard.client.api.inspect_image(record.loaded_as)
    assert found["Created"] == "2026-11-23T04:50:49Z"
    assert not [name for name in found["Config"]["Labels"] if "buildbot-ship" in name]
    assert yard.run(record.loaded_as, "x").startswith("hello x")


def test_the_summary_says_which_line_is_why(yard: Yard) -> None:
    result = yard.ship(STAGES.format(base=yard.base))
    yard.made.append(result.properties["ship_image_app"]["loaded_as"])
    assert result.summary.endswith("; not reproducible: RUN in app.docker:4")
    assert any(re.match(r"Step 4/\d+ : RUN cat", line) for line in yard.lines)


def test_nothing_is_left_of_a_build(yard: Yard) -> None:
    record = yard.assemble(STAGES.format(base=yard.base))
    assert left(yard) == []
    names = {entry.name for entry in yard.ledger.entries()}
    assert {name for name in names if "sha256" in name or "/build/" in name} == set()
    assert record.loaded_as in names


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("RUN true\nRUN echo so && \\\n  exit 3\n", "3: RUN", "returned a non-zero code: 3"),
        ("RUN true\nCOPY nowhere /\n", "3: COPY", "COPY failed: file not found"),
    ],
)
def test_a_line_that_fails_is_named(yard: Yard, text: str, line: str, why: str) -> None:
    with pytest.raises(JobFailed, match=f"^app.docker:{line}: .*{why}") as caught:
        yard.ship(f"FROM {yard.base}\n{text}")
    assert "RUN true" in caught.value.details
    assert left(yard) == []


def test_a_build_ends_in_time(yard: Yard) -> None:
    slow: Any = attrs.evolve(yard, limits=Limits(seconds=8))
    with pytest.raises(LimitExceeded, match="8 seconds"):
        slow.ship(f"FROM {yard.base}\nRUN sleep 300\n")
    assert left(yard) == []


def test_a_base_that_the_engine_knows_otherwise_is_refused(yard: Yard) -> None:
    repository = f"{yard.base.partition('/')[0]}/tests/images-moved"
    built = yard.build(f"FROM {yard.base}\nCOPY sub/c /marker\n")
    yard.client.api.tag(built, repository, "1")
    yard.client.api.push(repository, "1")
    yard.client.api.tag(yard.base, repository, "1")
    yard.made.append(f"{repository}:1")
    with pytest.raises(EngineError, match="was not built on"):
        yard.ship(f"FROM {repository}:1\nRUN true\n", files=FILES)
