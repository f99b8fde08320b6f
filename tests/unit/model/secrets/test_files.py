"""The formats of ``recipients.txt`` and ``NAME.sealed``, with hostile content."""

from __future__ import annotations

import attrs
import pytest

from buildbot_ship import sealed
from buildbot_ship.errors import InvalidFile
from buildbot_ship.model.secrets.recipients import (
    Recipient,
    Recipients,
    add_recipient,
    public_key_text,
    read_recipients,
)
from buildbot_ship.model.secrets.sealed_file import Box, SealedSecret, find_faults, read_sealed

KEY, OTHER = bytes(range(32)), bytes(range(1, 33))
PROD, ALICE = Recipient("prod", KEY), Recipient("alice", OTHER)
REPOSITORY = "example.com/team/app"
RECIPIENTS = Recipients(REPOSITORY, (PROD, ALICE))
HEAD = f"repository: {REPOSITORY}\n"
TEXT = public_key_text(KEY)
CHANGED = TEXT.replace("0102", "0103")
SECRET = SealedSecret(
    "token",
    REPOSITORY,
    tuple(Box(r.name, r.fingerprint, b"x" * 150) for r in RECIPIENTS.recipients),
)


def recipients_faults(text: str) -> str:
    with pytest.raises(InvalidFile) as caught:
        read_recipients(text, "secrets/recipients.txt")
    return caught.value.details


def test_recipients_are_read_as_they_are_added() -> None:
    text = add_recipient(add_recipient("", PROD, REPOSITORY), ALICE, None)
    read = read_recipients(text.removesuffix("\n") + "  # a comment\n\n", "f")
    assert read.repository == REPOSITORY
    assert [attrs.evolve(r, line=0) for r in read.recipients] == [PROD, ALICE]


def test_the_module_for_images_uses_the_same_fingerprint() -> None:
    assert sealed.fingerprint(KEY) == PROD.fingerprint


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "1: there is no line repository:"),
        (HEAD, "1: there is no recipient"),
        (f"{HEAD}prod", "2: the key is not ship-pub-"),
        (f"{HEAD}prod ship-pub-0f", "2: the key has 2 hexadecimal digits, not 72"),
        (f"{HEAD}prod {TEXT[:-1]}", "2: the key has 71 hexadecimal digits, not 72"),
        (f"{HEAD}prod {TEXT}0", "2: the key has 73 hexadecimal digits, not 72"),
        (f"{HEAD}prod {CHANGED}", "2: the key has a wrong checksum"),
        (f"{HEAD}prod {TEXT.upper()}", "2: the key is not ship-pub-"),
        (f"{HEAD}prod ssh-ed25519 AAAA", "2: the key is not ship-pub-"),
        (f"{HEAD}prod ship-key-{TEXT[9:]}", "2: this is a private key: remove it"),
        (f"{HEAD}ship-key-{TEXT[9:]}", "2: this is a private key: remove it"),
        (f"{HEAD}a/b {TEXT}", "2: the line is not a name and a public key"),
        (f"{HEAD}prod {TEXT}\nprod {public_key_text(OTHER)}", "3: line 2 has the same name"),
        (f"{HEAD}prod {TEXT}\nalice {TEXT}", "3: line 2 has the same key"),
        (f"{HEAD}{HEAD}prod {TEXT}", "2: there are two lines repository:"),
        (f"repository: a b\nprod {TEXT}", "1: the repository is not of the form"),
    ],
)  # fmt: skip
def test_a_wrong_recipient_is_named_with_its_line(text: str, fault: str) -> None:
    found = recipients_faults(text)
    assert found.startswith(f"secrets/recipients.txt:{fault}")
    assert TEXT[9:40] not in found


def sealed_faults(text: str) -> str:
    with pytest.raises(InvalidFile) as caught:
        read_sealed(text, "secrets/token.sealed")
    return caught.value.details


def test_a_sealed_secret_is_read_as_it_is_written() -> None:
    read = read_sealed(str(SECRET), "f")
    boxes = tuple(attrs.evolve(box, line=0) for box in read.boxes)
    assert attrs.evolve(read, boxes=boxes) == SECRET
    assert [box.line for box in read.boxes] == [4, 5]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "1: the file does not begin with ship-sealed: 1"),
        (str(SECRET).replace("ship-sealed: 1", "ship-sealed: 2"), "1: the file does not begin"),
        (str(SECRET).replace("name: token\n", ""), "2: there is no line name:"),
        (str(SECRET).replace("name: token", "name: ../x"), "2: there is no line name:"),
        ("\n".join(str(SECRET).splitlines()[:3]), "1: the file has no box: it is truncated"),
        (str(SECRET)[:-3], "5: the box of alice is truncated or changed: no base64"),
        (str(SECRET)[:-1], "5: the last line is truncated"),
        (str(SECRET) + "name: other\n", "6: the line is not a recipient, a fingerprint"),
        (str(SECRET) + "<<<<<<< HEAD\n", "6: the line is not a recipient, a fingerprint"),
        (str(SECRET) + "prod 12 eHh4\n", "6: the line is not a recipient, a fingerprint"),
    ],
)
def test_a_damaged_file_is_named_with_its_line(text: str, fault: str) -> None:
    assert sealed_faults(text).splitlines()[0].startswith(f"secrets/token.sealed:{fault}")


def faults(secret: SealedSecret, path: str = "secrets/token.sealed") -> list[str]:
    read = read_sealed(str(secret), path)
    return [str(problem) for problem in find_faults(read, RECIPIENTS, path)]


def with_boxes(*boxes: Box) -> SealedSecret:
    return attrs.evolve(SECRET, boxes=boxes)


def test_an_intact_secret_has_no_fault() -> None:
    assert faults(SECRET) == []


P, A = SECRET.boxes


@pytest.mark.parametrize(
    ("secret", "fault"),
    [
        (attrs.evolve(SECRET, name="other"), "2: this is the secret other: move"),
        (attrs.evolve(SECRET, repository="a/b"), "3: it was sealed for a/b, not for"),
        (with_boxes(P), f"1: alice has no box for the key {ALICE.fingerprint}"),
        (with_boxes(P, A, Box("bob", "0" * 16, P.data)), "6: bob can open it with the key"),
        (with_boxes(attrs.evolve(P, recipient="x"), A), f"4: the key {PROD.fingerprint}"),
        (with_boxes(P, A, A), "6: alice has two boxes"),
        (with_boxes(attrs.evolve(P, data=P.data[:-3]), A), "4: the box of prod is smaller"),
        (with_boxes(attrs.evolve(P, data=b"x" * 48), A), "4: the box of prod has 48 bytes"),
        (with_boxes(P, attrs.evolve(A, data=b"x" * 70_000)), "5: the box of alice has 70000"),
    ],
)  # fmt: skip
def test_a_secret_in_the_wrong_place_or_for_others_is_named(
    secret: SealedSecret, fault: str
) -> None:
    assert any(each.startswith(f"secrets/token.sealed:{fault}") for each in faults(secret))
