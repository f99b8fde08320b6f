"""Adopt an image that the engine built: read its archive, set labels and times.

The new layers and the config come from the engine.  Labels, times and manifest are set here, so
that the image is published like every other image.  Archive:
https://github.com/moby/docker-image-spec (docker's ``manifest.json`` in a tar).
"""

from __future__ import annotations

import tarfile
from collections.abc import Mapping
from datetime import datetime
from itertools import takewhile
from typing import IO, Any

import attrs

from ..artefact import Layer
from ..image.assemble import Assembled, Labels, document, titled, written_time
from ..image.base import Base, read_variables
from ..image.config_shape import find_fault
from ..json_text import read_json, read_object
from .virtual_environment import activated

OURS = "org.buildbot-ship."
"""Prefix of the labels that only buildbot-ship sets."""
_KEPT = (
    "User", "ExposedPorts", "Env", "Entrypoint", "Cmd", "Volumes", "WorkingDir", "StopSignal",
    "Healthcheck", "OnBuild", "Shell", "ArgsEscaped",
)  # fmt: skip


_MAX_DOCUMENT = 16 << 20
"""Bytes of a document in the archive."""


@attrs.frozen
class Saved:
    """The config of a saved image, and the members of its layers, the lowest first."""

    config: Mapping[str, Any]
    layers: tuple[str, ...]

    @classmethod
    def read(cls, archive: tarfile.TarFile) -> Saved:
        """Read *archive*.  Raises ValueError if it is not an image."""
        try:
            (entry,) = read_json(member(archive, "manifest.json").read(_MAX_DOCUMENT))
            config = read_object(member(archive, str(entry["Config"])).read(_MAX_DOCUMENT))
            if fault := find_fault(config):
                raise ValueError(fault)
            saved = cls(config, tuple(map(str, entry["Layers"])))
            matches = len(saved.layers) == len(saved.diff_ids)
        except (KeyError, TypeError, ValueError, tarfile.TarError) as error:
            raise ValueError(f"its archive cannot be read ({error})") from None
        if not matches:
            raise ValueError("its archive and its config have different numbers of layers")
        return saved

    @property
    def diff_ids(self) -> tuple[str, ...]:
        """Return the diff IDs of the layers."""
        return tuple(self.config["rootfs"]["diff_ids"])

    @property
    def run(self) -> Mapping[str, Any]:
        """Return the run config of containers; empty if the config has none."""
        return self.config.get("config") or {}

    @property
    def variables(self) -> list[tuple[str, str]]:
        """Return the environment variables of containers."""
        return read_variables(self.run)

    def activated(self, base: Base) -> Saved:
        """Return the image with the variables of the activated environment on *base*."""
        return attrs.evolve(
            self, config={**self.config, "config": activated(self.run, base.run)}
        )

    def above(self, base: Base) -> list[tuple[str, str]]:
        """Return diff ID and member of the layers above *base*.

        Raises ValueError if the image was not built on *base*.
        """
        count = len(base.diff_ids)
        if list(self.diff_ids[:count]) != base.diff_ids:
            raise ValueError(
                f"it was not built on {base.reference}: the engine has another image with this "
                "name; remove that image from the engine"
            )
        return list(zip(self.diff_ids, self.layers, strict=True))[count:]


def member(archive: tarfile.TarFile, name: str) -> IO[bytes]:
    """Return the content of a member.  Raises ValueError if there is none."""
    try:
        content = archive.extractfile(name)
    except (KeyError, tarfile.TarError):
        content = None
    if content is None:
        raise ValueError(f"it has no file {name}")
    return content


def adopt(
    saved: Saved, base: Base, layers: tuple[Layer, ...], *, created: datetime, labels: Labels
) -> Assembled:
    """Return the image of *saved* with our labels, times and manifest."""
    theirs = saved.run
    below = base.run.get("Labels") or {}
    own = {
        name: text
        for name, text in (theirs.get("Labels") or {}).items()
        if below.get(name) != text and not name.startswith(OURS)
    }
    run = {
        **{key: theirs[key] for key in _KEPT if theirs.get(key)},
        "Labels": {**below, **labels.defaults, **own, **labels.facts},
    }
    return document(base, run, layers, _history(saved, base, layers, created), created=created)


def _history(
    saved: Saved, base: Base, layers: tuple[Layer, ...], created: datetime
) -> list[dict[str, Any]]:
    """Return the engine's history above *base*, or a substitute if it does not match."""
    moment = written_time(created)
    found = [
        {
            "created": moment,
            "created_by": str(entry.get("created_by", "")),
            **({"empty_layer": True} if entry.get("empty_layer") else {}),
        }
        for entry in (saved.config.get("history") or [])[
            len(base.config.get("history") or []) :
        ]
        if not (entry.get("empty_layer") and OURS in str(entry.get("created_by")))
    ]
    ours = [{"created": moment, **titled(layer)} for layer in layers if layer.title]
    below = sum(1 for _ in takewhile(lambda layer: layer.title, layers))
    built = len(layers) - len(ours)
    if sum("empty_layer" not in entry for entry in found) != built:
        found = [{"created": moment, "created_by": "docker build"}] * built
    return [*ours[:below], *found, *ours[below:]]
