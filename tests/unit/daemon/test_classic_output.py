"""How the output of the classic builder becomes lines of the log."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from buildbot_ship.daemon.images.image_build import ClassicBuild
from buildbot_ship.daemon.interface import Build
from buildbot_ship.errors import JobFailed


class Client:
    """An engine whose builder prints *messages*."""

    def __init__(self, *messages: dict[str, Any]) -> None:
        self.messages = messages

    def images(self, **_: object) -> list[str]:
        return []

    def build(self, **_: object) -> Any:
        return iter(self.messages)


def run(folder: Path, *messages: dict[str, Any]) -> list[str]:
    context = folder / "context.tar"
    context.write_bytes(b"")
    lines: list[str] = []
    build = Build(context, "a.docker", "ship.local/build:1", {"Step 2": "a.docker:2: RUN"})
    ClassicBuild(Client(*messages), build, {}, lambda _: None, lambda _: None).run(lines.append)
    return lines


def streams(*texts: str) -> list[dict[str, Any]]:
    return [{"stream": text} for text in texts]


def test_steps_are_headings_and_output_is_indented_in_whole_lines(tmp_path: Path) -> None:
    parts = ("Step 1/2 : FROM x\n", "Step 2/2 : RUN y\n", "Read", "ing 5%\r", "10%\r\n", "\n")
    assert run(tmp_path, *streams(*parts, "rest", "Step 3/3 : USER z\n", "end")) == [
        "Step 1/2 : FROM x",
        "Step 2/2 : RUN y",
        "  Reading 5%\r10%\r",
        "  rest",
        "Step 3/3 : USER z",
        "  end",
    ]


def test_the_last_line_before_a_failure_is_in_its_details(tmp_path: Path) -> None:
    said = streams("Step 2/2 : RUN y\n", "no line end")
    with pytest.raises(JobFailed) as caught:
        run(tmp_path, *said, {"errorDetail": {"message": "code: 3"}})
    assert str(caught.value).startswith("a.docker:2: RUN: code: 3")
    assert caught.value.details == "Step 2/2 : RUN y\n  no line end"
