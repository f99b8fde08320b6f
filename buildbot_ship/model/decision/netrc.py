"""Write a netrc file, with which pip and requests log in to a package index.

Format: https://www.gnu.org/software/inetutils/manual/html_node/The-_002enetrc-file.html.  The
file is in a throw-away container only: no URL, argument or variable has a password.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from ...errors import InvalidRequest
from ..request.settings import Credential, Index

# Python versions parse quotes and backslashes in a netrc differently.
_WORD = re.compile(r"[^\s\"'\\#][^\s\\]*")


def netrc(index: Index, credentials: Iterable[Credential]) -> str:
    """Return the netrc for the hosts of *index*, empty if no host has credentials.

    Raises InvalidRequest for a user or password that a netrc cannot contain.
    """
    by_host = {credential.registry: credential for credential in credentials}
    return "".join(
        _line(host, by_host[netloc]) for netloc, host in _hosts(index) if netloc in by_host
    )


def _hosts(index: Index) -> Iterator[tuple[str, str]]:
    for url in dict.fromkeys(filter(None, (index.url, *index.extra_urls))):
        parts = urlsplit(url)
        yield parts.netloc.rpartition("@")[2], parts.hostname or ""


def _line(host: str, credential: Credential) -> str:
    if not (_WORD.fullmatch(credential.username) and _WORD.fullmatch(credential.password)):
        why = f"for the index {host}: user and password must have no blank, quote or backslash"
        raise InvalidRequest("credentials", why)
    return f"machine {host} login {credential.username} password {credential.password}\n"
