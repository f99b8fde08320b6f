"""Update FROM lines to new bases, as the developer does."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lab.errors import LabError

FROM = re.compile(r"^(FROM\s+)(\S+)", re.IGNORECASE | re.MULTILINE)
STAGE = re.compile(r"^FROM\s+\S+\s+AS\s+(\S+)", re.IGNORECASE | re.MULTILINE)
TIMESTAMP = r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-\d{6}"


def own_copies(properties: Mapping[str, Any], prefix: str) -> dict[str, str]:
    """Return the references below a prefix that RetagBase created, by repository name."""
    wanted = re.compile(rf"{re.escape(prefix)}/([\w.-]+):{TIMESTAMP}")
    found = (wanted.match(text) for text in _texts(properties.values()))
    return {match[1]: match[0] for match in found if match}


def pin(dockerfile: str, copies: Mapping[str, str]) -> str:
    """Return a Dockerfile with the own copy of its base in each FROM line that has a base."""
    stages = set(STAGE.findall(dockerfile))

    def replaced(line: re.Match[str]) -> str:
        if line[2] in stages:
            return line[0]
        name = line[2].rpartition("/")[2].partition("@")[0].partition(":")[0]
        if name not in copies:
            raise LabError(f"FROM {line[2]}: no own copy of {name}")
        return line[1] + copies[name]

    return FROM.sub(replaced, dockerfile)


def _texts(values: Iterable[Any]) -> Iterator[str]:
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, Mapping):
            yield from _texts([*value, *value.values()])
        elif isinstance(value, list | tuple):
            yield from _texts(value)
