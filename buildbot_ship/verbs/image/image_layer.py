"""Make a layer from members: write its tar, compress it, cache it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from ...model.artefact import Layer, Wheelhouse
from ...model.cache_key import key
from ...model.image.layer import Member, write_layer
from ...model.result import counted
from ..shared.job_runner import JobRunner
from ..shared.layers import LayerTar, cached_layer, compress

_FILE = "layer.tar"


def make_layer(
    members: list[Member], commit: str, scratch: Path, runner: JobRunner, title: str = ""
) -> Layer:
    """Return the layer of *members* for an image of *commit*, from the cache if possible.

    Raises OutputMissing if *commit* has no wheelhouse, and ValueError if two members have the
    same path.
    """
    base_key = runner.work.find(Wheelhouse, commit).base_key
    name = key("layer", base_key=base_key, members=_digest_of(members), title=title)
    cached = cached_layer(name, runner)
    if cached is not None:
        return cached
    runner.log(f"{title or _FILE}: {counted(len(members), 'member')}")
    # Imported late: a cached layer needs neither.
    from ...model.image.binaries import summarize  # noqa: PLC0415
    from ...model.image.elf import ElfFiles  # noqa: PLC0415

    elf_files = ElfFiles()
    with (scratch / _FILE).open("wb") as out:
        diff_id = write_layer(members, out, elf_files.look)
    binaries = summarize(elf_files.found, links=(m.path for m in members if m.target))
    tar = LayerTar(_FILE, diff_id, name, title, binaries)
    (layer,) = compress([tar], commit, scratch, runner)
    return layer


def _digest_of(members: Iterable[Member]) -> str:
    """Return a digest of everything that a layer contains of *members*."""
    digest = hashlib.sha256()
    for m in members:
        row = [m.path, m.mode, m.uid, m.gid, m.target, m.identity]
        digest.update(json.dumps(row).encode() + b"\n")
    return digest.hexdigest()
