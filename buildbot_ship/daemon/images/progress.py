"""What the engine says while it pulls or pushes: one JSON document per line."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from ...errors import EngineError

_DIGEST = re.compile(r"\bdigest: (sha256:[0-9a-f]{64})\b")


def drain(stream: Iterable[dict[str, Any]], what: str) -> str | None:
    """Read a stream to its end; return the digest of what was pushed, where it is told.

    The HTTP status is 200 whatever happened.  Engines with the classic store tell the
    digest as a field, those with the containerd store in the last line for people.
    """
    told = None
    for line in stream:
        if "error" in line:
            raise EngineError(what, str(line["error"]))
        field = (line.get("aux") or {}).get("Digest")
        text = _DIGEST.search(str(line.get("status") or ""))
        if isinstance(field, str):
            told = field
        elif text:
            told = text[1]
    return told
