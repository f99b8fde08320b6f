"""Which lines are reported as plain secrets, and which are not."""

from __future__ import annotations

import base64
import hashlib
import secrets
import string
import time
from pathlib import Path

import pytest

from buildbot_ship import sealed
from buildbot_ship.model.secrets.plain_secrets import find_plain_secrets

ROOT = Path(__file__).resolve().parents[4]
# Tokens are put together here, so that this file has none.
MIXED = "a1B2c3D4e5F6g7H8i9J0" * 8
BODY = base64.b64encode(
    b"".join(hashlib.sha256(bytes([n])).digest() for n in range(7))
).decode()


def pem(kind: str, newline: str = "\n") -> str:
    begin, end = f"-----BEGIN {kind}-----", f"-----END {kind}-----"
    return newline.join([begin, BODY[:64], BODY[64:128], end, ""])


def found(text: str, path: str = "app/settings.py") -> list[str]:
    return [str(problem) for problem in find_plain_secrets(path, text.encode())]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (pem("RSA PRIVATE" + " KEY"), "a private key"),
        (pem("PRIVATE" + " KEY"), "a private key"),
        (pem("PRIVATE" + " KEY", "\r\n"), "a private key"),
        (pem("OPENSSH PRIVATE" + " KEY"), "a private key"),
        ('{"key": "' + pem("PRIVATE" + " KEY", "\\n") + '"}', "a private key"),
        (pem("PGP PRIVATE" + " KEY BLOCK").replace("\n", "\n\n", 1), "a private key"),
        (sealed.private_key_text(sealed.new_private_key()), "a private key of buildbot-ship"),
        ("AKIA" + "Z7QWERTY2UIOPASD", "an AWS access key"),
        ("x = ghp_" + MIXED[:36], "a GitHub token"),
        ("github_pat_" + MIXED[:82], "a GitHub token"),
        ("glpat-" + MIXED[:20], "a GitLab token"),
        ("xoxb-" + "123456789012-" + MIXED[:24], "a Slack token"),
        ("https://hooks.slack.com/services/T" + "0123ABCD/B0123ABCD/" + MIXED[:24], "a Slack"),
        ("pypi-AgEIcHlwaS5vcmc" + MIXED[:90], "a PyPI token"),
        ("sk_live_" + MIXED[:24], "a Stripe key"),
        ("AIza" + MIXED[:35], "a Google API key"),
        ("GOCSPX-" + MIXED[:28], "a Google OAuth secret"),
        ("npm_" + MIXED[:36], "an npm token"),
        ("dckr_pat_" + MIXED[:27], "a Docker Hub token"),
        ("SG." + MIXED[:22] + "." + MIXED[:43], "a SendGrid key"),
        ("AccountKey=" + MIXED[:86] + "==", "an Azure storage key"),
        (f'DB_PASSWORD = "{BODY[:20]}"', "a random value with a telling name"),
        ('secret = "MFRGGZDFMZTWQ2' + 'LK"', "a random value with a telling name"),
        (f"api_key: {MIXED[:20]}", "a random value with a telling name"),
        (f"export TOKEN={MIXED[:20]}", "a random value with a telling name"),
        (f'{{"client_secret": "{MIXED[:20]}"}}', "a random value with a telling name"),
        (f'config["secret_key"] = "{MIXED[:24]}"', "a random value with a telling name"),
        (f"token = {hashlib.sha1(b'x').hexdigest()}", "a random value"),  # noqa: S324
        (f"url = postgres://app:{MIXED[:16]}@db/app", "a password in a URL"),
    ],
    ids=lambda value: value[:24],
)
def test_a_plain_secret_is_reported_with_its_line_but_not_shown(line: str, kind: str) -> None:
    problems = found(f"# first\n\n{line}\n")
    assert len(problems) == 1
    assert problems[0].startswith(f"app/settings.py:3: {kind}")
    assert MIXED[:10] not in problems[0]
    assert BODY[:10] not in problems[0]


@pytest.mark.parametrize(
    "text",
    [
        "six==1.17.0 --hash=sha256:" + hashlib.sha256(b"six").hexdigest(),
        f"token-lib==1.0 --hash=sha256:{hashlib.sha256(b'token').hexdigest()}",
        "  secret_sha256 = " + hashlib.sha256(b"x").hexdigest(),
        '"integrity": "sha512-' + base64.b64encode(hashlib.sha512(b"x").digest()).decode(),
        "secret_id: 123e4567-e89b-12d3-a456-426614174000",
        "token: 123e4567-e89b-12d3-a456-426614174000",
        f"<img src='data:image/png;base64,{BODY}'>",
        "password = os.environ['APP_PASSWORD_2']",
        "PASSWORD=${APP_PASSWORD_V2}",
        "password: {{ vault_password_2 }}",
        "token = get_token_of_version_2(argument)",
        "token = self.tokens2.current.value1",
        'token_url = "https://login.example.com/oauth2/v2.0/token"',
        "secret_file: /run/secrets/app-key-2",
        'password = "changeme-1234567890"',
        'PASSWORD = "hunter2-of-the-index"',
        'HTPASSWD = "me:$2b$05$' + MIXED[:53] + '"',
        "the -----BEGIN RSA PRIVATE" + " KEY----- marker in a text about keys",
        'return f"-----BEGIN PRIVATE' + ' KEY-----\\n{body}"',
        "AKIAIOSFODNN7EXAMPLE",
        "postgres://app:password@db/app",
        "prod ship-pub-" + "0f" * 36,
        "token: ship-pub-" + "0f" * 36,
        "tokens = 16",
        "Ed25519PrivateKey = ed25519.Ed25519PrivateKey",
        "private_key: Ed25519PrivateKey | Ed448PrivateKey",
        "PASSWD_MIN = nacl.bindings.crypto_pwhash_scryptsalsa208sha256_PASSWD_MIN",
        'TOKEN_CHARS = "345679ACEFGHJKLMNPQRSTUVWXY"',
        "secret = 2026-11-23T04-50-49-169150",
    ],
    ids=lambda value: value[:30],
)
def test_what_only_resembles_a_secret_is_not_reported(text: str) -> None:
    assert found(text) == []


def test_the_strict_file_and_all_files_of_this_repository_have_no_secret() -> None:
    paths = [*ROOT.rglob("*.txt"), *ROOT.rglob("*.md"), *ROOT.rglob("*.py")]
    assert len(paths) > 400
    problems = [found(path.read_text("utf-8"), path.name) for path in paths]
    assert [each for each in problems if each] == []


def test_a_comment_on_the_line_or_before_it_allows_a_secret() -> None:
    secret = f"token = {MIXED[:20]}"
    assert found(f"{secret}  # ship: allow-secret") == []
    assert found(f"# ship: allow-secret\n{secret}") == []
    assert len(found(f"# ship: allow-secret\n\n{secret}")) == 1
    assert len(found(f"{secret}\n# ship: allow-secret")) == 1


def test_random_passwords_are_found() -> None:
    letters = string.ascii_letters + string.digits
    made = ["".join(secrets.choice(letters) for _ in range(24)) for _ in range(1000)]
    missed = [value for value in made if not found(f"password = {value}")]
    assert len(missed) < 60, missed


def test_binary_files_are_not_searched() -> None:
    assert found(f"\0token = {MIXED[:20]}") == []


@pytest.mark.parametrize(
    "data",
    [
        b"password" * 130_000,
        b"token=" * 170_000,
        b"a" * 1_000_000,
        b"a://" * 250_000,
        b"a://a:" * 150_000,
        (b"-----BEGIN PRIVATE" + b" KEY-----") * 35_000,
        (b"-----BEGIN PRIVATE" + b" KEY-----" + b"a: b\n" * 1000) * 180,
        b"token = " + b"a1" * 500_000,
    ],
    ids=lambda value: repr(value[:30]),
)
def test_no_file_makes_the_search_slow(data: bytes) -> None:
    start = time.process_time()
    list(find_plain_secrets("f", data))
    assert time.process_time() - start < 5
