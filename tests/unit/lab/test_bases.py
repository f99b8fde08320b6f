from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from lab import bases
from lab.archive import tar_of
from lab.bases import image_config, image_manifest, sha256
from lab.debian import Layer, cached_layers, layers_folder
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
