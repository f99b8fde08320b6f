from __future__ import annotations

import pytest

from buildbot_ship.errors import InvalidFile
from buildbot_ship.model.dockerfile.document import read
from buildbot_ship.model.dockerfile.pin import find_pins, fix_bases, move_pins
from buildbot_ship.model.reference import Reference

OLD, NEW = "2026-11-22T04-50-47-002214", "2026-11-23T04-50-49-169150"
TEAM = "registry.example.com/team"
D, E = f"sha256:{'d' * 64}", f"sha256:{'e' * 64}"


def moved(text: str, digest: str | None = None) -> str:
    pins = find_pins(text.encode(), "app.docker")
    moves = {pin.reference: Reference(pin.reference.repository, NEW, digest) for pin in pins}
    return move_pins(text.encode(), "app.docker", moves).decode()


@pytest.mark.parametrize(
    "text",
    [
        f"# why: {OLD}\r\nfrom   {TEAM}/python311:{OLD}   \r\nCOPY a /\r\nLABEL x={OLD}",
        f"ARG BASE={TEAM}/python311:{OLD}\nFROM ${{BASE}}\n",
        f'ARG BASE="{TEAM}/python311:{OLD}"\nFROM $BASE AS x\n',
        f"FROM {TEAM}/one:{OLD} AS one\nRUN x\nFROM {TEAM}/two:{OLD}\nCOPY --from=one /a /\n",
    ],
)
def test_only_the_pins_move_and_every_other_byte_stays(text: str) -> None:
    wanted = text
    for name in ("python311", "one", "two"):
        wanted = wanted.replace(f"{TEAM}/{name}:{OLD}", f"{TEAM}/{name}:{NEW}")
    assert wanted != text
    assert moved(text) == wanted


def test_a_line_of_a_here_document_does_not_move() -> None:
    line = f"FROM {TEAM}/a:{OLD}\n"
    text = f"{line}RUN cat <<E > /Dockerfile\n{line}E\n"
    assert moved(text) == text.replace(OLD, NEW, 1)


def test_a_digest_moves_with_its_tag() -> None:
    assert moved(f"FROM {TEAM}/a:{OLD}@{D}\n", E) == f"FROM {TEAM}/a:{NEW}@{E}\n"


@pytest.mark.parametrize("base", ["python:3.11", f"{TEAM}/app:1.2", f"{TEAM}/app@{D}"])
def test_a_base_that_is_no_own_copy_is_no_pin(base: str) -> None:
    assert find_pins(f"FROM {base}\n".encode(), "app.docker") == ()


@pytest.mark.parametrize(
    "text",
    [
        f"ARG TAG={OLD}\nFROM {TEAM}/app:$TAG\n",
        f"FROM \\\n  {TEAM}/app:{OLD}\n",
    ],
)
def test_a_pin_that_is_written_in_parts_is_refused_by_line(text: str) -> None:
    with pytest.raises(InvalidFile, match=r"app\.docker:\d: FROM: write the base as one word"):
        find_pins(text.encode(), "app.docker")


def fixed(text: str) -> str:
    dockerfile = read(text, "app.docker")
    bases = {base: base.repository.at(D) for base in (dockerfile.base, *dockerfile.others)}
    return fix_bases(text.encode(), dockerfile, bases).decode()


def test_bases_of_any_kind_are_fixed_where_they_stand() -> None:
    text = f"# python:3.11\nARG A=python:3.11\nFROM $A AS x\nRUN y\nFROM {TEAM}/b:{OLD}\n"
    by_digest = f"docker.io/library/python@{D}"
    assert fixed(text) == (
        f"# python:3.11\nARG A={by_digest}\nFROM $A AS x\nRUN y\nFROM {TEAM}/b@{D}\n"
    )


def test_a_base_that_cannot_be_fixed_in_place_is_refused_by_line() -> None:
    with pytest.raises(InvalidFile, match=r"app\.docker:2: FROM: write the base as one word"):
        fixed("ARG VERSION=3.11\nFROM python:$VERSION\n")
