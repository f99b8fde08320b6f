"""The two base images, published to the registry that plays upstream.

Layers come from the cache, and the rest of each image is constant: the same cache gives the
same digests on every day, in every registry.
"""

from __future__ import annotations

import hashlib
import json
import platform
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import requests

from lab.debian import Layer, make_layers
from lab.errors import LabError

REPOSITORY = "library/python"
TAGS = {"full": "3.11", "slim": "3.11-slim"}
CREATED = "2026-01-01T00:00:00Z"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
DOCKER = "application/vnd.docker"
MANIFEST = f"{DOCKER}.distribution.manifest.v2+json"
CONFIG = f"{DOCKER}.container.image.v1+json"
LAYER = f"{DOCKER}.image.rootfs.diff.tar.gzip"
TIMEOUT = 120
MARK = "org.buildbot-ship.lab.mark"


@dataclass(frozen=True)
class Base:
    """A published base image."""

    reference: str
    digest: str


@dataclass(frozen=True)
class Bases:
    """The two base images under one prefix, as SHIP_UPSTREAM has it."""

    prefix: str
    full: Base
    slim: Base


def publish_bases(cache: Path, address: str, mark: str = "") -> Bases:
    """Make the bases unless the cache has them, and publish both in a registry.

    With a *mark* their image IDs are those of no other bases.
    """
    layers = make_layers(cache)
    published = {
        name: publish(layer, address, REPOSITORY, TAGS[name], mark)
        for name, layer in layers.items()
    }
    return Bases(f"{address}/{REPOSITORY.partition('/')[0]}", **published)


def image_config(diff_id: str, mark: str = "") -> bytes:
    """Return the image config of a base with this one layer, *mark* in a label."""
    machine = platform.machine()
    labels = {"Labels": {MARK: mark}} if mark else {}
    config = {
        "architecture": ARCHITECTURES.get(machine, machine),
        "os": "linux",
        "created": CREATED,
        "config": {"Env": [f"PATH={PATH}"], "Cmd": ["python3"], **labels},
        "rootfs": {"type": "layers", "diff_ids": [diff_id]},
        "history": [{"created": CREATED, "created_by": "lab.bases"}],
    }
    return json.dumps(config, sort_keys=True).encode()


def image_manifest(layer: Layer, config: bytes) -> bytes:
    """Return the manifest of a base."""
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"mediaType": CONFIG, "size": len(config), "digest": sha256(config)},
        "layers": [{"mediaType": LAYER, "size": layer.size, "digest": layer.digest}],
    }
    return json.dumps(manifest, sort_keys=True).encode()


def sha256(content: bytes) -> str:
    """Return the digest of bytes, as registries write it."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def publish(layer: Layer, address: str, repository: str, tag: str, mark: str = "") -> Base:
    """Publish an image of one layer in a registry."""
    url = f"http://{address}/v2/{repository}"
    config = image_config(layer.diff_id, mark)
    manifest = image_manifest(layer, config)
    with requests.Session() as session:
        with layer.path.open("rb") as content:
            _upload(session, url, layer.digest, content)
        _upload(session, url, sha256(config), config)
        headers = {"Content-Type": MANIFEST}
        _expect(
            session.put(f"{url}/manifests/{tag}", manifest, headers=headers, timeout=TIMEOUT),
            HTTPStatus.CREATED,
        )
    return Base(f"{address}/{repository}:{tag}", sha256(manifest))


def _upload(session: requests.Session, url: str, digest: str, content: Any) -> None:
    if session.head(f"{url}/blobs/{digest}", timeout=TIMEOUT).status_code == HTTPStatus.OK:
        return
    begun = session.post(f"{url}/blobs/uploads/", timeout=TIMEOUT)
    _expect(begun, HTTPStatus.ACCEPTED)
    done = session.put(
        begun.headers["Location"],
        data=content,
        params={"digest": digest},
        headers={"Content-Type": "application/octet-stream"},
        timeout=TIMEOUT,
    )
    _expect(done, HTTPStatus.CREATED)


def _expect(reply: requests.Response, status: HTTPStatus) -> None:
    if reply.status_code != status:
        request = f"{reply.request.method} {reply.url}"
        raise LabError(f"{request} answered {reply.status_code}: {reply.text[:500]}")
