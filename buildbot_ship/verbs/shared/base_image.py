"""The base of a runtime image: fetched from its registry, and what lies in it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import attrs

from ...errors import BaseNotFound
from ...model.filesystem.filesystem import Filesystem, Node
from ...model.image.base import Base, choose, config_digest, read_base
from ...model.image.manifest import is_index
from ...model.log import Log
from ...model.reference import Reference
from ...registry.interface import Manifest, Registry
from ...store.work_folder import Work


def fetch_base(reference: Reference, platform: str, registry: Registry) -> Base:
    """Return the base that *reference* names, for *platform* (``linux/amd64``).

    It is the registry's word that counts, never the engine's, which rounds times.
    Raises BaseNotFound.
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
    """Return what *base* holds; its layers are read once per work folder.

    Raises BaseNotFound when a layer cannot be read.
    """
    known = _listing(base, work)
    try:
        rows = json.loads(known.read_text(encoding="utf-8"))
        os.utime(known)
        return Filesystem({path: Node(*fields) for path, *fields in rows})
    except (FileNotFoundError, ValueError, TypeError):
        log(f"reading what {base.reference} holds (once for each base)")
    files = Filesystem()
    for layer in base.layers:
        try:
            files = files.with_layer(
                registry.stream(base.reference.repository, layer["digest"])
            )
        except ValueError as error:
            raise BaseNotFound(str(base.reference), str(error)) from None
    _remember(files, known)
    return files


def is_listed(base: Base, work: Work) -> bool:
    """Tell whether `list_base` knows *base*, which is a use of it."""
    try:
        os.utime(_listing(base, work))
    except FileNotFoundError:
        return False
    return True


def _listing(base: Base, work: Work) -> Path:
    return work.listing(str(base.reference.digest))


def _remember(files: Filesystem, known: Path) -> None:
    rows = [[path, *attrs.astuple(node)] for path, node in files.nodes.items()]
    known.parent.mkdir(parents=True, exist_ok=True)
    new = known.with_suffix(f".{os.getpid()}")
    new.write_text(json.dumps(rows), encoding="utf-8")
    os.replace(new, known)
