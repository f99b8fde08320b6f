"""The fuzz targets with thousands of inputs; `tests/soak/run fuzz` has a million."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Callable
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lab.errors import LabError
from lab.soak.fuzz.guard import closed_folder, no_requests
from lab.soak.fuzz.promise import PLANTED, Broken, attempt, check_message
from lab.soak.fuzz.rounds import Chunk, run_chunk
from lab.soak.fuzz.soak import plan
from lab.soak.fuzz.target import Target
from lab.soak.fuzz.targets import TARGETS
from lab.soak.options import SoakOptions, parse_soak

from buildbot_ship.errors import EngineError, InvalidFile, Problem

FEW = settings(
    max_examples=12,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.mark.parametrize("name", TARGETS)
def test_a_reader_keeps_its_promises(name: str) -> None:
    count = 30 * TARGETS[name].weight
    assert run_chunk(Chunk(name, 0, 0, count)).broken == []


@pytest.mark.parametrize("name", [name for name in TARGETS if TARGETS[name].grows])
def test_the_time_of_a_reader_grows_with_the_size_only(name: str) -> None:
    assert run_chunk(Chunk(name, 0, 0, 1, growth=True)).broken == []


@pytest.mark.parametrize("name", TARGETS)
def test_a_reader_keeps_its_promises_for_any_choice_of_changes(name: str) -> None:
    target = TARGETS[name]

    @FEW
    @given(st.randoms(use_true_random=False))
    def holds(random: Random) -> None:
        target.check(target.make(random))

    with no_requests():
        holds()


@given(st.binary(max_size=2_000))
@FEW
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with no_requests():
        for target in TARGETS.values():
            target.check(data)


def test_inputs_depend_on_seed_and_number_only() -> None:
    for target in TARGETS.values():
        first, again, other = (target.make(Random(seed)) for seed in "aab")  # noqa: S311
        assert first == again, target.name
        assert isinstance(other, bytes)


# --- The machinery sees what it should ------------------------------------------------


def _quadratic(data: bytes) -> None:
    for at in range(0, len(data), 2):
        data.count(b"\0", at)


def _asks(_: bytes) -> None:
    socket.create_connection(("registry.example.com", 443))


def _starts(_: bytes) -> None:
    subprocess.run(["true"], check=True)


def _crashes(data: bytes) -> None:
    raise RuntimeError(data)


@pytest.mark.parametrize(
    ("check", "why"),
    [
        (_crashes, "RuntimeError: b'x' (test_targets.py:"),
        (_asks, "a reader used the network"),
        (_starts, "a reader started a program"),
    ],
)
def test_a_broken_promise_is_reported_with_its_input(
    check: Callable[[bytes], None], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(TARGETS, "own", Target("own", check, lambda _: b"x", (b"a",)))
    (line,) = run_chunk(Chunk("own", 7, 3, 1)).broken
    assert line.startswith(f'--seed 7 --again "own:3": {why}')
    assert line.endswith("\n    input: x")


def test_a_time_that_grows_with_the_square_is_reported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    target = Target("own", _quadratic, lambda _: b"x", (b"a",))
    monkeypatch.setitem(TARGETS, "own", target)
    (line,) = run_chunk(Chunk("own", 0, 0, 1, growth=True)).broken
    assert "times as long" in line
    assert '--again "own:growth:0"' in line


def test_what_appears_outside_of_the_folder_is_reported() -> None:
    with pytest.raises(Broken, match="outside of the folder"), closed_folder() as folder:
        (folder.parent / "evil").touch()
    with pytest.raises(Broken, match="a file outside changed"), closed_folder() as folder:
        (folder.parent / "canary").write_bytes(b"")


@pytest.mark.parametrize(
    "error",
    [
        InvalidFile((Problem("other.txt", 1, "x"),)),
        InvalidFile((Problem("a.txt", 0, "x"),)),
        InvalidFile(()),
    ],
)
def test_a_message_without_file_and_line_is_reported(error: InvalidFile) -> None:
    def fail() -> None:
        raise error

    with pytest.raises((Broken, IndexError)):
        attempt(fail, files=["a.txt"])


def test_a_message_with_the_secret_is_reported() -> None:
    error = EngineError("start", PLANTED)
    with pytest.raises(Broken, match="the message has the secret"):
        check_message(error)


# --- The command ----------------------------------------------------------------------


def test_the_rounds_are_spread_over_all_targets() -> None:
    chunks = list(plan(SoakOptions("fuzz", 10_000, seed=3)))
    assert sum(chunk.count for chunk in chunks) == 10_000
    assert {chunk.target for chunk in chunks} == TARGETS.keys()
    assert {chunk.target for chunk in chunks if chunk.growth} == {
        name for name, target in TARGETS.items() if target.grows
    }
    assert {chunk.seed for chunk in chunks} == {3}


def test_one_round_can_run_again() -> None:
    options = parse_soak(["fuzz", "--seed", "7", "--again", "reference:growth:12"])
    assert list(plan(options)) == [Chunk("reference", 7, 12, 1, growth=True)]
    assert parse_soak(["fuzz"]).rounds == 1_000_000
    for wrong in ("nothing:1", "reference", "reference:x"):
        with pytest.raises(LabError, match="TARGET:NUMBER"):
            list(plan(SoakOptions("fuzz", 1, again=wrong)))
