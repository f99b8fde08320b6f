"""Say how two images of one commit differ, from their configs.

Format of a config: https://github.com/opencontainers/image-spec/blob/main/config.md.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ..image.labels import SOURCE

FIELDS = ("Entrypoint", "Cmd", "Env", "User", "WorkingDir", "ExposedPorts", "StopSignal")
MOST = 20
"""Differences to name."""


def describe(published: bytes, built: bytes) -> str:
    """Return a line for each difference of two configs, the published one first.

    Empty if they are equal, or if one of them is no config.  At most `MOST` lines.
    """
    try:
        old, new = json.loads(published), json.loads(built)
        lines = list(_differences(old, new))
    except (ValueError, AttributeError, TypeError):
        return ""
    return "\n".join(lines[:MOST])


def remedy(differences: str) -> str:
    """Return what to do about the *differences*, as `describe` returns them."""
    again = "then publish a new commit, because a published tag never moves"
    if f"label {SOURCE}: " in differences:
        return (
            "give the same URL of the repository everywhere: --source by hand, and the option "
            f"source in Buildbot, which ship_factory sets to its repourl; {again}"
        )
    return (
        f"find out why this commit was built differently, such as with other options; {again}"
    )


def _differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    old_config, new_config = old.get("config") or {}, new.get("config") or {}
    old_labels, new_labels = old_config.get("Labels") or {}, new_config.get("Labels") or {}
    for name in sorted({*old_labels, *new_labels}):
        yield from _compare(f"label {name}", old_labels.get(name), new_labels.get(name))
    for name in FIELDS:
        yield from _compare(name, old_config.get(name), new_config.get(name))
    yield from _compare("created", old.get("created"), new.get("created"))
    yield from _layers(old, new)


def _compare(what: str, old: object, new: object) -> Iterator[str]:
    if old != new:
        yield f"{what}: {_shown(old)} is published, {_shown(new)} was built"


def _shown(value: object) -> str:
    return (
        "nothing" if value is None else value if isinstance(value, str) else json.dumps(value)
    )


def _layers(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    before, after = _titled(old), _titled(new)
    for diff_id, title in after.items():
        if diff_id not in before:
            yield f"layer {diff_id[:19]} is new: {title}"
    for diff_id, title in before.items():
        if diff_id not in after:
            yield f"layer {diff_id[:19]} is only in the published image: {title}"


def _titled(config: Mapping[str, Any]) -> dict[str, str]:
    """Return what made each layer, by diff ID."""
    history = [each for each in config.get("history") or () if not each.get("empty_layer")]
    layers = config["rootfs"]["diff_ids"] if "rootfs" in config else []
    made = [str(each.get("created_by", "")) for each in history]
    return dict(zip(layers, made + [""] * len(layers), strict=False))
