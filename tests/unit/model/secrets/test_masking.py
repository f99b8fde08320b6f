"""Secrets are found in every usual encoding, and nothing else is."""

from __future__ import annotations

import base64
import json
import time
from urllib.parse import quote

import pytest
from lab.soak.secrets.attacker import ENCODINGS

from buildbot_ship.errors.base import HIDDEN
from buildbot_ship.model.result import changed
from buildbot_ship.model.secrets.masking import MIN_LENGTH, hiding, mask_of

SECRETS = [
    "hunter2",
    "p@ss/w0rd+%&=? x",
    'it\'s "quoted" \\ and \\\\ twice',
    "Straße-\N{SNOWMAN}-\N{GRINNING FACE}",
    "ghp_0123456789abcdefABCDEF",
    "tab\tand <angle>",
]
KEY = (
    "-----BEGIN OPENSSH PRIVATE KEY-----\n"
    + "".join(
        f"{base64.b64encode(bytes(range(n, n + 52))).decode()[:70]}\n"
        for n in range(0, 120, 11)
    )
    + "c2hvcnQ=\n-----END OPENSSH PRIVATE KEY-----\n"
)


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_secret_is_replaced_in_every_encoding(secret: str, encoding: str) -> None:
    encoded = ENCODINGS[encoding](secret)
    text = f"password: {encoded}, again {encoded}."
    for given in (secret, f"{secret}\n", f" {secret}\r\n"):
        assert hiding([given])(text) == f"password: {HIDDEN}, again {HIDDEN}."


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("user", ["", "a", "ab", "abc", "robot"])
@pytest.mark.parametrize("after", ["", "\n", "@host", ":x"])
def test_a_secret_is_replaced_inside_a_longer_base64_text(
    secret: str, user: str, after: str
) -> None:
    whole = f"{user}:{secret}{after}".encode()
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        text = hiding([secret])(f"Authorization: Basic {encode(whole).decode()}")
        rest = text.removeprefix("Authorization: Basic ")
        assert HIDDEN in rest
        # Only the characters that share bits with the neighbours may remain.
        before = -(-(len(user) + 1) * 8 // 6)
        assert rest.index(HIDDEN) <= before
        assert len(rest) - rest.index(HIDDEN) - 3 <= -(-(len(after) + 2) * 8 // 6) + 3


def test_a_private_key_is_replaced_whole_and_line_by_line() -> None:
    mask = hiding([KEY])
    lines = [line for line in KEY.splitlines() if not line.startswith("-----")]
    assert mask(f"key: {KEY}") == f"key: {HIDDEN}\n"
    assert mask(json.dumps({"key": KEY})) == f'{{"key": "{HIDDEN}\\n"}}'
    assert mask(KEY.replace("\n", "\r\n").strip()) == HIDDEN
    for line in lines:
        assert mask(f"read {line} from it") == f"read {HIDDEN} from it"
        assert mask(quote(line, safe="")) == HIDDEN
    # Chunks of a stream have whole lines, but not all of them.
    assert not [line for line in lines if line in mask("\n".join(lines[2:5]))]


def test_wrapped_base64_of_a_private_key_is_replaced_in_each_line() -> None:
    mask = hiding([KEY])
    for line in base64.encodebytes(KEY.encode()).decode().splitlines():
        assert len(mask(line).replace(HIDDEN, "")) < 16


def test_the_frame_of_a_private_key_is_no_secret() -> None:
    text = "-----BEGIN OPENSSH PRIVATE KEY----- is missing"
    assert hiding([KEY])(text) == text


@pytest.mark.parametrize("secret", ["", "\n", "a", "12", "abc", " ab\n", "a\nb\nc\nd"])
def test_a_short_secret_does_not_spoil_every_text(secret: str) -> None:
    text = "abc: 12 a\n b"
    expected = text if len(secret.strip()) < MIN_LENGTH else text.replace(secret, HIDDEN)
    assert hiding([secret])(text) == expected


def test_texts_without_a_secret_stay_as_they_are() -> None:
    mask = hiding([*SECRETS, KEY])
    for text in (
        "sha256:0d5989449c8476c657d148ddf5ad2fe2fdbd179e8570d3a5",
        "".join(map(chr, range(1, 256))),
        "\\" * 100,
        "hunter 2 hunter",
        base64.b64encode(bytes(range(256))).decode()[::-1],
    ):
        assert mask(text) == text


def test_the_longest_secret_is_replaced_first_by_its_own_name() -> None:
    mask = mask_of({"hunter2": "<short>", "hunter2-hunter2": r"<long\1>"})
    assert mask("hunter2-hunter2 hunter2") == r"<long\1> <short>"


def test_values_are_masked_at_every_depth() -> None:
    value = {"hunter2": ["x", ("hunter2", 2)], "n": None, "b": True, "d": {"e": "a hunter2"}}
    assert changed(value, hiding(["hunter2"])) == {
        HIDDEN: ["x", (HIDDEN, 2)],
        "n": None,
        "b": True,
        "d": {"e": f"a {HIDDEN}"},
    }


@pytest.mark.parametrize(
    "secret",
    ["\\/" * 30 + "x", "\r\n" * 30 + "x", "%25" * 30 + "x", "\\\n" * 30 + "x", "' " * 30 + "x"],
)
def test_the_time_of_a_search_grows_with_the_text_only(secret: str) -> None:
    mask = hiding([f"a{secret}"])

    def seconds(count: int) -> float:
        text = "a" + (secret[:-1] + json.dumps(secret)[1:-2]) * count
        began = time.process_time()
        mask(text)
        return time.process_time() - began

    assert seconds(400) < 40 * max(seconds(40), 0.002)
