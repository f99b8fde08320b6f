from __future__ import annotations

import pytest

from buildbot_ship.errors import InvalidFile
from buildbot_ship.model.dockerfile.copied_paths import copied_sources

HEAD = "FROM a:1 AS make\nFROM b:1\n"


def of(*lines: str) -> tuple[str, ...] | None:
    return copied_sources((HEAD + "\n".join(lines)).encode(), "pq.docker")


@pytest.mark.parametrize(
    ("line", "sources"),
    [
        ("COPY a b/ /x/", ("a", "b")),
        ("COPY /a ./b/../c /x/", ("a", "c")),
        ("COPY . /x", (".",)),
        ("COPY --chown=1:1 conf/*.txt /x/", ("conf/*.txt",)),
        ("ADD a https://example.com/x git@example.com:y /x/", ("a",)),
        ("COPY --from=make /made /x", ()),
        ("COPY --from=0 /made /x", ()),
        ("RUN cp a b", ()),
        ("ONBUILD COPY a /x", ()),
        ("COPY a <<'E' /x/\nb\nE", ("a",)),
        ("RUN --mount=type=bind,source=a/b,target=/x --mount=src=/c,target=/y z", ("a/b", "c")),
        ("RUN --mount=target=/x z", (".",)),
        ("RUN --mount=type=bind,from=make,target=/x --mount=type=cache,target=/y z", ()),
    ],
)
def test_what_is_taken_is_read_from_the_lines(line: str, sources: tuple[str, ...]) -> None:
    assert of(line) == sources


@pytest.mark.parametrize("line", ["COPY $A /x", 'COPY ["a", "/x"]', "COPY a[0-9] /x"])
def test_what_lines_do_not_tell_may_be_anything(line: str) -> None:
    assert of("COPY a /x", line) is None


def test_a_copy_out_of_an_image_that_moves_is_refused_by_line() -> None:
    with pytest.raises(InvalidFile) as caught:
        of("COPY --from=make /a /b", "COPY --from=python:3.11 /a /b", "COPY --from=2 /a /b")
    assert [str(problem) for problem in caught.value.problems] == [
        "pq.docker:4: COPY: --from=python:3.11 is not a stage: add FROM python:3.11 AS name",
        "pq.docker:5: COPY: --from=2 is not a stage: add FROM 2 AS name",
    ]


def test_a_mount_out_of_an_image_that_moves_is_refused_by_line() -> None:
    with pytest.raises(InvalidFile) as caught:
        of("RUN --mount=from=make,target=/a --mount=from=python:3.11,target=/b x")
    (problem,) = caught.value.problems
    assert str(problem).startswith("pq.docker:3: RUN: --mount from=python:3.11 is not a stage")
