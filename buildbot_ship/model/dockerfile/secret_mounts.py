"""Secrets that the lines of a Dockerfile mount: ``RUN --mount=type=secret``.

https://docs.docker.com/reference/dockerfile/#run---mounttypesecret
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import attrs

from ...errors import InvalidFile, Problem
from .buildkit import mounts
from .lines import Line
from .words import Fault, shortened

if TYPE_CHECKING:
    from .document import Dockerfile

_HINT = (
    "give the secret in the option build_secrets, or with --build-secret NAME=FILE; untrusted "
    "builds get none"
)
_TRUE = ("", "1", "t", "true")
"""What turns an option of a mount on, in small letters; without a value it is on."""


@attrs.frozen
class SecretMount:
    """A mount of the secret *name* on a *line*, which fails without it if it is *required*."""

    line: int
    name: str
    required: bool


def secret_mounts(line: Line) -> Iterator[SecretMount]:
    """Yield the secrets that an instruction mounts.  Raises Fault for an unknown name."""
    for mount in mounts(line):
        if mount["type"].lower() != "secret":
            continue
        target = next(
            (mount[key] for key in ("target", "dst", "destination") if key in mount), ""
        )
        own = next((mount[key] for key in ("source", "src", "id") if key in mount), "")
        name = own or target.rpartition("/")[2]
        if not name or "$" in name:
            text = (
                f"--mount=type=secret has no plain id: write id=NAME, not {shortened(name)!r}"
            )
            raise Fault(text)
        required = mount.get("required", "false").lower() in _TRUE
        yield SecretMount(line.number, name, required)


def take_secrets(dockerfile: Dockerfile, given: Mapping[str, str]) -> dict[str, str] | None:
    """Return the *given* secrets that *dockerfile* mounts, by name; None if it mounts none.

    Raises InvalidFile with each line whose secret is required, but not given.
    """
    missing = [each for each in dockerfile.secrets if each.required and each.name not in given]
    if missing:
        raise InvalidFile(tuple(_problems(dockerfile.file, missing)), _HINT)
    if not dockerfile.secrets:
        return None
    mounted = dict.fromkeys(each.name for each in dockerfile.secrets)
    return {name: given[name] for name in mounted if name in given}


def _problems(file: str, missing: Iterable[SecretMount]) -> Iterator[Problem]:
    for each in missing:
        text = f"RUN: the secret {shortened(each.name)!r} is required, but it is not given"
        yield Problem(file, each.line, text)
