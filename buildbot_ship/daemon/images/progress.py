"""Read the progress stream of a pull or a push: one JSON document per line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ...errors import EngineError

_DIGEST = re.compile(r"\bdigest: (sha256:[0-9a-f]{64})\b")


def stream_error(line: Mapping[str, Any]) -> str:
    """Return the error that a line of a stream reports, or an empty text.

    Engines write it twice, as ``error`` and in ``errorDetail``.  API 1.48 announces that the
    first goes away.
    """
    detail = line.get("errorDetail")
    message = detail.get("message") if isinstance(detail, Mapping) else None
    if message or line.get("error"):
        return str(message or line["error"])
    return "it gives no reason" if "errorDetail" in line or "error" in line else ""


def read_progress(stream: Iterable[dict[str, Any]], action: str) -> str | None:
    """Read *stream* to its end; return the digest that a push reports, or None.

    The HTTP status is 200 even for a failure, so a line with an error raises EngineError.  An
    engine with the classic store reports the digest in a field.  One with the containerd
    store reports it in the text of the last line.
    """
    digest = None
    for line in stream:
        if why := stream_error(line):
            raise EngineError(action, why)
        field = (line.get("aux") or {}).get("Digest")
        text = _DIGEST.search(str(line.get("status") or ""))
        if isinstance(field, str):
            digest = field
        elif text:
            digest = text[1]
    return digest
