"""Cache entries: a record, and the blobs that it refers to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from .artefact import a_digest
from .reference import Repository

Source = Mapping[str, Path] | Repository
"""The source of blobs: files by digest, or a repository in a registry."""


@attrs.frozen
class Blob:
    """A blob of a record: *size* in bytes, *digest* with its algorithm."""

    name: str = attrs.field(validator=attrs.validators.instance_of(str))
    digest: str = attrs.field(validator=a_digest)
    size: int = attrs.field(validator=attrs.validators.instance_of(int))


@attrs.frozen
class Entry:
    """The entry of one cache key; *record* is a JSON object."""

    record: Mapping[str, Any]
    blobs: tuple[Blob, ...] = ()
