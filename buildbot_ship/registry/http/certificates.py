"""Certificates for registries: a company CA, and the folders of Docker's ``certs.d``.

Format: https://docs.docker.com/engine/security/certificates/
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import attrs
import requests

from ...errors import FileMissing, InvalidRequest, KeyFileRefused
from .address import is_loopback
from .metering import MeteredAdapter

_SYSTEM = Path("/etc/docker/certs.d")
Pair = tuple[str, str]
"""The paths of a client certificate and of its key."""


def certificate_folders(environment: Mapping[str, str]) -> tuple[Path, ...]:
    """Return Docker's folders for certificates: the system's, and that of a rootless engine."""
    home = environment.get("HOME")
    settings = environment.get("XDG_CONFIG_HOME") or (f"{home}/.config" if home else "")
    return (_SYSTEM, Path(settings) / "docker" / "certs.d") if settings else (_SYSTEM,)


@attrs.frozen
class Material:
    """What a connection needs beside the usual authorities: PEM texts, a client's pair."""

    authorities: str = ""
    client: Pair | None = None


@attrs.frozen
class Certificates:
    """The certificates of this worker: *bundle* for all hosts, *folders* for single ones.

    With *in_container*, the trust is that of a container: *bundle* replaces the public
    authorities, and the environment of this process does not count.
    """

    bundle: str | None = None
    folders: tuple[Path, ...] = ()
    in_container: bool = False
    _known: dict[tuple[str, str], Material] = attrs.field(factory=dict, init=False, repr=False)

    def material(self, registry: str, host: str) -> Material:
        """Return what a connection to *host* needs, on behalf of *registry*.

        The authorities of a registry also vouch for its token server and its store of blobs.
        Raises FileMissing, InvalidRequest, KeyFileRefused.
        """
        if (registry, host) not in self._known:
            files = [Path(self.bundle)] if self.bundle else []
            for name in dict.fromkeys((registry, host)):
                files += _list(self.folders, name, "*.crt")
            authorities = "\n".join(map(_read, files))
            self._known[registry, host] = Material(authorities, _client(self.folders, host))
        return self._known[registry, host]


def _list(folders: tuple[Path, ...], host: str, pattern: str) -> list[Path]:
    """Return the files of *host* that match; a host has no slash, so none leaves its folder."""
    return [path for folder in folders for path in sorted((folder / host).glob(pattern))]


def _client(folders: tuple[Path, ...], host: str) -> Pair | None:
    for certificate in _list(folders, host, "*.cert"):
        key = certificate.with_suffix(".key")
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(certificate, key, "")
        except FileNotFoundError:
            why = f"it does not exist, and the client certificate {certificate} needs it"
            raise KeyFileRefused(str(key), why, "put it there, or remove both") from None
        except (OSError, ValueError) as error:
            why = f"it does not belong to {certificate}, or cannot be read ({_reason(error)})"
            hint = "write both in PEM, without a passphrase, readable for this user"
            raise KeyFileRefused(str(key), why, hint) from None
        return str(certificate), str(key)
    return None


def _read(path: Path) -> str:
    try:
        text = path.read_text(encoding="ascii", errors="replace")
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=path)
    except FileNotFoundError:
        hint = "name an existing file in the option registry_ca_bundle"
        raise FileMissing(f"the CA bundle {path}", "this worker", hint) from None
    except (OSError, ValueError) as error:
        why = f"it is no file of certificates in PEM ({_reason(error)})"
        raise InvalidRequest(f"the CA bundle {path}", why) from None
    return text


def _reason(error: Exception) -> str:
    return str(getattr(error, "reason", None) or getattr(error, "strerror", None) or error)


class _Adapter(MeteredAdapter):
    def __init__(self, authorities: str) -> None:
        self._authorities = authorities
        super().__init__()

    def build_connection_pool_key_attributes(
        self, request: Any, verify: Any, cert: Any = None
    ) -> Any:
        """Add authorities to the usual ones; `requests` itself can only replace them."""
        host, pool = super().build_connection_pool_key_attributes(request, verify, cert)
        if self._authorities and host["scheme"] == "https":
            return host, {**pool, "ca_cert_data": self._authorities}
        return host, pool


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """Leave redirects to `Redirects`: requests would read the whole body of each."""
        del resp


@attrs.frozen
class Sessions:
    """The sessions of one client: one for each set of certificates, and one for loopback.

    *proxy* is the URL of a proxy that the environment does not name.
    """

    certificates: Certificates
    proxy: str | None = attrs.field(default=None, repr=False)
    _made: dict[object, requests.Session] = attrs.field(factory=dict, init=False, repr=False)

    def session(self, registry: str, url: str) -> requests.Session:
        """Return the session for a request to *url*, on behalf of *registry*."""
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        is_secure = parts.scheme == "https"
        material = self.certificates.material(registry, host) if is_secure else Material()
        key = (material, is_loopback(host))
        if key not in self._made:
            session = _new_session(*key, self.proxy)
            if self.certificates.in_container:
                _trust_as_in_container(session, self.certificates.bundle)
            self._made[key] = session
        return self._made[key]


def _new_session(material: Material, on_loopback: bool, proxy: str | None) -> requests.Session:
    session = _Session()
    # The defaults of requests are a quarter of most requests, and say nothing.
    session.headers = requests.structures.CaseInsensitiveDict({"User-Agent": "buildbot-ship"})
    session.mount("https://", _Adapter(material.authorities))
    session.mount("http://", MeteredAdapter())
    session.cert = material.client
    # The environment's proxy is not meant for this machine's own services.
    session.trust_env = not on_loopback
    if proxy and not on_loopback:
        session.proxies = {"http": proxy, "https": proxy}
    return session


def _trust_as_in_container(session: requests.Session, bundle: str | None) -> None:
    """Let *session* trust *bundle* alone, or else the public authorities."""
    session.mount("https://", MeteredAdapter())
    session.verify = bundle or True
    session.trust_env = False
