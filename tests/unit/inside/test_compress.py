from __future__ import annotations

import ast
import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from buildbot_ship.model.reference import digest_of
from tests.scripts import scripts_folder

SCRIPT = scripts_folder() / "compress.py"


def run(
    folder: Path, files: dict[str, bytes], names: list[str] | None = None
) -> dict[str, Any]:
    job, out = folder / "job", folder / "out"
    job.mkdir(parents=True)
    for name, data in files.items():
        (job / name).write_bytes(data)
    (job / "job.json").write_text(json.dumps({"files": names or list(files)}))
    subprocess.run([sys.executable, "-sE", str(SCRIPT), str(job), str(out)], check=True)
    result: dict[str, Any] = json.loads((out / "result.json").read_text())
    return result


def test_every_file_comes_back_compressed_with_its_digest_and_size(tmp_path: Path) -> None:
    files = {"layer-0.tar": b"hello " * 500_000, "layer-1.tar": b""}
    result = run(tmp_path, files)
    assert result["ok"] is True
    for name, data in files.items():
        made = (tmp_path / "out" / f"{name}.gz").read_bytes()
        assert gzip.decompress(made) == data
        assert result["files"][name] == {"digest": digest_of(made), "size": len(made)}


def test_the_header_holds_neither_time_nor_name_nor_system(tmp_path: Path) -> None:
    run(tmp_path, {"layer-0.tar": b"x"})
    made = (tmp_path / "out" / "layer-0.tar.gz").read_bytes()
    assert made[:10] == b"\x1f\x8b\x08" + b"\0" * 6 + b"\xff"


def test_the_same_bytes_give_the_same_bytes(tmp_path: Path) -> None:
    data = bytes(range(256)) * 10_000
    first, second = (run(tmp_path / name, {"a": data}) for name in ("one", "two"))
    assert first == second


def test_a_file_that_is_not_there_is_a_result_and_no_traceback(tmp_path: Path) -> None:
    result = run(tmp_path, {"a": b""}, ["b"])
    assert result["ok"] is False
    assert "No such file" in result["why"]
    assert result["hint"]


def test_the_script_needs_the_standard_library_only() -> None:
    found = ast.walk(ast.parse(SCRIPT.read_text(encoding="utf-8")))
    roots = {
        alias.name for node in found if isinstance(node, ast.Import) for alias in node.names
    }
    assert roots
    assert roots <= sys.stdlib_module_names


@pytest.mark.parametrize("size", [1 << 20, (1 << 20) + 1])
def test_files_larger_than_a_chunk_are_whole(tmp_path: Path, size: int) -> None:
    run(tmp_path, {"a": b"z" * size})
    assert gzip.decompress((tmp_path / "out" / "a.gz").read_bytes()) == b"z" * size
