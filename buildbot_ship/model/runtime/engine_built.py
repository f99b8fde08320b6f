"""An image that the engine built, read from its archive, as one of ours.

Its layers over the base and its config are the engine's; labels, times and manifest are
ours, so that it is published like every other image.  Archive:
https://github.com/moby/docker-image-spec (docker's ``manifest.json`` in a tar).
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Mapping
from datetime import datetime
from itertools import takewhile
from typing import IO, Any

import attrs

from ..artefact import Layer
from ..image.assemble import Assembled, Labels, document, titled, written_time
from ..image.base import Base, read_variables
from .virtual_environment import activated

OURS = "org.buildbot-ship."
"""What the names of the labels begin with that nobody but we may set."""
_KEPT = (
    "User", "ExposedPorts", "Env", "Entrypoint", "Cmd", "Volumes", "WorkingDir", "StopSignal",
    "Healthcheck", "OnBuild", "Shell", "ArgsEscaped",
)  # fmt: skip


@attrs.frozen
class Saved:
    """The config of a saved image, and the members that hold its layers, the lowest first."""

    config: Mapping[str, Any]
    layers: tuple[str, ...]

    @classmethod
    def read(cls, archive: tarfile.TarFile) -> Saved:
        """Return what *archive* holds; raise ValueError when that is no image."""
        try:
            (entry,) = json.load(member(archive, "manifest.json"))
            config = json.load(member(archive, entry["Config"]))
            saved = cls(config, tuple(entry["Layers"]))
            fits = len(saved.layers) == len(saved.diff_ids)
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"its archive cannot be read ({error})") from None
        if not fits:
            raise ValueError("its archive has another number of layers than its config")
        return saved

    @property
    def diff_ids(self) -> tuple[str, ...]:
        """Return the digests of the layers' tars."""
        return tuple(self.config["rootfs"]["diff_ids"])

    @property
    def run(self) -> Mapping[str, Any]:
        """Return what containers run with, as the config has it; empty where it says none."""
        return self.config.get("config") or {}

    @property
    def variables(self) -> list[tuple[str, str]]:
        """Return the variables that containers start with."""
        return read_variables(self.run)

    def activated(self, base: Base) -> Saved:
        """Return it with the variables of the environment over those of *base*."""
        return attrs.evolve(
            self, config={**self.config, "config": activated(self.run, base.run)}
        )

    def above(self, base: Base) -> list[tuple[str, str]]:
        """Return diff ID and member of the layers over *base*.

        Raises ValueError when *base* is not what it was built on.
        """
        count = len(base.diff_ids)
        if list(self.diff_ids[:count]) != base.diff_ids:
            raise ValueError(
                f"it was not built on {base.reference}: the engine calls something else so; "
                "remove that from the engine"
            )
        return list(zip(self.diff_ids, self.layers, strict=True))[count:]


def member(archive: tarfile.TarFile, name: str) -> IO[bytes]:
    """Return the content of a member; raise ValueError when there is none."""
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
    """Return the image of *saved* with our labels and times, and a manifest."""
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
    """Return what the engine says that it did over *base*, where that fits the layers."""
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
