"""Publish bases as other builders do: with layers that are not compressed with gzip."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, cast

import requests

from lab.bases import REPOSITORY, TAGS, Base, Bases, image_config, put_manifest, sha256, upload
from lab.debian import CHUNK, Layer, make_layers

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

OCI = "application/vnd.oci.image"
OCI_MANIFEST = f"{OCI}.manifest.v1+json"
KINDS = {"zstd": f"{OCI}.layer.v1.tar+zstd", "plain": f"{OCI}.layer.v1.tar"}
PART = 8 * CHUNK
"""The bytes of a tar in one frame of zstd: a layer has many."""


def publish_packed(cache: Path, address: str, packing: str, namespace: str) -> Bases:
    """Publish the bases with layers packed as *packing*: `zstd` or `plain`."""
    repository = f"{namespace}/{REPOSITORY.rpartition('/')[2]}"
    published = {
        name: _publish(layer, f"{address}/{repository}", TAGS[name], packing)
        for name, layer in make_layers(cache).items()
    }
    return Bases(f"{address}/{namespace}", **published)


def _publish(layer: Layer, place: str, tag: str, packing: str) -> Base:
    address, _, repository = place.partition("/")
    url, config = f"http://{address}/v2/{repository}", image_config(layer.diff_id)
    with requests.Session() as session, tempfile.TemporaryFile() as packed:
        with gzip.open(layer.path) as tar:
            PACKERS[packing](cast(IO[bytes], tar), packed)
        size, digest = packed.tell(), _digest(packed)
        packed.seek(0)
        upload(session, url, digest, packed)
        upload(session, url, sha256(config), config)
        manifest = {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": {
                "mediaType": f"{OCI}.config.v1+json",
                "size": len(config),
                "digest": sha256(config),
            },
            "layers": [{"mediaType": KINDS[packing], "size": size, "digest": digest}],
        }
        return put_manifest(session, url, tag, json.dumps(manifest).encode(), OCI_MANIFEST)


def _zstd(tar: IO[bytes], out: IO[bytes]) -> None:
    while part := tar.read(PART):
        out.write(zstd.compress(part))


def _plain(tar: IO[bytes], out: IO[bytes]) -> None:
    shutil.copyfileobj(tar, out, CHUNK)


PACKERS: dict[str, Callable[[IO[bytes], IO[bytes]], None]] = {"zstd": _zstd, "plain": _plain}


def _digest(file: IO[bytes]) -> str:
    file.seek(0)
    whole = hashlib.sha256()
    while chunk := file.read(CHUNK):
        whole.update(chunk)
    return f"sha256:{whole.hexdigest()}"
