"""Compute cache keys: one digest of all inputs of an artefact.

A cache key includes every input of a job, so two jobs with the same key produce the same bytes.
Keys form a chain: an input that was built is represented by its digest or its own key.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

SCHEMA = 1
"""The version of cache entries; increase it when their meaning changes."""


def key(kind: str, **inputs: Any) -> str:
    """Return the cache key of a *kind* of artefact: ``KIND-`` and 64 digits, valid as a tag.

    *inputs* are JSON values; the order of lists matters, that of objects does not.
    """
    document = {"kind": kind, "schema": SCHEMA, "inputs": inputs}
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return f"{kind}-{hashlib.sha256(text.encode()).hexdigest()}"
