"""The files of wheels in the tree of a layer."""

from __future__ import annotations

import gzip
import io
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from buildbot_ship.model.reference import digest_of
from tests.scripts import scripts_folder
from tests.unit.inside.test_install import SITE, Job, job

__all__ = ["job"]


def run(code: str, *words: str) -> str:
    """Run *code* beside the scripts; return what it prints."""
    command = [sys.executable, "-c", code, *words]
    done = subprocess.run(
        command, cwd=scripts_folder(), check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def test_a_file_of_one_wheel_that_is_a_folder_of_another_is_refused(job: Job) -> None:
    file = job.wheel("one", {"shared": "file"})
    folder = job.wheel("two", {"shared/x.txt": "folder"})
    said = job.run(layer=[file, folder])
    assert said["ok"] is False
    assert said["why"] == (
        f"the layer cannot be made: {SITE}/shared is a file of one-1-py3-none-any.whl and a "
        "folder"
    )


def test_large_files_are_the_same_in_the_layer(job: Job) -> None:
    large = bytes(range(256)) * 5000
    exact = b"x" * (1024 * 1024)
    wheel = job.wheel("app", {"app/large.bin": large, "!app/exact": exact, "app/small": "1"})
    assert job.run(layer=[wheel])["ok"] is True
    found = job.layer("layer")
    assert found[f"{SITE}/app/large.bin"] == (0o644, large)
    assert found[f"{SITE}/app/exact"] == (0o755, exact)


def test_more_wheels_than_files_may_be_open_are_installed(job: Job) -> None:
    wheels = [job.wheel(f"w{n}", {f"w{n}/a.py": f"n = {n}", f"w{n}/b": ""}) for n in range(70)]
    assert job.run(layer=wheels)["ok"] is True
    found = job.layer("layer")
    assert all(found[f"{SITE}/w{n}/a.py"][1] == f"n = {n}".encode() for n in range(70))
    code = (
        "import sys, wheel_files as w\nfrom pathlib import Path\na = w.Archives()\n"
        "first = a.get(Path(sys.argv[1]))\n"
        "for path in sys.argv[2:]: a.get(Path(path))\n"
        "print(len(a._open), first.fp)"
    )
    files = [str(job.folder / "job/wheelhouse" / wheel["file"]) for wheel in wheels]
    assert run(code, *files) == "64 None"


def test_a_wheel_whose_file_is_damaged_is_named(job: Job) -> None:
    wheel = job.wheel("app", {"app/data": "0123456789" * 9})
    path = job.folder / "job/wheelhouse" / wheel["file"]
    path.write_bytes(path.read_bytes().replace(b"0123456789", b"9876543210", 1))
    said = job.run(layer=[{**wheel, "digest": digest_of(path.read_bytes())}])
    assert said["ok"] is False
    assert said["why"].startswith("app-1-py3-none-any.whl cannot be installed: Bad CRC-32")


def test_a_module_that_a_later_wheel_replaces_has_no_bytecode_of_the_first(job: Job) -> None:
    first = job.wheel("a", {"shared/mod.py": "x = 1\n"})
    last = job.wheel("b", {"shared/mod.py": "{{ no python }}\n"})
    assert job.run(layer=[first, last])["ok"] is True
    found = [path for path in job.layer("layer") if "shared" in path]
    assert found == [f"{SITE}/shared/mod.py"]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_of_a_module_that_a_wheel_has_twice_the_last_counts(job: Job) -> None:
    wheel = job.wheel("app", {"app/mod.py": "zz = 'first'\n"})
    path = job.folder / "job/wheelhouse" / wheel["file"]
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("app/mod.py", "aa = 'last'\n")
    said = job.run(layer=[{**wheel, "digest": digest_of(path.read_bytes())}])
    assert said["ok"] is True
    found = job.layer("layer")
    (bytecode,) = (data for name, (_, data) in found.items() if name.endswith(".pyc"))
    assert found[f"{SITE}/app/mod.py"][1] == b"aa = 'last'\n"
    assert b"last" in bytecode


def test_the_members_of_a_layer_have_every_folder_once(job: Job) -> None:
    wheel = job.wheel("app", {"app/sub/a.py": "", "app/sub/b.txt": ""})
    assert job.run(layer=[wheel])["ok"] is True
    data = gzip.decompress((job.folder / "out/layer.tar.gz").read_bytes())
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        names = tar.getnames()
        modes = {member.mode for member in tar.getmembers() if member.isdir()}
    assert len(names) == len(set(names))
    assert {f"{SITE}/app", f"{SITE}/app/sub", f"{SITE}/app/sub/__pycache__", "opt"} < set(names)
    assert modes == {0o755}


def test_a_compiler_that_is_killed_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "bytecode.py").write_text("import os; os.kill(os.getpid(), 9)")
    code = (
        "import sys\nfrom pathlib import Path\nfrom compiler import Compiler\n"
        "from job import Failed\nfolder = Path(sys.argv[1])\n"
        "made = Compiler(folder, folder / 'out')\n"
        "made.add([('/a.py', b'x' * 1000000)] * 70, print)\n"
        "try:\n    made.finish()\nexcept Failed as failed:\n    print(failed.why, failed.hint)"
    )
    said = run(code, str(tmp_path))
    assert said.startswith("the modules cannot be compiled raise the option memory")
