from __future__ import annotations

import json
from pathlib import Path

import pytest
from lab.bases import image_config, image_manifest, sha256
from lab.debian import Layer, cached_layers, layers_folder

LAYER = Layer(Path("slim.tar.gz"), "sha256:aa", 12, "sha256:bb")


def test_one_layer_gives_one_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    manifest = image_manifest(LAYER, image_config(LAYER.diff_id))
    golden = "bfd9dc4efe0ace02010c235b3467faf8238b39592fa5606d20329f4aeb197f67"
    assert sha256(manifest) == f"sha256:{golden}"


def test_a_base_runs_python_by_default() -> None:
    config = json.loads(image_config(LAYER.diff_id))
    assert config["config"]["Cmd"] == ["python3"]
    assert config["rootfs"]["diff_ids"] == ["sha256:bb"]


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
