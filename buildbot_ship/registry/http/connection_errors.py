"""Errors of requests, translated: retry them, or report what the user must change."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager

import requests
import urllib3.exceptions

from ...errors import FileMissing, RegistryRefused
from .metering import SlowAnswer
from .response import CLIENT_HINT
from .retry import RetryableFault

_NO_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST", "UNKNOWN_PROTOCOL")
"""Reasons of OpenSSL when the other side answers in plain HTTP."""

_NO_ADDRESS = ("the address is no http or https URL", "correct the name of the registry")
_WANTS_CLIENT = "CERTIFICATE_REQUIRED"
"""Part of OpenSSL's reason if the server got no certificate of the client."""
_VERIFICATION = re.compile(r"certificate verify failed: ([a-z -]+)")
"""The words of OpenSSL only: what follows may quote the name of a host."""
_REASONS = {
    requests.ConnectTimeout: "no connection before the timeout",
    requests.Timeout: "no answer before the timeout",
    requests.exceptions.ProxyError: "the proxy refused the connection",
}


@contextmanager
def translated_errors(registry: str = "", action: str = "") -> Iterator[None]:
    """Raise RetryableFault for a broken connection or a slow answer.

    Raises RegistryRefused for an error that a retry cannot mend, such as a certificate that
    this worker does not trust, and FileMissing for a CA bundle that does not exist.  The
    original error is dropped: its text contains URLs, and a URL may contain a password.
    """
    try:
        yield
    except urllib3.exceptions.LocationParseError:
        raise RegistryRefused(registry, action, *_NO_ADDRESS) from None
    except requests.RequestException as error:
        if _is_untrusted_certificate(error):
            raise RegistryRefused(
                registry,
                action,
                f"its certificate is not trusted here{_distrust(error)}",
                "name a file with the registry's certificate authority in the option "
                f"registry_ca_bundle, or save it as /etc/docker/certs.d/{registry}/ca.crt on "
                "the worker",
            ) from None
        for problem in _permanent_problems(error):
            raise RegistryRefused(registry, action, *problem) from None
        raise RetryableFault(explain(error)) from None
    except OSError as error:
        if "CA certificate" in str(error):
            raise FileMissing("the CA bundle of REQUESTS_CA_BUNDLE", "this worker") from None
        raise


def explain(error: BaseException) -> str:
    """Return why a connection failed, in one line without its URL."""
    cause: BaseException | None = error
    timed_out = False
    while cause is not None:
        timed_out = timed_out or isinstance(cause, TimeoutError)
        if isinstance(cause, SlowAnswer):
            return str(cause)
        if type(cause).__name__ in ("NameResolutionError", "gaierror"):
            return "its host name does not resolve"
        # requests' own errors are OSErrors too, without a number.
        if isinstance(cause, OSError) and cause.errno in errno.errorcode and cause.strerror:
            return cause.strerror.lower()
        cause = cause.__cause__ or cause.__context__
    for kind, why in _REASONS.items():
        if isinstance(error, kind):
            return why
    return "it took no bytes before the timeout" if timed_out else "the connection broke"


def _distrust(error: BaseException) -> str:
    """Return why OpenSSL does not trust a certificate, as an addition to a message."""
    found = _VERIFICATION.search(str(error))
    return f" ({found[1].strip()})" if found else ""


def _is_untrusted_certificate(error: BaseException) -> bool:
    text = str(error)
    is_tls = isinstance(error, requests.exceptions.SSLError)
    return is_tls and "CERTIFICATE" in text and _WANTS_CLIENT not in text


def _permanent_problems(error: requests.RequestException) -> Iterator[tuple[str, str]]:
    """Yield why a retry cannot help, and the remedy; yield nothing if it may help."""
    kinds = requests.exceptions
    text = str(error)
    if isinstance(error, kinds.SSLError) and any(word in text for word in _NO_TLS):
        yield (
            "it does not speak TLS on this port",
            "give the port of its https address, or name it in the option insecure_registries; "
            "without the option, plain http works only on loopback",
        )
    if isinstance(error, kinds.RequestException) and _WANTS_CLIENT in text:
        yield "it wants a client certificate", CLIENT_HINT
    if isinstance(error, kinds.ProxyError) and "Tunnel connection failed: 4" in text:
        yield (
            "the proxy refused the connection",
            "correct HTTPS_PROXY in the env of the step, for example http://user:password@proxy:3128",
        )
    if isinstance(error, (kinds.InvalidURL, kinds.InvalidSchema, kinds.MissingSchema)):
        yield _NO_ADDRESS
    if isinstance(error, kinds.InvalidHeader):
        yield "it asked for a header that HTTP does not allow", "read the registry's log"
    if isinstance(error, kinds.ContentDecodingError):
        yield "its answer is not encoded as its headers say", "read the log of its proxy"
