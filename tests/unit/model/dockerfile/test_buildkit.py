"""What only BuildKit builds: here-documents, mounts, modes; and the places of its steps."""

from __future__ import annotations

import pytest

from buildbot_ship.errors import InvalidFile
from buildbot_ship.model.dockerfile.buildkit import without_syntax
from buildbot_ship.model.dockerfile.document import read
from buildbot_ship.model.dockerfile.instruction import User
from buildbot_ship.model.reference import Reference

FROM = "FROM a:1\n"


def problems(text: str) -> list[str]:
    with pytest.raises(InvalidFile) as caught:
        read(text, "f")
    return caught.value.details.splitlines()


def test_what_needs_buildkit_is_named_where_the_engine_builds() -> None:
    assert read(FROM + "COPY --chmod=755 a /\n", "f").buildkit == ()
    text = FROM + "COPY --chmod=755 a /\nRUN x <<E\ny\nE\nRUN --mount=type=cache,target=/c z\n"
    assert read(text, "f").buildkit == (
        "f:2: COPY --chmod",
        "f:3: the here-document of RUN",
        "f:6: RUN --mount",
    )


def test_a_here_document_is_no_instruction() -> None:
    text = FROM + "RUN cat <<-'A' <<B\nFROM b:1\n\tA\n# x\nB\nCOPY <<E /e\nENV \\\nE\nUSER 5\n"
    found = read(text, "f")
    assert (found.base, found.others) == (Reference.parse("a:1"), ())
    assert [(item.word, item.line) for item in found.engine_only] == [("RUN", 2), ("COPY", 7)]
    assert found.instructions == (User(10, "5"),)


@pytest.mark.parametrize(
    "line",
    [
        "RUN echo $((1<<3)) << 4",
        'RUN echo "<<E"',
        'RUN ["cat", "<<E"]',
        "RUN cat <<<E",
        "LABEL a=<<E",
    ],
)
def test_what_only_looks_like_a_here_document_is_none(line: str) -> None:
    assert read(f"{FROM}{line}\nRUN x\n", "f").engine_only[-1].line == 3


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [
        ("RUN cat <<EOF\nx\n", 2, "the here-document has no end: add a line with EOF"),
        ("RUN --mount='type=ssh' x", 2, "RUN: --mount=type=ssh is not supported"),
        ("USER 5\nRUN --network=host x", 3, "RUN: --network=host is not supported"),
        ("RUN --security=insecure x", 2, "RUN: --security=insecure is not supported"),
    ],
)
def test_what_no_builder_of_ours_does_is_refused(text: str, line: int, expected: str) -> None:
    (found,) = problems(FROM + text)
    assert found.startswith(f"f:{line}: {expected}")


@pytest.mark.parametrize(
    "image", ["docker/dockerfile:1", "docker.io/docker/dockerfile@sha256:1"]
)
def test_docker_s_own_frontend_is_that_of_the_engine(image: str) -> None:
    text = f"# syntax = {image}\n#check=skip=all\n{FROM}RUN x\n# syntax=y\n"
    assert read(text, "f").engine_only
    cut = without_syntax(text.encode()).decode()
    assert cut == text.replace(f"syntax = {image}", "(built in)")


def test_a_foreign_frontend_is_refused_where_the_engine_builds() -> None:
    text = f"# escape=`\n#Syntax=example.com/evil\n{FROM}"
    assert not read(text, "f").engine_only
    (found,) = problems(f"{text}RUN x\n")
    assert found.startswith("f:2: syntax=example.com/evil is not supported")


def test_images_that_are_no_stages_are_known() -> None:
    lines = (
        "FROM a:1 AS make\nCOPY --from=make a /\nCOPY --from=0 a /\nCOPY --from=b.test/c:2 a /",
        "COPY --from=b.test/c:2 d /\nCOPY --from=latest a /",
        "RUN --mount=from=e.test/f:3,target=/x y",
    )
    images = read("\n".join(lines), "f").images
    assert images == (Reference.parse("b.test/c:2"), Reference.parse("e.test/f:3"))


def test_a_mounted_file_is_one_that_is_read() -> None:
    assert "app.pex" in read(f"{FROM}RUN --mount=source=app.pex,target=/x y\n", "f").copied


def test_a_step_is_found_by_the_name_that_a_builder_gives_it() -> None:
    text = (
        "ARG X\nFROM a:1 AS Make\nENV A=1\nWORKDIR /x\nRUN y\nFROM a:1\nCOPY --from=make a /\n"
    )
    found = read(text, "f").places
    assert found["Step 5"] == found["make 3"] == "f:5: RUN"
    assert found["stage-1 2"] == "f:7: COPY"
    assert read(f"{FROM}RUN x\n", "f").places["2"] == "f:2: RUN"
