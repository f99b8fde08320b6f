"""How containers log in to a package index: a netrc file, which pip and requests read.

https://www.gnu.org/software/inetutils/manual/html_node/The-_002enetrc-file.html.  It is a
file in a throw-away container: no password is in a URL, an argument, or the environment.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from ...errors import InvalidRequest
from ..request.settings import Credential, Index

# Python's readers of netrc disagree on quotes and backslashes from version to version.
_WORD = re.compile(r"[^\s\"'\\#][^\s\\]*")


def netrc(index: Index, credentials: Iterable[Credential]) -> str:
    """Return the netrc for the hosts of *index*, empty when none needs a login.

    Raises InvalidRequest for what a netrc cannot hold.
    """
    known = {credential.registry: credential for credential in credentials}
    return "".join(
        _line(host, known[netloc]) for netloc, host in _hosts(index) if netloc in known
    )


def _hosts(index: Index) -> Iterator[tuple[str, str]]:
    for url in dict.fromkeys(filter(None, (index.url, *index.extra_urls))):
        parts = urlsplit(url)
        yield parts.netloc.rpartition("@")[2], parts.hostname or ""


def _line(host: str, credential: Credential) -> str:
    if not (_WORD.fullmatch(credential.username) and _WORD.fullmatch(credential.password)):
        why = f"for the index {host}: no blank, quote or backslash may be in user or password"
        raise InvalidRequest("credentials", why)
    return f"machine {host} login {credential.username} password {credential.password}\n"
