"""Connections to package indexes that share the certificates of authorities.

Without it, requests reads the file with the authorities again for each connection.  This takes
40 ms, and most of the time of a job that downloads over several connections.
"""

from __future__ import annotations

import os
from ssl import SSLContext
from typing import Any

import certifi
from job import Failed
from requests.adapters import HTTPAdapter
from urllib3.util.ssl_ import create_urllib3_context

VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""What requests reads, in this order: a file or a folder."""


def shared_tls(**options: Any) -> SharedTls:
    """Return an adapter that trusts the same authorities as requests.  Raises Failed."""
    path = next(filter(None, map(os.environ.get, VARIABLES)), certifi.where())
    context = create_urllib3_context()
    try:
        if os.path.isdir(path):
            context.load_verify_locations(capath=path)
        else:
            context.load_verify_locations(cafile=path)
    except OSError as error:
        raise Failed(
            f"the certificates of authorities cannot be read: {error}",
            "name a file with certificates in PEM format in the option ca_bundle (--ca-bundle)",
        ) from None
    return SharedTls(context, **options)


class SharedTls(HTTPAdapter):
    """An adapter for ``https://`` whose connections share one TLS context."""

    def __init__(self, context: SSLContext, **options: Any) -> None:
        """Take the context and the options of the adapter."""
        self._context = context
        super().__init__(**options)

    def build_connection_pool_key_attributes(
        self, request: Any, verify: Any, cert: Any = None
    ) -> Any:
        """Return the attributes with the shared context instead of a file."""
        host, pool = super().build_connection_pool_key_attributes(request, verify, cert)
        shared = {name: value for name, value in pool.items() if not name.startswith("ca_")}
        return host, {**shared, "ssl_context": self._context}

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Require a certificate; the context has the authorities."""
        del url, verify, cert
        conn.cert_reqs = "CERT_REQUIRED"
