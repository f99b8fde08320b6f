"""Valid answers of registries, and files of Docker, with the words of their formats."""

from __future__ import annotations

import base64
import json

from buildbot_ship.model.image.manifest import DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST
from lab.soak.fuzz.json_mutation import JSON_WORDS
from lab.soak.fuzz.promise import PLANTED

SPLIT = b"\x00split\x00"
STATUS = ("200", "201", "202", "401", "404", "429", "500", "302")
_DIGEST = "sha256:" + "ab" * 32
_LAYER = {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "size": 3}


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


_MANIFEST = {
    "schemaVersion": 2,
    "mediaType": OCI_MANIFEST,
    "config": {"mediaType": "a/config", "digest": _DIGEST, "size": 2},
    "layers": [{**_LAYER, "digest": _DIGEST, "urls": ["https://a/"]}],
}
_INDEX = {
    "mediaType": OCI_INDEX,
    "manifests": [
        {"mediaType": OCI_MANIFEST, "digest": _DIGEST, "size": 9, "platform": platform}
        for platform in ({"os": "linux", "architecture": "amd64"}, {"os": "a", "variant": "v7"})
    ],
}
MANIFESTS = (
    _json(_MANIFEST),
    _json(_INDEX),
    _json({**_MANIFEST, "mediaType": DOCKER_MANIFEST}),
)
CONFIGS = (
    _json(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {
                "Env": ["PATH=/bin", "PYTHON_VERSION=3.11"],
                "Labels": {"a": "b"},
                "WorkingDir": "/srv",
                "Shell": ["/bin/sh", "-c"],
                "OnBuild": [],
                "ExposedPorts": {"80/tcp": {}},
                "Volumes": {"/a": {}},
                "Cmd": ["a"],
                "Entrypoint": None,
            },
            "rootfs": {"type": "layers", "diff_ids": [_DIGEST]},
            "history": [{"created_by": "a"}, {"empty_layer": True}],
        }
    ),
)
ANSWERS = (
    b"200\nContent-Type: "
    + OCI_MANIFEST.encode()
    + b"\nDocker-Content-Digest: "
    + _DIGEST.encode()
    + b"\n\n"
    + MANIFESTS[0],
    b'200\nLink: </v2/team/app/tags/list?last=a&n=2>; rel="next"\n\n'
    b'{"name": "a", "tags": ["2026-11-23T04-50-49-169150", "x"]}',
    b"202\nLocation: https://u:"
    + PLANTED.encode()
    + b"@registry.example.com:5000/v2/x?s="
    + PLANTED.encode()
    + b"\nRange: 0-1\n\n",
    b"302\nLocation: //other.example.com/a?X-Amz=" + PLANTED.encode() + b"\n\n",
    b"429\nRetry-After: 7\nDate: Sat, 28 Nov 2026 11:00:00 GMT\n\n"
    b'{"errors": [{"code": "TOOMANY", "message": "slow down", "detail": null}]}',
    b"500\nRetry-After: Sat, 28 Nov 2026 11:00:09 GMT\nDate: Sat, 28 Nov 2026 11:00:00 GMT\n\n"
    b'{"errors": [{"message": "no space left on device"}]}',
    b"404\n\n<html>not found</html>",
)
ANSWER_WORDS = (
    *JSON_WORDS, b"\nLocation: ", b"\nLink: ", b"\nRetry-After: ", b"\nDate: ",
    b"\nContent-Type: ",
    b"\nDocker-Content-Digest: ", b"\n\n", b"<", b">", b"; rel=next", b"rel=\"next\"",
    b"https://",
    b"http://", b"//", b"file:///etc", b"@", b"?", b"#", b"[::1]", b"[", b"]:99999", b":0",
    b"%",
    b"GMT", b"+9999", b"-0000", b"1e9", b"Jan 99999",
)  # fmt: skip
TOKENS = (
    b'Bearer realm="https://auth.example.com/token",service="registry",scope="a:b:c"\n'
    b'{"token": "abc", "expires_in": 300, "issued_at": "2026-11-28T11:00:00Z"}',
    b"Basic realm=x, Bearer realm=https://a/,service=b\n" + b'{"access_token": "x"}',
    b'Bearer realm="http://127.0.0.1:5001/token"\n{"token": null, "access_token": "a"}',
)
TOKEN_WORDS = (
    *JSON_WORDS, b"Bearer ", b"Basic ", b"realm=", b"service=", b'"', b'\\"', b", ", b"=",
    b"\\",
    b"https://", b"http://", b"@", b"127.0.0.1", b"localhost", b"[::1]", b"\\@", b"\n", b"a=",
    b" basic", b",bearer",
)  # fmt: skip
CACHE_ENTRIES = (
    _json(
        {
            **_MANIFEST,
            "layers": [
                {
                    **_LAYER,
                    "digest": _DIGEST,
                    "annotations": {"org.opencontainers.image.title": "a"},
                }
            ],
            "annotations": {"org.buildbot-ship.record": '{"file": "a", "digest": "b"}'},
        }
    ),
)
_AUTH = base64.b64encode(f"user:{PLANTED}".encode()).decode()
DOCKER_CONFIGS = (
    _json(
        {
            "auths": {
                "https://registry.example.com:5000/v1/": {"auth": _AUTH},
                "https://index.docker.io/v1/": {"identitytoken": PLANTED},
                "[::1]:5000": {"auth": "dTpw", "email": "a"},
            },
            "HttpHeaders": {"a": "b"},
        }
    ),
    _json(
        {"credHelpers": {"registry.example.com:5000": "../../bin/sh"}, "credsStore": "no/ne"}
    ),
)
