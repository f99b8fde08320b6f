"""Ask a package index for the files of a project, as pip in a container does."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import unquote, urlsplit, urlunsplit

from ..errors import without_login
from ..model.diagnosis.index_page import ACCEPT, IndexPage
from ..model.log import Log
from ..model.request.settings import Credential, Index, RegistryOptions
from .access import QUICK, date_of
from .connection import new_transport
from .http.response import Call

_LIMIT = 8 * 1024**2


def read_index(
    index: Index,
    url: str,
    project: str,
    *,
    credentials: tuple[Credential, ...],
    environment: Mapping[str, str],
    log: Log,
) -> tuple[IndexPage, float | None]:
    """Return the answer of the index at *url*, and its clock in seconds since 1970.

    *url* is one of those of *index*, which also has the proxy and the CA bundle.  A login is
    that of the URL, or that of *credentials*; Docker's logins are not for an index.  Raises
    RegistryUnavailable, RegistryForbidden, RegistryRefused with the host as the registry.
    """
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    if parts.username:
        own = Credential(host, unquote(parts.username), unquote(parts.password or ""))
        credentials = (own, *credentials)
    insecure = (host,) if parts.scheme == "http" else ()
    no_docker = {name: text for name, text in environment.items() if name == "XDG_CONFIG_HOME"}
    transport = new_transport(
        credentials,
        RegistryOptions(index.ca_bundle, insecure),
        no_docker,
        policy=QUICK,
        log=log,
        proxy=index.proxy,
        in_container=True,
    )
    path = f"{parts.path.rstrip('/')}/{project}/"
    target = urlunsplit((parts.scheme, host, path, "", ""))
    call = Call(
        host, "GET", target, "serve its simple API", (), {"Accept": ACCEPT}, limit=_LIMIT
    )
    answer = transport.send(call)
    is_whole = len(answer.body) <= _LIMIT
    kind = answer.headers.get("Content-Type", "")
    page = IndexPage(without_login(url), project, answer.status, kind, answer.body, is_whole)
    return page, date_of(answer)
