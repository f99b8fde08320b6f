"""Resolve ``--chown`` with /etc/passwd and /etc/group of the base image, as docker does."""

from __future__ import annotations

import re

from ..dockerfile.words import Fault
from .filesystem import GROUP, PASSWD, Filesystem


def is_numeric(owner: str) -> bool:
    """Return whether *owner* has numbers only, so that the base image need not be read."""
    return re.fullmatch(r"\d*(:\d+)?", owner, re.A) is not None


def find_owner(owner: str, inside: Filesystem) -> tuple[int, int]:
    """Return the user ID and the group ID of ``user:group``.  Raises Fault.

    Without a group, the group has the same name or number as the user.
    """
    if not owner:
        return 0, 0
    user, _, group = owner.partition(":")
    return (
        _number(user, "user", PASSWD, inside),
        _number(group or user, "group", GROUP, inside),
    )


def _number(name: str, what: str, path: str, inside: Filesystem) -> int:
    if re.fullmatch(r"\d+", name, re.A):
        return int(name)
    node = inside.get(path)
    for line in (node.content if node else "").splitlines():
        fields = line.strip().split(":")
        if len(fields) > 2 and fields[0] == name and fields[2].isdigit():
            return int(fields[2])
    raise Fault(f"COPY: --chown: /{path} of the base has no {what} {name}: write its number")
