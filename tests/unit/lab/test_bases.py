from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from lab import bases
from lab.archive import tar_of
from lab.bases import image_config, image_manifest, sha256, tags_of
from lab.debian import (
    DEFAULT,
    RECIPES,
    SCRIPTS,
    Layer,
    bootstrap_argv,
    cached_layers,
    layers_folder,
)
from lab.errors import LabError

LAYER = Layer(Path("slim.tar.gz"), "sha256:aa", 12, "sha256:bb")


def test_one_layer_gives_one_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    manifest = image_manifest(image_config(LAYER.diff_id), (LAYER.size, LAYER.digest))
    golden = "bfd9dc4efe0ace02010c235b3467faf8238b39592fa5606d20329f4aeb197f67"
    assert sha256(manifest) == f"sha256:{golden}"


def test_a_base_runs_python_by_default() -> None:
    config = json.loads(image_config(LAYER.diff_id))
    assert config["config"]["Cmd"] == ["python3"]
    assert config["rootfs"]["diff_ids"] == ["sha256:bb"]


def test_a_newer_base_has_a_layer_more_with_another_package(tmp_path: Path) -> None:
    status = (
        "Package: libc6\nStatus: install ok installed\nVersion: 1\n\nPackage: x\nVersion: 1\n"
    )
    path = tmp_path / "slim.tar.gz"
    path.write_bytes(gzip.compress(tar_of({bases.DPKG_STATUS: status.encode()})))
    assert bases.with_version(bases.dpkg_status(path), "libc6", "2") == status.replace(
        "1", "2", 1
    )
    with pytest.raises(LabError, match="no package zlib"):
        bases.with_version(status, "zlib", "2")


def test_layers_are_cached_only_when_described(tmp_path: Path) -> None:
    folder = layers_folder(tmp_path)
    folder.mkdir(parents=True)
    (folder / "slim.tar.gz").write_bytes(b"half a lay")
    assert cached_layers(tmp_path) is None


def test_a_cache_may_move(tmp_path: Path) -> None:
    folder = layers_folder(tmp_path)
    folder.mkdir(parents=True)
    entry = {"path": "slim.tar.gz", "digest": "sha256:aa", "size": 12, "diff_id": "sha256:bb"}
    (folder / "layers.json").write_text(json.dumps({"slim": entry}))
    layers = cached_layers(tmp_path)
    assert layers is not None
    assert layers["slim"].path == folder / "slim.tar.gz"


def test_each_python_has_bases_of_its_own(tmp_path: Path) -> None:
    assert len({layers_folder(tmp_path, minor) for minor in RECIPES}) == len(RECIPES)
    assert layers_folder(tmp_path) == layers_folder(tmp_path, DEFAULT)
    assert tags_of("3.15") == {"full": "3.15", "slim": "3.15-slim"}


def test_one_of_several_pythons_of_a_suite_is_python3_like_the_hubs() -> None:
    assert RECIPES["3.15"].links == {"usr/local/bin/python3": "/usr/bin/python3.15"}
    assert "python3.15-dev" in RECIPES["3.15"].full
    assert RECIPES["3.11"].links == {}


def test_a_suite_that_debootstrap_lacks_uses_the_script_of_sid(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("lab.debian.SCRIPTS", tmp_path)
    (tmp_path / "trixie").touch()
    root = tmp_path / "root"
    assert bootstrap_argv("trixie", ["a", "b"], root)[-3:] == [
        "--include=a,b",
        "trixie",
        str(root),
    ]
    assert bootstrap_argv("forky", ["a"], root)[-1] == str(tmp_path / "sid")
    assert tmp_path != SCRIPTS
