"""Publish bases as other builders do.

Their layers are compressed with zstd, or not at all. Hardened bases have no shell, and a file
for each package in dpkg's `status.d`.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, cast

import requests

from lab.archive import tar_of
from lab.bases import (
    REPOSITORY,
    TAGS,
    Base,
    Bases,
    dpkg_status,
    image_config,
    put_manifest,
    sha256,
    upload,
)
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
NAME = REPOSITORY.rpartition("/")[2]
SHELLS = ("sh", "dash", "bash", "rbash", "env")


def publish_packed(cache: Path, address: str, packing: str, namespace: str) -> Bases:
    """Publish the bases with layers packed as *packing*: `zstd` or `plain`."""
    published = {
        name: _publish(layer, f"{address}/{namespace}/{NAME}", TAGS[name], packing)
        for name, layer in make_layers(cache).items()
    }
    return Bases(f"{address}/{namespace}", **published)


def publish_hardened(cache: Path, address: str, namespace: str) -> Base:
    """Publish the slim base with zstd layers, without a shell, and with `status.d`."""
    slim = make_layers(cache)["slim"]
    files = {f"usr/bin/.wh.{name}": b"" for name in SHELLS}
    files |= {"var/lib/dpkg/.wh.status": b"", "var/lib/dpkg/status.d/.keep": b""}
    files |= split_status(dpkg_status(slim.path))
    return _publish(slim, f"{address}/{namespace}/{NAME}", TAGS["slim"], "zstd", tar_of(files))


def split_status(status: str) -> dict[str, bytes]:
    """Return a file for each installed package of a dpkg database, as in distroless images."""
    found = {}
    for paragraph in status.split("\n\n"):
        name = re.search(r"^Package: (.*)$", paragraph, re.MULTILINE)
        if name and re.search(r"^Status: .* installed$", paragraph, re.MULTILINE):
            text = re.sub(r"^Status: .*\n", "", paragraph, flags=re.MULTILINE)
            found[f"var/lib/dpkg/status.d/{name[1]}"] = f"{text}\n".encode()
            found[f"var/lib/dpkg/status.d/{name[1]}.md5sums"] = b"0 usr/bin/x\n"
    return found


def _publish(layer: Layer, place: str, tag: str, packing: str, above: bytes = b"") -> Base:
    address, _, repository = place.partition("/")
    url = f"http://{address}/v2/{repository}"
    diff_ids = [layer.diff_id, *([sha256(above)] if above else [])]
    config = image_config(*diff_ids)
    with requests.Session() as session:
        with gzip.open(layer.path) as tar:
            layers = [_upload(session, url, cast(IO[bytes], tar), packing)]
        layers += [_upload(session, url, io.BytesIO(above), packing)] if above else []
        upload(session, url, sha256(config), config)
        kind, size = f"{OCI}.config.v1+json", len(config)
        manifest = {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": {"mediaType": kind, "size": size, "digest": sha256(config)},
            "layers": layers,
        }
        return put_manifest(session, url, tag, json.dumps(manifest).encode(), OCI_MANIFEST)


def _upload(
    session: requests.Session, url: str, tar: IO[bytes], packing: str
) -> dict[str, str | int]:
    """Pack and upload a tar; return its entry in the manifest."""
    with tempfile.TemporaryFile() as packed:
        PACKERS[packing](tar, packed)
        size, digest = packed.tell(), _digest(packed)
        packed.seek(0)
        upload(session, url, digest, packed)
    return {"mediaType": KINDS[packing], "size": size, "digest": digest}


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
