"""List the tags of a repository, page by page.

Source: https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-tags
"""

from __future__ import annotations

import re

from ...errors import LimitExceeded, RegistryRefused
from ...model.json_text import read_json
from ...model.reference import Repository
from .authentication import pull_scope
from .response import Answer, Call, refusal
from .transport import Transport

_NEXT = re.compile(r'<([^<>]+)>\s*;[^,<]*rel="?next"?')
_PAGE = 1000
_PAGES = 1000
_LIMIT = 4 * 1024**2


def list_tags(transport: Transport, repository: Repository) -> tuple[str, ...]:
    """Return every tag of *repository*, none if the registry has no such repository.

    Raises LimitExceeded for more than a million tags.
    """
    path = f"/v2/{repository.path}/tags/list"
    url: str | None = f"{path}?n={_PAGE}"
    action = f"list the tags of {repository.path}"
    tags: list[str] = []
    seen = {url}
    for _ in range(_PAGES):
        scopes = (pull_scope(repository),)
        call = Call(repository.registry, "GET", str(url), action, scopes, limit=_LIMIT)
        answer = transport.send(call)
        if answer.status == 404:
            return tuple(tags)
        if answer.status != 200:
            raise refusal(answer, call)
        tags += _tags(answer, call)
        url = _next_url(answer, path)
        if url is None:
            return tuple(tags)
        if url in seen:
            why = "its links to the next page form a circle"
            raise RegistryRefused(call.registry, call.action, why)
        seen.add(url)
    raise LimitExceeded(f"the list of tags of {repository}", f"{_PAGE * _PAGES} tags")


def _tags(answer: Answer, call: Call) -> list[str]:
    try:
        return [str(tag) for tag in read_json(answer.body)["tags"] or ()]
    except (ValueError, KeyError, TypeError):
        why = "its answer is not a list of tags"
        raise RegistryRefused(call.registry, call.action, why) from None


def _next_url(answer: Answer, path: str) -> str | None:
    """Return *path* with the query of the next page; host and path of the link are ignored.

    Behind a proxy, a registry may not know its own address.
    """
    match = _NEXT.search(answer.headers.get("Link", ""))
    if match is None:
        return None
    query = match[1].partition("#")[0].partition("?")[2]
    return f"{path}?{query}"
