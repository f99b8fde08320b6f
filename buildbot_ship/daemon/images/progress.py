"""Read the progress stream of a pull or a push: one JSON document per line."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from ...errors import EngineError

_DIGEST = re.compile(r"\bdigest: (sha256:[0-9a-f]{64})\b")


def read_progress(stream: Iterable[dict[str, Any]], action: str) -> str | None:
    """Read *stream* to its end; return the digest that a push reports, or None.

    The HTTP status is 200 even for a failure, so a line with an error raises EngineError.  An
    engine with the classic store reports the digest in a field.  One with the containerd
    store reports it in the text of the last line.
    """
    digest = None
    for line in stream:
        if "error" in line:
            raise EngineError(action, str(line["error"]))
        field = (line.get("aux") or {}).get("Digest")
        text = _DIGEST.search(str(line.get("status") or ""))
        if isinstance(field, str):
            digest = field
        elif text:
            digest = text[1]
    return digest
