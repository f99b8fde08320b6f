"""The tags of a repository, page by page.

https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-tags
"""

from __future__ import annotations

import json
import re
from urllib.parse import urljoin, urlsplit

from ...errors import LimitExceeded, RegistryRefused
from ...model.reference import Repository
from .authentication import pull_scope
from .response import Answer, refused
from .transport import Call, Transport

_NEXT = re.compile(r'<([^>]+)>\s*;[^,]*rel="?next"?')
_PAGE = 1000
_PAGES = 1000
_LIMIT = 4 * 1024**2


def list_tags(transport: Transport, repository: Repository) -> tuple[str, ...]:
    """Return every tag of *repository*, none when the registry does not know it.

    Raises LimitExceeded from a million tags on.
    """
    path = f"/v2/{repository.path}/tags/list"
    url: str | None = f"{path}?n={_PAGE}"
    what = f"list the tags of {repository.path}"
    found: list[str] = []
    for _ in range(_PAGES):
        scopes = (pull_scope(repository),)
        call = Call(repository.registry, "GET", str(url), what, scopes, limit=_LIMIT)
        answer = transport.ask(call)
        if answer.status == 404:
            return tuple(found)
        if answer.status != 200:
            raise refused(answer, repository.registry, what)
        found += _tags(answer, call)
        url = _next(answer, path)
        if url is None:
            return tuple(found)
    raise LimitExceeded(f"the list of tags of {repository}", f"{_PAGE * _PAGES} tags")


def _tags(answer: Answer, call: Call) -> list[str]:
    try:
        return [str(tag) for tag in json.loads(answer.body)["tags"] or ()]
    except (ValueError, KeyError, TypeError):
        raise RegistryRefused(call.registry, call.what, "its answer is no list") from None


def _next(answer: Answer, path: str) -> str | None:
    """Return where the next page is: on this registry, whatever host the link names."""
    match = _NEXT.search(answer.headers.get("Link", ""))
    if match is None:
        return None
    parts = urlsplit(urljoin(path, match[1]))
    return f"{parts.path}?{parts.query}"
