"""Bytecode of this Python's own library, made as in a container."""

from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import sys
import sysconfig
import tarfile
from importlib.util import MAGIC_NUMBER, source_hash
from pathlib import Path
from typing import Any

from buildbot_ship.model.reference import digest_of
from tests.scripts import scripts_folder

INSIDE = scripts_folder()
TOP = "usr/local/lib/python3"
TAG = sys.implementation.cache_tag
LIBRARY = Path(sysconfig.get_path("stdlib"))
RUN = """\
import sys
from pathlib import Path
sys.path.insert(0, sys.argv.pop(1))
import install
import layer_packing
layer_packing.STAGE = Path(sys.argv[2]).parent / "stage"
import stdlib_bytecode
stdlib_bytecode.main(stdlib_bytecode.work)
"""
FOLDERS = [
    {"path": "usr", "mode": 0o755, "uid": 0, "gid": 0},
    {"path": "usr/local", "mode": 0o2775, "uid": 0, "gid": 50},
    {"path": "usr/local/lib", "mode": 0o755, "uid": 0, "gid": 0},
    {"path": TOP, "mode": 0o755, "uid": 0, "gid": 0},
    {"path": f"{TOP}/json", "mode": 0o711, "uid": 3, "gid": 4},
]


def make(folder: Path, *modules: str) -> tuple[dict[str, Any], bytes]:
    """Return what the script says, and the layer."""
    job, out = folder / "job", folder / "out"
    job.mkdir(parents=True)
    (job / "bytecode.py").write_bytes((INSIDE / "bytecode.py").read_bytes())
    asked = {"path": TOP, "modules": modules, "folders": FOLDERS}
    (job / "job.json").write_text(json.dumps(asked))
    command = [sys.executable, "-c", RUN, str(INSIDE), str(job), str(out)]
    subprocess.run(command, check=True, capture_output=True, cwd=folder)
    result = json.loads((out / "result.json").read_text())
    return result, (out / "library.tar.gz").read_bytes()


def members(layer: bytes) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(layer)) as tar:
        return {member.name: member for member in tar}


def test_the_layer_holds_bytecode_and_what_is_over_it(tmp_path: Path) -> None:
    result, layer = make(tmp_path, "json/tool.py", "abc.py", "gone/away.py")
    found = members(layer)
    assert [*found] == [
        "usr",
        "usr/local",
        "usr/local/lib",
        TOP,
        f"{TOP}/__pycache__",
        f"{TOP}/__pycache__/abc.{TAG}.pyc",
        f"{TOP}/json",
        f"{TOP}/json/__pycache__",
        f"{TOP}/json/__pycache__/tool.{TAG}.pyc",
    ]
    local, package = found["usr/local"], found[f"{TOP}/json"]
    assert (local.mode, local.uid, local.gid) == (0o2775, 0, 50)
    assert (package.mode, package.uid, package.gid) == (0o711, 3, 4)
    assert found[f"{TOP}/json/__pycache__"].mode == 0o755
    assert found[f"{TOP}/__pycache__/abc.{TAG}.pyc"].mode == 0o644
    tar = gzip.decompress(layer)
    assert result == {
        "ok": True,
        "diff_id": digest_of(tar),
        "digest": digest_of(layer),
        "size": len(layer),
    }


def test_bytecode_counts_for_the_very_source_only(tmp_path: Path) -> None:
    _, layer = make(tmp_path, "abc.py")
    with tarfile.open(fileobj=io.BytesIO(layer)) as tar:
        file = tar.extractfile(f"{TOP}/__pycache__/abc.{TAG}.pyc")
        assert file is not None
        data = file.read()
    checked = (0b11).to_bytes(4, "little")
    source = (LIBRARY / "abc.py").read_bytes()
    assert data[:16] == MAGIC_NUMBER + checked + source_hash(source)
    assert f"/{TOP}/abc.py".encode() in data
    assert os.fsencode(LIBRARY) not in data


def test_the_same_modules_give_the_same_bytes(tmp_path: Path) -> None:
    names = sorted(f"json/{path.name}" for path in (LIBRARY / "json").glob("*.py"))
    names += sorted(path.name for path in LIBRARY.glob("[a-m]*.py"))
    first, second = make(tmp_path / "1", *names), make(tmp_path / "2", *names)
    assert first == second
    assert len(members(first[1])) > len(names)


KNOWN = """\
import sys
from pathlib import Path
sys.path.insert(0, sys.argv.pop(1))
import layer_packing
folder = Path(sys.argv[3])
layer_packing.STAGE = folder / "stage"
import standard_library
standard_library.HOME = folder / "lib"
if sys.argv[4:]:
    standard_library.compile_library(Path(sys.argv[1]), folder / "tools", folder / "lib")
import stdlib_bytecode
stdlib_bytecode.main(stdlib_bytecode.work)
"""


def make_from_own_library(folder: Path, *options: str) -> tuple[int, bytes]:
    """Return how many modules of a library in *folder* were compiled, and the layer."""
    job, out, library = folder / "job", folder / "out", folder / "lib"
    (library / "test").mkdir(parents=True)
    job.mkdir()
    for name in ("a.py", "b.py", "test/c.py"):
        (library / name).write_text("def f(): return {'x', 'y'}\n")
    (job / "bytecode.py").write_bytes((INSIDE / "bytecode.py").read_bytes())
    asked = {
        "path": str(library).lstrip("/"),
        "modules": ["a.py", "b.py", "gone.py"],
        "folders": [],
    }
    (job / "job.json").write_text(json.dumps(asked))
    command = [sys.executable, "-c", KNOWN, str(INSIDE), str(job), str(out), str(folder)]
    done = subprocess.run([*command, *options], check=True, capture_output=True, text=True)
    compiled = int(done.stdout.splitlines()[-1].split()[1])
    return compiled, (out / "library.tar.gz").read_bytes()


def test_the_bytecode_of_the_tools_image_is_taken_as_it_is(tmp_path: Path) -> None:
    fresh, layer = make_from_own_library(tmp_path / "1")
    assert fresh == 2
    names = {Path(name).name for name in members(layer)}
    assert {f"a.{TAG}.pyc", f"b.{TAG}.pyc"} < names
    known, layer = make_from_own_library(tmp_path / "2", "tools")
    assert known == 0
    assert {f"a.{TAG}.pyc", f"b.{TAG}.pyc"} < {Path(name).name for name in members(layer)}
    assert not list((tmp_path / "2/lib/test").glob("__pycache__"))
    compiled = (tmp_path / f"2/lib/__pycache__/a.{TAG}.pyc").read_bytes()
    with tarfile.open(fileobj=io.BytesIO(layer)) as tar:
        name = f"{tmp_path}/2/lib/__pycache__/a.{TAG}.pyc".lstrip("/")
        file = tar.extractfile(name)
        assert file is not None
        assert file.read() == compiled


def test_only_modules_without_bytecode_are_compiled_where_one_can_write(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    for name in ("a.py", "b.py", "tests/c.py"):
        (tmp_path / name).write_text("x = 1\n")
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / f"__pycache__/b.{TAG}.pyc").write_bytes(b"of the base")
    code = (
        "import sys; from pathlib import Path; import standard_library as s; "
        "home = Path(sys.argv[1]); print(*(p.name for p in s.uncompiled(home)), "
        "s.has_checked_bytecode(home / 'b.py'), s.has_checked_bytecode(home / 'a.py'))"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    ran = subprocess.run(command, check=True, capture_output=True, text=True, cwd=INSIDE)
    assert ran.stdout.split() == ["a.py", "False", "False"]


def test_files_are_compiled_beside_them_for_python_to_take(tmp_path: Path) -> None:
    (tmp_path / "package").mkdir()
    (tmp_path / "package/good.py").write_text("value = 6 * 7\n")
    (tmp_path / "package/template.py").write_text("{{ no python }}\n")
    (tmp_path / "bytecode.py").write_bytes((INSIDE / "bytecode.py").read_bytes())
    code = (
        "import sys; from pathlib import Path; import standard_library as s; "
        "folder = Path(sys.argv[1]); "
        "s.compile_files(sorted(folder.glob('package/*.py')), folder, folder / 'stage'); "
        "sys.path.insert(0, str(folder / 'package')); "
        "Path(folder, 'package/good.py').write_text('value = 0'); "
        "import good; print(good.value)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    ran = subprocess.run(command, check=True, capture_output=True, text=True, cwd=INSIDE)
    # Unchecked bytecode: Python does not read the source.
    assert ran.stdout.strip() == "42"
    made = [path.name for path in (tmp_path / "package/__pycache__").iterdir()]
    assert made == [f"good.{TAG}.pyc"]


def test_a_large_group_is_split_among_processors() -> None:
    code = "import compiler; print([len(p) for p in compiler.split([('a', b'')] * 130)])"
    ran = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=INSIDE
    )
    assert ran.stdout.strip() == "[64, 64, 2]"
