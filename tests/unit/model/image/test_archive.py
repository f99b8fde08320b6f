from __future__ import annotations

import json
import tarfile
from io import BytesIO
from typing import Any

from buildbot_ship.model.artefact import Layer
from buildbot_ship.model.image.archive import ArchivedImage, write_archive
from buildbot_ship.model.image.assemble import Assembled
from buildbot_ship.model.image.base import Base
from buildbot_ship.model.image.manifest import DOCKER_MANIFEST
from buildbot_ship.model.reference import Reference, digest_of

NAME = "ship.local/app:abc"
BELOW = "d" * 64
IMAGE = Assembled(b'{"config":1}', b'{"manifest":1}', DOCKER_MANIFEST, 7)
DATA = b"gzipped" * 1000
LAYER = Layer("sha256:" + "e" * 64, digest_of(DATA), len(DATA))
BASE = Base(
    Reference.parse("example.com/slim:1"),
    DOCKER_MANIFEST,
    {"layers": [{"digest": "sha256:" + BELOW}]},
    {},
)

APP = ArchivedImage(IMAGE, BASE, [(LAYER, lambda: BytesIO(DATA))], NAME)


def archive() -> bytes:
    out = BytesIO()
    write_archive([APP], out)
    return out.getvalue()


def content(path: str) -> bytes:
    with tarfile.open(fileobj=BytesIO(archive())) as tar:
        file = tar.extractfile(path)
        assert file is not None
        return file.read()


def document(path: str) -> Any:
    return json.loads(content(path))


def blob(digest: str) -> str:
    return "blobs/sha256/" + digest.partition(":")[2]


def test_the_layers_of_the_base_are_named_and_absent() -> None:
    with tarfile.open(fileobj=BytesIO(archive())) as tar:
        names = tar.getnames()
    assert document("manifest.json") == [
        {
            "Config": blob(IMAGE.image_id),
            "RepoTags": [NAME],
            "Layers": [f"blobs/sha256/{BELOW}", blob(LAYER.digest)],
        }
    ]
    assert f"blobs/sha256/{BELOW}" not in names
    assert blob(LAYER.digest) in names


def test_every_blob_is_what_its_name_says() -> None:
    for digest in (IMAGE.image_id, IMAGE.manifest_digest, LAYER.digest):
        assert digest_of(content(blob(digest))) == digest


def test_the_oci_layout_leads_to_the_manifest_and_carries_the_name() -> None:
    assert document("oci-layout") == {"imageLayoutVersion": "1.0.0"}
    (entry,) = document("index.json")["manifests"]
    assert entry["mediaType"] == DOCKER_MANIFEST
    assert (entry["digest"], entry["size"]) == (IMAGE.manifest_digest, len(IMAGE.manifest))
    assert entry["annotations"] == {
        "io.containerd.image.name": NAME,
        "org.opencontainers.image.ref.name": "abc",
    }


def test_the_same_image_gives_the_same_archive() -> None:
    assert archive() == archive()


def test_an_image_without_a_layer_of_its_own_still_has_its_documents() -> None:
    out = BytesIO()
    write_archive([ArchivedImage(IMAGE, BASE, [], NAME)], out)
    with tarfile.open(fileobj=BytesIO(out.getvalue())) as tar:
        files = {member.name for member in tar if member.isfile()}
    documents = {"index.json", "manifest.json", "oci-layout"}
    assert files == {blob(IMAGE.image_id), blob(IMAGE.manifest_digest), *documents}


def test_images_share_an_archive_and_their_layers() -> None:
    other = Assembled(b'{"config":2}', b'{"manifest":2}', DOCKER_MANIFEST, 7)
    out = BytesIO()
    write_archive([APP, ArchivedImage(other, BASE, APP.layers, "ship.local/other:1")], out)
    with tarfile.open(fileobj=BytesIO(out.getvalue())) as tar:
        names = tar.getnames()
        file = tar.extractfile("manifest.json")
        assert file is not None
        entries = json.loads(file.read())
    assert names.count(blob(LAYER.digest)) == 1
    assert [entry["RepoTags"] for entry in entries] == [[NAME], ["ship.local/other:1"]]
    assert entries[0]["Layers"] == entries[1]["Layers"]
    assert {blob(other.image_id), blob(other.manifest_digest)} <= set(names)
