"""Make the transport of a client from credentials, options and environment."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from ..model.log import Log
from ..model.request.settings import Credential, RegistryOptions
from .http.address import Addresses
from .http.certificates import Certificates, certificate_folders
from .http.credentials import Keychain
from .http.retry import RetryPolicy, Sleep
from .http.transport import Transport


def new_transport(
    credentials: tuple[Credential, ...],
    options: RegistryOptions,
    environment: Mapping[str, str],
    *,
    policy: RetryPolicy,
    log: Log,
    sleep: Sleep = time.sleep,
    clock: Callable[[], float] = time.monotonic,
    proxy: str | None = None,
    in_container: bool = False,
) -> Transport:
    """Return a transport without connections, see `RegistryClient`.

    *proxy* is the URL of a proxy that the environment does not name.  With *in_container*, it
    trusts what a container with these options trusts.
    """
    folders = () if in_container else certificate_folders(environment)
    return Transport(
        Keychain(credentials, environment, log),
        policy=policy,
        sleep=sleep,
        clock=clock,
        addresses=Addresses(frozenset(options.insecure)),
        certificates=Certificates(options.ca_bundle, folders, in_container),
        log=log,
        proxy=proxy,
    )
