from __future__ import annotations

import io

from lab.progress import progress, table


def test_a_line_begins_with_the_elapsed_seconds() -> None:
    stream = io.StringIO()
    progress(stream)("engine: up")
    seconds, _, text = stream.getvalue().strip().partition(" s  ")
    assert float(seconds) >= 0
    assert text == "engine: up"


def test_a_tables_columns_are_aligned() -> None:
    lines = table(("image", "size"), [("remotemath", "5 MB"), ("x", "12 MB")]).splitlines()
    assert lines == [
        "image       size",
        "----------  -----",
        "remotemath  5 MB",
        "x           12 MB",
    ]
