"""How two images of one commit differ, for the person who finds a tag taken."""

from __future__ import annotations

import json
from typing import Any

import pytest

from buildbot_ship.model.decision.image_differences import describe, remedy
from buildbot_ship.model.image.labels import SOURCE

A, B, C = (f"sha256:{letter * 64}" for letter in "abc")


def config(layers: tuple[str, ...] = (A, B), **fields: Any) -> bytes:
    made = [{"created_by": "base"}, {"created_by": "ENV", "empty_layer": True}]
    made += [{"created_by": f"pex: {layer[7:10]}"} for layer in layers[1:]]
    created = fields.pop("created", "2026-01-01T00:00:00Z")
    rootfs = {"type": "layers", "diff_ids": list(layers)}
    return json.dumps(
        {"config": fields, "created": created, "history": made, "rootfs": rootfs}
    ).encode()


def test_a_label_of_one_of_them_is_named() -> None:
    new = config(Labels={SOURCE: "https://git.example.com/app.git", "same": "x"})
    assert describe(config(Labels={"same": "x"}), new) == (
        f"label {SOURCE}: nothing is published, https://git.example.com/app.git was built"
    )


def test_what_runs_and_when_it_was_made_is_compared() -> None:
    old = config(Entrypoint=["/a.pex"], created="2026-01-01T00:00:00Z")
    new = config(Entrypoint=["/a.pex", "--fast"], created="2026-01-02T00:00:00Z")
    assert describe(old, new).splitlines() == [
        'Entrypoint: ["/a.pex"] is published, ["/a.pex", "--fast"] was built',
        "created: 2026-01-01T00:00:00Z is published, 2026-01-02T00:00:00Z was built",
    ]


def test_layers_are_named_by_what_made_them() -> None:
    assert describe(config((A, B)), config((A, C))).splitlines() == [
        "layer sha256:cccccccccccc is new: pex: ccc",
        "layer sha256:bbbbbbbbbbbb is only in the published image: pex: bbb",
    ]


@pytest.mark.parametrize("odd", [b"", b"[]", b"{", b'{"config": 3}', b'{"history": 5}'])
def test_what_is_no_config_has_no_differences(odd: bytes) -> None:
    assert describe(odd, config()) == ""


def test_equal_configs_have_none() -> None:
    assert describe(config(), config()) == ""


def test_the_remedy_names_the_option_of_a_label_that_differs() -> None:
    without = describe(config(), config(Labels={SOURCE: "https://git.example.com/app"}))
    assert without.startswith(f"label {SOURCE}: nothing is published")
    assert "--source" in remedy(without)
    for differences in ("Cmd: a is published, b was built", ""):
        assert "--source" not in remedy(differences)
        assert "new commit" in remedy(differences)
