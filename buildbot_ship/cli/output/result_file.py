"""The file of ``--result``."""

from __future__ import annotations

import os
from pathlib import Path

from ...errors import InvalidRequest


def write_result(path: Path, text: str) -> None:
    """Write the file of ``--result`` in one rename.  Raises InvalidRequest."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(path.name + ".new")
        new.write_text(text, encoding="utf-8")
        os.replace(new, path)
    except OSError as error:
        raise InvalidRequest("--result", f"cannot write {path}: {error.strerror}") from None
