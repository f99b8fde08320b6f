"""Which secrets the lines of a Dockerfile mount, and which of them must be given."""

from __future__ import annotations

import pytest

from buildbot_ship.errors import InvalidFile
from buildbot_ship.model.dockerfile.document import read
from buildbot_ship.model.dockerfile.secret_mounts import SecretMount, take_secrets

FROM = "FROM a.test/base:1\n"


@pytest.mark.parametrize(
    ("options", "name", "required"),
    [
        ("id=netrc", "netrc", False),
        ("id=netrc,target=/root/.netrc,required", "netrc", True),
        ("id=netrc,required=TRUE,mode=0400", "netrc", True),
        ("id=netrc,required=false", "netrc", False),
        ("target=/root/.netrc", ".netrc", False),
        ("src=token,id=x,env=TOKEN", "token", False),
    ],
)
def test_a_mount_has_its_name_and_whether_it_is_required(
    options: str, name: str, required: bool
) -> None:
    file = read(
        f"{FROM}RUN --mount=type=cache,target=/c --mount=type=secret,{options} x\n", "f"
    )
    assert file.secrets == (SecretMount(2, name, required),)
    assert file.buildkit


@pytest.mark.parametrize("options", ["", ",id=$NAME", ",required=true", ",id=a$X"])
def test_a_name_that_cannot_be_read_is_refused(options: str) -> None:
    with pytest.raises(InvalidFile) as caught:
        read(f"{FROM}ARG X\nRUN --mount=type=secret{options} x\n", "f")
    assert str(caught.value).startswith("f:3: RUN: --mount=type=secret has no plain id: write")


def test_a_file_gets_what_it_mounts_and_no_more() -> None:
    file = read(f"{FROM}RUN --mount=type=secret,id=a x\nRUN --mount=type=secret,id=b x\n", "f")
    assert take_secrets(file, {"b": "2", "c": "3"}) == {"b": "2"}
    assert take_secrets(file, {}) == {}
    assert take_secrets(read(f"{FROM}RUN x\n", "f"), {"a": "1"}) is None


def test_each_required_secret_that_is_not_given_is_named_with_its_line() -> None:
    lines = [f"RUN --mount=type=secret,id={name},required=true x\n" for name in "abc"]
    file = read(FROM + "".join(lines), "f")
    with pytest.raises(InvalidFile) as caught:
        take_secrets(file, {"b": "2"})
    assert caught.value.details.splitlines() == [
        "f:2: RUN: the secret 'a' is required, but it is not given",
        "f:4: RUN: the secret 'c' is required, but it is not given",
    ]
    assert "build_secrets" in caught.value.remedy
