"""The OCI labels of an image: revision, creation time, base image and source.

Keys: https://github.com/opencontainers/image-spec/blob/main/annotations.md.  Revision, time and
base are facts: they override the labels of the base image.  Setting one in the options or in a
Dockerfile is an error, because it would be wrong at the next commit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from ...errors import InvalidFile, InvalidRequest, Problem
from ..dockerfile.document import Dockerfile
from ..dockerfile.instruction import Label
from .assemble import written_time
from .base import Base

_PREFIX = "org.opencontainers.image."
SOURCE = f"{_PREFIX}source"
REVISION, CREATED = f"{_PREFIX}revision", f"{_PREFIX}created"
BASE_NAME, BASE_DIGEST = f"{_PREFIX}base.name", f"{_PREFIX}base.digest"
FACTS = (REVISION, CREATED, BASE_NAME, BASE_DIGEST)


def facts(base: Base, commit: str, created: datetime) -> dict[str, str]:
    """Return the facts: revision, time, name and digest of the base image."""
    return {
        REVISION: commit,
        CREATED: written_time(created),
        BASE_NAME: str(base.reference).partition("@")[0],
        BASE_DIGEST: str(base.reference.digest),
    }


def defaults(source: str | None, labels: Mapping[str, str]) -> dict[str, str]:
    """Return the labels from the options, which a Dockerfile can override.

    Raises InvalidRequest for a fact.
    """
    for name in _facts_in(labels):
        raise InvalidRequest("labels", f"{name} is set by this step: remove it")
    return {**({SOURCE: source} if source else {}), **labels}


def check(dockerfile: Dockerfile) -> None:
    """Raise InvalidFile if *dockerfile* sets a fact."""
    problems = [
        Problem(dockerfile.file, item.line, f"LABEL: {name} is set by the step: remove it")
        for item in dockerfile.instructions
        if isinstance(item, Label)
        for name in _facts_in(dict(item.values))
    ]
    if problems:
        raise InvalidFile(tuple(problems))


def _facts_in(names: Iterable[str]) -> list[str]:
    return [name for name in names if name in FACTS]
