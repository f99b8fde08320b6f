"""Who ``--chown`` means, by the base's /etc/passwd and /etc/group, as docker reads them."""

from __future__ import annotations

import re

from ..dockerfile.words import Fault
from .filesystem import GROUP, PASSWD, Filesystem


def is_numeric(owner: str) -> bool:
    """Tell whether *owner* needs no look into the base."""
    return re.fullmatch(r"\d*(:\d+)?", owner, re.A) is not None


def find_owner(owner: str, inside: Filesystem) -> tuple[int, int]:
    """Return the user's and the group's number of ``user:group``; raise Fault.

    A user alone is also the group's name or number.
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
