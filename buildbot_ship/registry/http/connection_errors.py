"""Errors of requests, translated: retry them, or report what the user must change."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

import requests

from ...errors import FileMissing, RegistryRefused
from .retry import RetryableFault


@contextmanager
def translated_errors(registry: str = "", action: str = "") -> Iterator[None]:
    """Raise RetryableFault for a broken connection.

    Raises RegistryRefused for a certificate that this worker does not trust, and FileMissing
    for a CA bundle that does not exist.  The original error is dropped: its text contains
    URLs, and a URL may contain a password.
    """
    try:
        yield
    except requests.RequestException as error:
        if _is_untrusted_certificate(error):
            raise RegistryRefused(
                registry,
                action,
                "its certificate is not trusted here",
                "set REQUESTS_CA_BUNDLE on the worker to a CA bundle with the registry's "
                "certificate authority, for example /etc/ssl/certs/ca-certificates.crt",
            ) from None
        raise RetryableFault(explain(error)) from None
    except OSError as error:
        if "CA certificate" in str(error):
            raise FileMissing("the CA bundle of REQUESTS_CA_BUNDLE", "this worker") from None
        raise


def explain(error: BaseException) -> str:
    """Return why a connection failed, in one line without its URL."""
    cause: BaseException | None = error
    while cause is not None:
        if type(cause).__name__ in ("NameResolutionError", "gaierror"):
            return "its host name does not resolve"
        # requests' own errors are OSErrors too, without a number.
        if isinstance(cause, OSError) and cause.errno in errno.errorcode and cause.strerror:
            return cause.strerror.lower()
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, requests.ConnectTimeout):
        return "no connection before the timeout"
    if isinstance(error, requests.Timeout):
        return "no answer before the timeout"
    if isinstance(error, requests.exceptions.ProxyError):
        return "the proxy refused the connection"
    return "the connection broke"


def _is_untrusted_certificate(error: BaseException) -> bool:
    return isinstance(error, requests.exceptions.SSLError) and "CERTIFICATE" in str(error)
