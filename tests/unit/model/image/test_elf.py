from __future__ import annotations

import io
import random
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from buildbot_ship.model.image.elf import Elf, ElfFiles, read
from tests.fakes.elf import AARCH64, LOADER, elf


def test_a_file_says_what_it_needs_and_where_it_looks() -> None:
    data = elf("libpq.so.5", "libc.so.6", soname="libown.so.1", runpath="$ORIGIN/../own.libs")
    assert read(io.BytesIO(data)) == Elf(
        "EM_X86_64/64",
        soname="libown.so.1",
        needed=("libpq.so.5", "libc.so.6"),
        runpath="$ORIGIN/../own.libs",
    )


def test_a_program_names_its_loader() -> None:
    found = read(io.BytesIO(elf("libc.so.6", rpath="/opt/lib", interpreter=LOADER)))
    assert found == Elf("EM_X86_64/64", LOADER, "", ("libc.so.6",), rpath="/opt/lib")


def test_a_static_program_of_another_machine_needs_nothing() -> None:
    assert read(io.BytesIO(elf(machine=AARCH64))) == Elf("EM_AARCH64/64")


def test_the_interpreter_that_runs_this_is_read_like_any_other() -> None:
    found = read(io.BytesIO(Path(sys.executable).resolve().read_bytes()))
    assert found is not None
    assert found.interpreter.rpartition("/")[2].startswith("ld-")
    assert any(name.startswith("libc.") for name in found.needed)


def test_an_extension_module_of_a_wheel_is_read_like_any_other() -> None:
    spec = find_spec("markupsafe._speedups")
    assert spec is not None
    assert spec.origin is not None
    found = read(io.BytesIO(Path(spec.origin).read_bytes()))
    assert found is not None
    assert found.interpreter == ""


def test_what_is_looked_at_is_left_at_its_start() -> None:
    files = ElfFiles()
    for path, data in {
        "a.so": elf("libm.so.6"),
        "b.py": b"x",
        "c": b"",
        "d": b"\x7fELF",
    }.items():
        content = io.BytesIO(data)
        files.look(path, content)
        assert content.read() == data
    assert list(files.found) == ["a.so"]


def test_a_name_without_end_is_no_name() -> None:
    assert read(io.BytesIO(elf("x" * 5000))) is None


@pytest.mark.parametrize("seed", range(4))
def test_a_damaged_file_is_left_alone(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311
    whole = elf("libc.so.6", "libm.so.6", interpreter=LOADER)
    for _ in range(200):
        data = bytearray(whole)
        for _ in range(chance.choice((1, 3, 30))):
            data[chance.randrange(4, len(data))] = chance.randrange(256)
        found = read(io.BytesIO(bytes(data[: chance.randrange(64, len(data) + 1)])))
        assert found is None or isinstance(found, Elf)
