"""What a cache holds under a key: a record, and the blobs that it speaks of."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from .reference import Repository

Source = Mapping[str, Path] | Repository
"""Where the bytes of blobs are: files by digest, or a repository that holds them."""


@attrs.frozen
class Blob:
    """Bytes that a record speaks of: *size* in bytes, *digest* with its algorithm."""

    name: str
    digest: str
    size: int


@attrs.frozen
class Entry:
    """What was made under one key; *record* is a JSON object."""

    record: Mapping[str, Any]
    blobs: tuple[Blob, ...] = ()
