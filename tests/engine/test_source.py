"""A commit with submodules, files in Git LFS and odd names: built and run, or refused."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest
from lab.git_server import git
from lab.tiny import TINY

from tests.repository import Repository

from .yard import Yard

MODEL, WEIGHTS = b"\0model\r\n" * 1000, b"weights\n" * 1000
ATTRIBUTES = "*.bin filter=lfs diff=lfs merge=lfs -text\nfixture.bin -filter\n"
IN_PYTHON = "libs/greeting/python"
PYPROJECT = """\
[project]
name = "greeting"
dynamic = ["version"]
[build-system]
requires = ["setuptools>=61", "setuptools-scm"]
build-backend = "setuptools.build_meta"
[tool.setuptools]
packages = ["greeting"]
[tool.setuptools.package-data]
greeting = ["*.bin"]
[tool.setuptools_scm]
root = ".."
"""
MAIN = """
    import hashlib, importlib.metadata, importlib.resources, pathlib
    model = importlib.resources.files("greeting").joinpath("model.bin").read_bytes()
    print(importlib.metadata.version("greeting"), hashlib.sha256(model).hexdigest())
    for path in sorted(p for p in pathlib.Path("/ctx").rglob("*") if p.is_file()):
        print(ascii(str(path)), hashlib.sha256(path.read_bytes()).hexdigest())
"""
PACKAGES = ("--package", ".", "--package", IN_PYTHON)
BUILD = ("build", *PACKAGES, "--pex", "tiny.pex=tiny", "--script", "tiny", "--image", "tiny")


def pointer(data: bytes) -> bytes:
    oid = hashlib.sha256(data).hexdigest()
    version = "version https://git-lfs.github.com/spec/v1"
    return f"{version}\noid sha256:{oid}\nsize {len(data)}\n".encode()


def keep(store: Path, data: bytes) -> None:
    """Put a content where git-lfs keeps it."""
    oid = hashlib.sha256(data).hexdigest()
    path = store / "objects" / oid[:2] / oid[2:4] / oid
    path.parent.mkdir(parents=True)
    path.write_bytes(data)


def make(folder: Path, files: dict[str, bytes], version: str) -> None:
    """Make a repository with *files*, released as *version*."""
    write(folder, files)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "one")
    git(folder, "tag", version)


def write(folder: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


@pytest.fixture
def above(repository: Repository, tmp_path: Path) -> Repository:
    """A repository with two submodules: one is shipped, the other was never checked out."""
    package = {
        "python/pyproject.toml": PYPROJECT.encode(),
        "python/greeting/__init__.py": b"",
        "python/greeting/model.bin": pointer(MODEL),
        ".gitattributes": ATTRIBUTES.encode(),
    }
    make(tmp_path / "greeting", package, "v2.5.0")
    make(tmp_path / "theme", {"huge": b"huge"}, "v1")
    add = ("-c", "protocol.file.allow=always", "submodule", "--quiet", "add")
    repository.git(*add, "../greeting", "libs/greeting")
    repository.git(*add, "../theme", "theme")
    repository.git("submodule", "--quiet", "deinit", "--force", "theme")
    shutil.rmtree(repository.folder / ".git" / "modules" / "theme")
    keep(repository.folder / ".git" / "modules" / "libs" / "greeting" / "lfs", MODEL)
    keep(repository.folder / ".git" / "lfs", WEIGHTS)
    dockerfile = (repository.folder / "tiny.docker").read_bytes()
    setup = (repository.folder / "setup.py").read_bytes()
    files = {
        "data/weights.bin": pointer(WEIGHTS),
        "data/fixture.bin": pointer(WEIGHTS),
        "data/caf\udce9 \n.txt": b"odd\n",
        ".gitattributes": ATTRIBUTES.encode(),
        ".dockerignore": b"*\n!data\n!libs\n",
        "tiny.docker": dockerfile.replace(b"COPY", b"COPY . /ctx/\nCOPY"),
        "setup.py": setup.replace(b'["six"]', b'["six", "greeting"]'),
        "tiny/__init__.py": (TINY + MAIN).encode(),
    }
    write(repository.folder, files)
    repository.commit()
    return repository


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.mark.long
def test_submodules_and_git_lfs_are_shipped_or_refused_by_name(
    above: Repository, yard: Yard
) -> None:
    said = above.ship("harden", *PACKAGES)
    assert said.failure["kind"] == "SubmoduleMissing"
    assert "the submodule theme is at commit" in said.output
    assert 'git={"submodules": True}' in said.failure["remedy"]

    above.git("rm", "-q", "theme")
    above.succeed("harden", *PACKAGES)
    above.commit()
    above.succeed("check", *PACKAGES)
    first = above.succeed(*BUILD)["properties"]["ship_image_tiny"]
    yard.made.append(first["loaded_as"])
    lines = yard.run(first["loaded_as"]).splitlines()
    assert lines[0] == "tiny [] six"
    assert lines[1] == f"2.5.0 {digest(MODEL)}"
    found = dict(line.rsplit(" ", 1) for line in lines[2:])
    assert found["'/ctx/data/weights.bin'"] == digest(WEIGHTS)
    assert found["'/ctx/data/fixture.bin'"] == digest(pointer(WEIGHTS))
    assert found["'/ctx/data/caf\\udce9 \\n.txt'"] == digest(b"odd\n")
    assert found[f"'/ctx/{IN_PYTHON}/greeting/model.bin'"] == digest(MODEL)
    assert len(found) == 7

    # What the working directories hold by now is not built, and that is said.
    write(above.folder / "libs" / "greeting", {"python/greeting/__init__.py": b"raise\n"})
    git(above.folder / "libs" / "greeting", "commit", "-qam", "two")
    second = above.succeed(*BUILD)
    assert second["properties"]["ship_image_tiny"]["image_id"] == first["image_id"]
    yard.made.append(second["properties"]["ship_image_tiny"]["loaded_as"])
    (warning,) = second["warnings"]
    assert warning.endswith("reads: libs/greeting (submodule at another commit)")

    clone = above.folder.parent / "clone"
    git(clone.parent, "clone", "-q", str(above.folder), str(clone))
    said = Repository(clone, above.state).ship("wheels", *PACKAGES)
    assert said.failure["kind"] == "SubmoduleMissing"
    assert said.failure["message"].startswith("the submodule libs/greeting is at commit ")

    shutil.rmtree(above.folder / ".git" / "lfs")
    said = above.ship("image", "tiny", "--no-cache")
    assert said.failure["kind"] == "LfsMissing"
    assert said.failure["message"].startswith("the content of data/weights.bin is in Git LFS (")
    assert "git lfs pull" in said.failure["remedy"]
