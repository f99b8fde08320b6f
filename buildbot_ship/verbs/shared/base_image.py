"""The base of a runtime image: its manifest and config, and a listing of its files."""

from __future__ import annotations

import json
import os
from pathlib import Path

import attrs

from ...errors import BaseNotFound
from ...model.filesystem.filesystem import Filesystem, Node
from ...model.image.base import Base, choose, config_digest, read_base
from ...model.image.manifest import is_index
from ...model.json_text import read_json
from ...model.log import Log
from ...model.reference import Reference
from ...registry.interface import Manifest, Registry
from ...store.work_folder import Work


def fetch_base(reference: Reference, platform: str, registry: Registry) -> Base:
    """Fetch manifest and config of the base *reference* for *platform* (``linux/amd64``).

    They come from the registry: the engine rounds times in the config.  Raises BaseNotFound.
    """
    manifest = _manifest(reference, registry)
    if is_index(manifest.media_type):
        digest = choose(manifest.data, platform, reference)
        manifest = _manifest(attrs.evolve(reference, digest=digest), registry)
    digest = config_digest(manifest.media_type, manifest.data, reference)
    config = registry.blob(reference.repository, digest)
    return read_base(reference, manifest.media_type, manifest.data, config)


def _manifest(reference: Reference, registry: Registry) -> Manifest:
    manifest = registry.manifest(reference)
    if manifest is None:
        raise BaseNotFound(str(reference), "its registry does not have it")
    return manifest


def list_base(base: Base, registry: Registry, work: Work, log: Log) -> Filesystem:
    """Return the files of *base*.  Its layers are read once per work folder.

    Raises BaseNotFound if a layer cannot be read.
    """
    listed = known_files(base, work)
    if listed is not None:
        return listed
    log(f"listing the files of {base.reference} (once per base)")
    files = read_files(base, registry)
    save_files(files, base, work)
    return files


def known_files(base: Base, work: Work) -> Filesystem | None:
    """Return the files of *base* if there is a listing of them; mark it as used."""
    path = _listing_path(base, work)
    try:
        rows = read_json(path.read_bytes())
        os.utime(path)
        return Filesystem({name: Node(*fields) for name, *fields in rows})
    except (FileNotFoundError, ValueError, TypeError):
        return None


def read_files(base: Base, registry: Registry) -> Filesystem:
    """Return the files of *base*, from its layers.  Raises BaseNotFound."""
    files = Filesystem()
    for layer in base.layers:
        try:
            files = files.with_layer(
                registry.stream(base.reference.repository, layer["digest"])
            )
        except ValueError as error:
            raise BaseNotFound(str(base.reference), str(error)) from None
    return files


def is_listed(base: Base, work: Work) -> bool:
    """Return true if there is a listing of *base*; mark it as used."""
    try:
        os.utime(_listing_path(base, work))
    except FileNotFoundError:
        return False
    return True


def _listing_path(base: Base, work: Work) -> Path:
    return work.listing(str(base.reference.digest))


def save_files(files: Filesystem, base: Base, work: Work) -> None:
    """Write the listing of *base*, its *files*, in one rename."""
    path = _listing_path(base, work)
    rows = [[name, *attrs.astuple(node)] for name, node in files.nodes.items()]
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(f".{os.getpid()}")
    new.write_text(json.dumps(rows), encoding="utf-8")
    os.replace(new, path)
