"""Judge a bundle of CA certificates (PEM) by its text."""

from __future__ import annotations

import ssl
from collections.abc import Mapping, Sequence
from typing import Any

from ..result import counted
from .clock import duration
from .finding import Finding, ok, problem, warning

_SOON = 14 * 86400.0
"""Seconds before its end from which on a certificate is worth a warning."""


def judge_bundle(path: str, text: str, now: float) -> Finding:
    """Return the finding about the bundle *text* from *path*; *now* is in seconds since 1970.

    A bundle of several authorities may contain old ones, so only the last valid one counts.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cadata=text)
    except (ssl.SSLError, ValueError) as error:
        why = getattr(error, "reason", None) or error
        return problem(
            f"{path} has no certificates that can be read",
            f"it is not a file of certificates in PEM: {why}",
            "write the certificates of the authority in PEM, each from BEGIN CERTIFICATE to "
            "END CERTIFICATE; convert DER with openssl x509 -inform der",
        )
    authorities: Sequence[Mapping[str, Any]] = context.get_ca_certs()
    left = [
        (ssl.cert_time_to_seconds(str(each["notAfter"])) - now, each) for each in authorities
    ]
    if not left:
        # Of certificates that are no authority, such as one of a server, Python tells no date.
        single = context.cert_store_stats()["x509"]
        return ok(f"{path}: {counted(single, 'certificate')}")
    seconds, last = max(left, key=lambda pair: pair[0])
    remedy = f"get the new certificate from who runs this authority, and write it to {path}"
    if seconds < 0:
        what = f"every certificate in {path} has expired"
        cause = f"the last one, {_name(last)}, ended {duration(-seconds)} ago"
        return problem(what, cause, remedy)
    count = counted(len(left), "authority", "authorities")
    if seconds < _SOON:
        cause = f"{_name(last)} ends in {duration(seconds)}"
        return warning(f"{path} expires soon", cause, remedy)
    return ok(f"{path}: {count}, valid")


def _name(certificate: Mapping[str, Any]) -> str:
    """Return the most specific name of the subject of a certificate."""
    names = [value for part in certificate.get("subject", ()) for _, value in part]
    return str(names[-1]) if names else "one without a name"
