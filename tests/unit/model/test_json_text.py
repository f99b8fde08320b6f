from __future__ import annotations

import pytest

from buildbot_ship.model.json_text import read_json, read_object


@pytest.mark.parametrize(
    "text",
    [b"", b"x", b"\xff", b'{"a": NaN}', b"-Infinity", b"[" * 100_000, b'{"a":' * 100_000,
     b"1" * 5_000, b'{"a": 1} x'],
)  # fmt: skip
def test_what_is_not_json_is_a_value_error(text: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        read_json(text)


def test_json_is_read() -> None:
    assert read_json(b'{"a": [1, "\\ud800", null]}') == {"a": [1, "\ud800", None]}
    assert read_object('{"a": 1}') == {"a": 1}
    for text in ("[]", "null", "1"):
        with pytest.raises(ValueError, match="not a JSON object"):
            read_object(text)
