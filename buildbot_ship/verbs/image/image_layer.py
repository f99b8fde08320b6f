"""A layer that an image has for itself: made of members, compressed, and known by its key."""

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
from ..shared.layers import compress, known_layer, tools_of

_FILE = "layer.tar"


def make_layer(
    members: list[Member], commit: str, scratch: Path, runner: JobRunner, title: str = ""
) -> Layer:
    """Return the layer of *members* for an image of *commit*, made unless a cache knows it.

    Raises OutputMissing when *commit* has no wheelhouse, ValueError for two members of one
    path.
    """
    build_base = runner.work.find(Wheelhouse, commit).base_key
    name = key("layer", build_base=build_base, members=_identify(members), title=title)
    known = known_layer(name, runner)
    if known is not None:
        return known
    runner.log(f"{title or _FILE}: {counted(len(members), 'member')}")
    # Imported late: a layer that is known needs neither.
    from ...model.image.binaries import summarize  # noqa: PLC0415
    from ...model.image.elf import ElfFiles  # noqa: PLC0415

    elf_files = ElfFiles()
    with (scratch / _FILE).open("wb") as out:
        diff_id = write_layer(members, out, elf_files.look)
    binaries = summarize(elf_files.found, links=(m.path for m in members if m.target))
    tars, tools = {_FILE: diff_id}, tools_of(commit, runner)
    (layer,) = compress(tars, tools, scratch, runner, name, title, binaries)
    return layer


def _identify(members: Iterable[Member]) -> str:
    """Return a digest of all that is written of *members*: there may be many."""
    digest = hashlib.sha256()
    for m in members:
        row = [m.path, m.mode, m.uid, m.gid, m.target, m.identity]
        digest.update(json.dumps(row).encode() + b"\n")
    return digest.hexdigest()
