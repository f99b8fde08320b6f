from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest
from lab.bench.buildkit import buildkit_client
from lab.bench.changes import APPLICATION, FLOW_FILES, STRICT, first_files
from lab.bench.hardening import HARDENER, pins_in
from lab.bench.uv import LOCK, REPOSITORY, locked_entry, program_in
from lab.errors import LabError

BASES = {"python311": "own/python311:1", "python311-slim": "own/python311-slim:1"}
DOCKERFILE = (FLOW_FILES / "uv.docker").read_text()


# --- The Dockerfile ------------------------------------------------------------------


def test_the_dockerfile_takes_the_uv_that_is_locked() -> None:
    version = locked_entry(LOCK.read_text())["version"]
    assert f"COPY --from={REPOSITORY}:{version} /uv /bin/\n" in DOCKERFILE


def test_each_world_has_a_cache_of_its_own() -> None:
    one, two = (first_files(BASES, mark)["bench/uv.docker"].decode() for mark in "ab")
    mounts = re.findall(r"--mount=type=cache\S*", one)
    assert mounts == ["--mount=type=cache,id=a,target=/root/.cache/uv"] * 2
    assert one == two.replace("id=b,", "id=a,")
    assert DOCKERFILE.count("--mount=type=cache,target=") == 2


def test_the_dockerfile_has_the_bases_of_the_others() -> None:
    text = first_files(BASES, "a")["bench/uv.docker"].decode()
    assert re.findall(r"^FROM (\S+)", text, re.M) == [
        "own/python311:1",
        "build",
        "build",
        "own/python311-slim:1",
    ]


def test_hashes_are_required() -> None:
    assert f"--require-hashes --requirements {STRICT}\n" in DOCKERFILE


# --- The program ---------------------------------------------------------------------


def wheel(folder: Path, *names: str) -> Path:
    path = folder / "uv-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, name)
    return path


def test_the_program_is_read_from_the_wheel(tmp_path: Path) -> None:
    names = ("uv/__init__.py", "uv-1.0.data/scripts/uvx", "uv-1.0.data/scripts/uv")
    assert program_in(wheel(tmp_path, *names)) == names[2].encode()


def test_a_wheel_without_the_program_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="0 programs"):
        program_in(wheel(tmp_path, "uv-1.0.data/scripts/uvx"))


# --- The command that has BuildKit ---------------------------------------------------


def command(folder: Path, version: str, *, plugin: bool) -> str:
    folder.mkdir()
    path = folder / "docker"
    buildx = "echo github.com/docker/buildx v0.29" if plugin else "echo no buildx >&2; exit 1"
    path.write_text(
        "#!/bin/sh\n"
        f'if [ "$1" = --version ]; then echo "Docker version {version}, build 1"; exit; fi\n'
        f"{buildx}\n"
    )
    path.chmod(0o755)
    return str(path)


def test_an_old_command_or_one_with_its_plugin_has_buildkit(tmp_path: Path) -> None:
    without = command(tmp_path / "a", "28.2.2", plugin=False)
    old = command(tmp_path / "b", "20.10.24+dfsg1", plugin=False)
    new = command(tmp_path / "c", "28.5.2", plugin=True)
    folders = {name: str(Path(name).parent) for name in (without, old, new)}
    assert buildkit_client(":".join(folders.values())) == old
    assert buildkit_client(f"{folders[without]}:{folders[new]}") == new


def test_no_command_with_buildkit_is_said(tmp_path: Path) -> None:
    command(tmp_path / "a", "28.2.2", plugin=False)
    with pytest.raises(LabError, match="install docker-buildx"):
        buildkit_client(f"{tmp_path / 'a'}::{tmp_path / 'none'}")


# --- Hardening -----------------------------------------------------------------------


def test_the_pins_of_a_strict_file_are_counted() -> None:
    assert pins_in(APPLICATION / STRICT) == 30


@pytest.mark.parametrize("text", [None, "", "klein==24.8.0\n"])
def test_a_strict_file_without_hashes_is_no_result(tmp_path: Path, text: str | None) -> None:
    strict = tmp_path / STRICT
    if text is not None:
        strict.write_text(text)
    with pytest.raises(LabError, match="nothing is pinned"):
        pins_in(strict)


@pytest.mark.parametrize("name", HARDENER)
def test_a_way_to_harden_is_known_by_its_flow(name: str) -> None:
    hardener = HARDENER[name](None)  # type: ignore[arg-type]
    assert callable(hardener.harden)
