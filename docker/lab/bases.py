"""Publish the base images of a Python in the registry that represents upstream.

The layers come from the cache, and all other parts of the images are constant. So the digests
are the same every day and in every registry.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import platform
import re
import tarfile
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import requests

from lab.archive import tar_of
from lab.debian import DEFAULT, Layer, make_layers
from lab.errors import LabError

REPOSITORY = "library/python"
CREATED = "2026-01-01T00:00:00Z"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
DOCKER = "application/vnd.docker"
MANIFEST = f"{DOCKER}.distribution.manifest.v2+json"
CONFIG = f"{DOCKER}.container.image.v1+json"
LAYER = f"{DOCKER}.image.rootfs.diff.tar.gzip"
DPKG_STATUS = "var/lib/dpkg/status"
TIMEOUT = 120
MARK = "org.buildbot-ship.lab.mark"


@dataclass(frozen=True)
class Base:
    """A published base image."""

    reference: str
    digest: str


@dataclass(frozen=True)
class Bases:
    """The two base images; the prefix is the value of SHIP_UPSTREAM."""

    prefix: str
    full: Base
    slim: Base


def tags_of(minor: str) -> dict[str, str]:
    """Return the tags of the bases with a Python, like the hub's."""
    return {"full": minor, "slim": f"{minor}-slim"}


TAGS = tags_of(DEFAULT)


def publish_bases(cache: Path, address: str, mark: str = "", minor: str = DEFAULT) -> Bases:
    """Build the bases unless they are in the cache, and publish both in a registry.

    A *mark* gives them image IDs that no other bases have.
    """
    tags = tags_of(minor)
    published = {
        name: publish(layer, address, REPOSITORY, tags[name], mark)
        for name, layer in make_layers(cache, minor).items()
    }
    return Bases(f"{address}/{REPOSITORY.partition('/')[0]}", **published)


def publish_newer_slim(
    cache: Path, address: str, package: str, version: str, minor: str = DEFAULT
) -> Base:
    """Publish a newer slim base upstream, with another *version* of one Debian package."""
    layer = make_layers(cache, minor)["slim"]
    changed = with_version(dpkg_status(layer.path), package, version)
    plain = tar_of({DPKG_STATUS: changed.encode()})
    packed = gzip.compress(plain, mtime=0)
    config = image_config(layer.diff_id, sha256(plain))
    parts = (layer.size, layer.digest), (len(packed), sha256(packed))
    url = f"http://{address}/v2/{REPOSITORY}"
    with requests.Session() as session:
        upload(session, url, sha256(packed), packed)
        return _publish_manifest(session, url, tags_of(minor)["slim"], config, *parts)


def with_version(status: str, package: str, version: str) -> str:
    """Return the dpkg database *status* with another version of one package."""
    old = re.compile(rf"(^Package: {re.escape(package)}\n(?:.+\n)*?Version: ).*$", re.M)
    changed = old.sub(rf"\g<1>{version}", status)
    if changed == status:
        raise LabError(f"the base has no package {package}, or has this version already")
    return changed


def dpkg_status(path: Path) -> str:
    """Return the dpkg database of a base's layer."""
    with tarfile.open(path) as archive:
        for member in archive:
            if member.name.removeprefix("./") == DPKG_STATUS:
                file = archive.extractfile(member)
                return file.read().decode() if file else ""
    raise LabError(f"{path.name} has no dpkg database")


def image_config(*diff_ids: str, mark: str = "") -> bytes:
    """Return the image config of a base with these layers and *mark* as a label."""
    machine = platform.machine()
    labels = {"Labels": {MARK: mark}} if mark else {}
    config = {
        "architecture": ARCHITECTURES.get(machine, machine),
        "os": "linux",
        "created": CREATED,
        "config": {"Env": [f"PATH={PATH}"], "Cmd": ["python3"], **labels},
        "rootfs": {"type": "layers", "diff_ids": list(diff_ids)},
        "history": [{"created": CREATED, "created_by": "lab.bases"} for _ in diff_ids],
    }
    return json.dumps(config, sort_keys=True).encode()


def image_manifest(config: bytes, *layers: tuple[int, str]) -> bytes:
    """Return the manifest of a base with layers of these sizes and digests."""
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"mediaType": CONFIG, "size": len(config), "digest": sha256(config)},
        "layers": [{"mediaType": LAYER, "size": n, "digest": d} for n, d in layers],
    }
    return json.dumps(manifest, sort_keys=True).encode()


def sha256(content: bytes) -> str:
    """Return the digest of bytes, in the format of registries."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def publish(layer: Layer, address: str, repository: str, tag: str, mark: str = "") -> Base:
    """Publish an image with one layer in a registry."""
    url = f"http://{address}/v2/{repository}"
    config = image_config(layer.diff_id, mark=mark)
    with requests.Session() as session:
        with layer.path.open("rb") as content:
            upload(session, url, layer.digest, content)
        return _publish_manifest(session, url, tag, config, (layer.size, layer.digest))


def _publish_manifest(
    session: requests.Session, url: str, tag: str, config: bytes, *layers: tuple[int, str]
) -> Base:
    upload(session, url, sha256(config), config)
    return put_manifest(session, url, tag, image_manifest(config, *layers))


def put_manifest(
    session: requests.Session, url: str, tag: str, manifest: bytes, kind: str = MANIFEST
) -> Base:
    """Publish a manifest whose blobs the repository at *url* has."""
    headers = {"Content-Type": kind}
    _expect(
        session.put(f"{url}/manifests/{tag}", manifest, headers=headers, timeout=TIMEOUT),
        HTTPStatus.CREATED,
    )
    address, _, repository = url.removeprefix("http://").partition("/v2/")
    return Base(f"{address}/{repository}:{tag}", sha256(manifest))


def upload(session: requests.Session, url: str, digest: str, content: Any) -> None:
    """Upload a blob unless the repository at *url* has it."""
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
