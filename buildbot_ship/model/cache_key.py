"""Keys: what an artefact is made of, as one digest.

A key names every input of a job, so two jobs with the same key make the same bytes.  The
keys chain: an input that was made itself stands in a key by its digest, or by its own key.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

SCHEMA = 1
"""Goes up when an entry of the cache means something else than before."""


def key(kind: str, **inputs: Any) -> str:
    """Return the key of a *kind* of artefact: fit for a tag, ``KIND-`` and 64 digits.

    *inputs* are JSON values; lists keep their order, objects do not.
    """
    document = {"kind": kind, "schema": SCHEMA, "inputs": inputs}
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return f"{kind}-{hashlib.sha256(text.encode()).hexdigest()}"
