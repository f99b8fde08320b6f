from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import attrs
import pytest

from buildbot_ship.errors import BaseNotFound, InvalidFile, InvalidManifest, InvalidRequest
from buildbot_ship.model.artefact import Layer
from buildbot_ship.model.dockerfile.document import read
from buildbot_ship.model.image import labels as label
from buildbot_ship.model.image.assemble import Assembled, Labels, assemble, written_time
from buildbot_ship.model.image.base import Base, choose, config_digest, read_base
from buildbot_ship.model.image.manifest import (
    DOCKER_LIST,
    DOCKER_MANIFEST,
    OCI_MANIFEST,
    is_index,
)
from buildbot_ship.model.reference import Reference, digest_of

REFERENCE = Reference.parse("example.com/team/slim:1")
COMMITTED = datetime(2026, 11, 23, 6, 50, 49, tzinfo=timezone(timedelta(hours=2)))
BELOW, OURS = ("sha256:" + letter * 64 for letter in "ab")
LAYER = Layer(diff_id=OURS, digest="sha256:" + "c" * 64, size=50)
RUN: dict[str, Any] = {
    "Env": ["PATH=/bin", "LANG=C", "EMPTY="],
    "Cmd": ["python3"],
    "Labels": {"a": "base", "keep": "base", label.REVISION: "the base's own"},
    "WorkingDir": "/srv",
    "ExposedPorts": {"1/tcp": {}},
}


def base(run: dict[str, Any] | None = None, kind: str = DOCKER_MANIFEST, **more: Any) -> Base:
    oci = kind == OCI_MANIFEST
    config = {
        "architecture": "amd64",
        "os": "linux",
        "docker_version": "20.10",
        "container": "abc",
        "config": RUN if run is None else run,
        "rootfs": {"type": "layers", "diff_ids": [BELOW]},
        "history": [{"created_by": "below"}, {"created_by": "CMD", "empty_layer": True}],
        **more,
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": kind,
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json"
            if oci
            else "application/vnd.docker.container.image.v1+json",
            "digest": BELOW,
            "size": 3,
        },
        "layers": [{"mediaType": "below", "digest": BELOW, "size": 1000}],
    }
    return read_base(
        REFERENCE, kind, json.dumps(manifest).encode(), json.dumps(config).encode()
    )


def made(text: str, on: Base | None = None, *layers: Layer) -> Assembled:
    on = on or base()
    return assemble(
        on,
        read(f"FROM example.com/team/slim:1\n{text}", "app.docker"),
        layers,
        created=COMMITTED,
        labels=Labels({"a": "default", "b": "default"}, label.facts(on, "f" * 40, COMMITTED)),
    )


def config(text: str, on: Base | None = None, *layers: Layer) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(made(text, on, *layers).config)
    return document


def run(text: str, on: Base | None = None) -> dict[str, Any]:
    found: dict[str, Any] = config(text, on)["config"]
    return found


def test_the_bytes_of_an_image_never_change() -> None:
    text = 'COPY twist.pex /\nENTRYPOINT ["/twist.pex"]\nENV A=\u00e4\n'
    found = made(text, None, LAYER)
    assert (found.image_id, found.manifest_digest) == (
        "sha256:c99417ea5d86a2e9a45a0d3f7bbc40193ffab011ad4788f5476dd2cfe7080a2c",
        "sha256:fe14aae4feb0be27cd3718df15edee43ee9dee04cdcc413bf8144081ed9635d8",
    )


def test_a_config_has_the_base_s_layers_first_and_the_commit_s_time() -> None:
    found = config("COPY a /", None, LAYER)
    assert found["rootfs"] == {"type": "layers", "diff_ids": [BELOW, OURS]}
    assert found["created"] == "2026-11-23T04:50:49Z"
    assert found["architecture"] == "amd64"
    assert set(found) == {"architecture", "os", "created", "config", "rootfs", "history"}


def test_history_has_one_filled_entry_for_each_layer() -> None:
    found = config("COPY a b /x/\nUSER y", None, LAYER)["history"]
    assert [entry.get("empty_layer", False) for entry in found] == [False, True, False]
    assert found[2]["created_by"] == "buildbot-ship image: COPY a b /x/"
    without = config("USER y")["history"]
    assert without[2] == {
        "created": "2026-11-23T04:50:49Z",
        "created_by": "buildbot-ship image: app.docker",
        "empty_layer": True,
    }


def test_history_names_what_is_no_copy_and_which_step_made_it() -> None:
    library = attrs.evolve(LAYER, title="bytecode")
    tree = attrs.evolve(LAYER, title="six 1.16", of_pex=True)
    found = config("COPY a /", None, library, tree, LAYER)["history"][-3:]
    assert [entry["created_by"] for entry in found] == [
        "buildbot-ship image: bytecode",
        "buildbot-ship pex: six 1.16",
        "buildbot-ship image: COPY a /",
    ]


def test_a_base_without_a_history_of_its_layers_gets_one() -> None:
    found = config("COPY a /", base(history=None), LAYER)["history"]
    assert found[0] == {"created_by": "unknown"}
    assert len(found) == 2


def test_env_overrides_in_place_and_adds_at_the_end() -> None:
    found = run("ENV LANG=C.UTF-8 NEW=a=b\nENV NEW=c OTHER=")
    assert found["Env"] == ["PATH=/bin", "LANG=C.UTF-8", "EMPTY=", "NEW=c", "OTHER="]


@pytest.mark.parametrize(
    ("text", "entrypoint", "cmd"),
    [
        ("", None, ["python3"]),
        ('ENTRYPOINT ["/a"]', ["/a"], None),
        ('ENTRYPOINT ["/a"]\nCMD ["b"]', ["/a"], ["b"]),
        ('CMD ["b"]\nENTRYPOINT ["/a"]', ["/a"], ["b"]),
        ('CMD ["b"]', None, ["b"]),
        ("ENTRYPOINT exec a  b", ["/bin/sh", "-c", "exec a  b"], None),
        ("CMD one\nCMD two", None, ["/bin/sh", "-c", "two"]),
    ],
)
def test_entrypoint_ends_the_base_s_cmd(text: str, entrypoint: object, cmd: object) -> None:
    found = run(text)
    assert (found.get("Entrypoint"), found.get("Cmd")) == (entrypoint, cmd)


def test_the_base_s_shell_runs_the_shell_form() -> None:
    assert run("CMD a", base({"Shell": ["/bin/bash", "-c"]}))["Cmd"] == ["/bin/bash", "-c", "a"]


def test_work_folder_user_and_ports_follow_the_base() -> None:
    found = run("WORKDIR app\nWORKDIR ../b/./c\nUSER 1:2\nUSER x\nEXPOSE 80 53/udp")
    assert found["WorkingDir"] == "/srv/b/c"
    assert found["User"] == "x"
    assert found["ExposedPorts"] == {"1/tcp": {}, "80/tcp": {}, "53/udp": {}}
    assert run("WORKDIR /a/")["WorkingDir"] == "/a/"
    assert run("WORKDIR a", base({}))["WorkingDir"] == "/a"


def test_labels_the_base_then_options_then_dockerfile_then_facts() -> None:
    on = base()
    assert run("LABEL b=file c=file", on)["Labels"] == {
        "a": "default",
        "b": "file",
        "c": "file",
        "keep": "base",
        label.REVISION: "f" * 40,
        label.CREATED: "2026-11-23T04:50:49Z",
        label.BASE_NAME: "example.com/team/slim:1",
        label.BASE_DIGEST: on.reference.digest,
    }


def test_a_fact_cannot_be_written_by_hand() -> None:
    text = f"FROM a:1\nLABEL x=y\nLABEL {label.REVISION}=1 {label.CREATED}=2\n"
    with pytest.raises(InvalidFile) as caught:
        label.check(read(text, "app.docker"))
    assert [problem.line for problem in caught.value.problems] == [3, 3]
    with pytest.raises(InvalidRequest, match=r"base\.name is set by this step: remove it"):
        label.defaults(None, {label.BASE_NAME: "x"})


def test_the_source_is_a_default_that_a_label_option_overrules() -> None:
    assert label.defaults("git://x", {"a": "b"}) == {label.SOURCE: "git://x", "a": "b"}
    assert label.defaults("git://x", {label.SOURCE: "y"}) == {label.SOURCE: "y"}
    assert label.defaults(None, {}) == {}


@pytest.mark.parametrize(
    ("kind", "layer_type", "config_type"),
    [
        (
            DOCKER_MANIFEST,
            "application/vnd.docker.image.rootfs.diff.tar.gzip",
            "application/vnd.docker.container.image.v1+json",
        ),
        (
            OCI_MANIFEST,
            "application/vnd.oci.image.layer.v1.tar+gzip",
            "application/vnd.oci.image.config.v1+json",
        ),
    ],
)
def test_a_manifest_is_of_the_base_s_kind(kind: str, layer_type: str, config_type: str) -> None:
    found = made("COPY a /", base(kind=kind), LAYER)
    assert json.loads(found.manifest) == {
        "schemaVersion": 2,
        "mediaType": kind,
        "config": {
            "mediaType": config_type,
            "digest": digest_of(found.config),
            "size": len(found.config),
        },
        "layers": [
            {"mediaType": "below", "digest": BELOW, "size": 1000},
            {"mediaType": layer_type, "digest": LAYER.digest, "size": 50},
        ],
    }
    assert (found.size, found.media_type) == (1050, kind)


def test_onbuild_triggers_are_refused_in_the_line_of_from() -> None:
    with pytest.raises(InvalidFile, match=r"app\.docker:1: .* has ONBUILD triggers"):
        made("", base({"OnBuild": ["RUN x"]}))


def test_a_time_without_zone_is_a_bug() -> None:
    with pytest.raises(ValueError, match="aware"):
        written_time(datetime(2026, 11, 23))


def index(*platforms: str) -> bytes:
    keys = ("os", "architecture", "variant")
    manifests = [
        {
            "digest": "sha256:" + f"{n:064x}",
            "platform": dict(zip(keys, p.split("/"), strict=False)),
        }
        for n, p in enumerate(platforms)
    ]
    return json.dumps({"manifests": manifests}).encode()


@pytest.mark.parametrize(
    ("platform", "number"),
    [("linux/amd64", 1), ("linux/arm64", 2), ("linux/arm/v7", 4), ("linux/arm", 3)],
)
def test_an_index_gives_the_manifest_of_the_platform(platform: str, number: int) -> None:
    data = index(
        "unknown/unknown", "linux/amd64", "linux/arm64/v8", "linux/arm/v6", "linux/arm/v7"
    )
    assert choose(data, platform, REFERENCE) == f"sha256:{number:064x}"


def test_an_index_without_the_platform_says_which_it_has() -> None:
    data = index("unknown/unknown", "linux/arm/v6", "linux/arm64")
    with pytest.raises(
        BaseNotFound, match="no image for linux/amd64, only for linux/arm/v6, l"
    ):
        choose(data, "linux/amd64", REFERENCE)


def test_indexes_are_told_from_manifests() -> None:
    assert is_index(DOCKER_LIST)
    assert not is_index(OCI_MANIFEST)


@pytest.mark.parametrize(
    ("kind", "data", "why"),
    [
        ("application/vnd.docker.distribution.manifest.v1+json", b"{}", "unknown media type"),
        (OCI_MANIFEST, b"<html>", "not a JSON object"),
        (OCI_MANIFEST, b"[]", "not a JSON object"),
        (OCI_MANIFEST, b"{}", "an entry without a digest"),
        (OCI_MANIFEST, b'{"config": {"digest": "sha256:no"}}', "an entry without a digest"),
    ],
)
def test_a_manifest_that_is_none_is_refused(kind: str, data: bytes, why: str) -> None:
    with pytest.raises(InvalidManifest, match=why):
        config_digest(kind, data, REFERENCE)


def test_a_base_whose_parts_do_not_fit_is_refused() -> None:
    with pytest.raises(InvalidManifest, match="does not match its manifest"):
        base(rootfs={"diff_ids": [BELOW, OURS]})


def test_a_base_is_pinned_by_the_digest_of_its_manifest() -> None:
    found = base()
    assert found.reference.tag == "1"
    assert found.pinned == REFERENCE.repository.at(str(found.reference.digest))
    assert found.work_folder == "/srv"
    assert base({}).work_folder == "/"
