"""The options of ``secrets`` and ``check-secrets``, and the requests that they make."""

from __future__ import annotations

import argparse

from ..errors import InvalidRequest
from ..model import request as requests

Options = argparse.Namespace
Parser = argparse.ArgumentParser


def add_secrets_options(sub: Parser) -> None:
    """Add the options of ``secrets``."""
    actions = (*requests.SECRETS_ACTIONS, "check")
    sub.add_argument("action", choices=actions, help="the action; check is check-secrets")
    sub.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help="recipient of keygen; secret of seal and unseal",
    )
    add_check_secrets_options(sub)
    sub.add_argument("--repository", help="name of the repository, for the first keygen")
    sub.add_argument(
        "--input", metavar="FILE", help="file with the secret to seal (standard input)"
    )
    sub.add_argument(
        "--output", metavar="FILE", help="new file for the secret of unseal (standard output)"
    )
    sub.add_argument("--replace", action="store_true", help="let seal replace a sealed secret")


def add_check_secrets_options(sub: Parser) -> None:
    """Add the options of ``check-secrets``."""
    sub.add_argument("--folder", default="secrets", help="folder of the secrets (%(default)s)")
    sub.add_argument(
        "--key-file", metavar="FILE", help="private key; keygen writes it, check can do without"
    )
    sub.add_argument("--revision", default="HEAD", help="the commit to check (HEAD)")


def secrets_request(options: Options) -> requests.Request:
    """Return the request of ``secrets``; ``secrets check`` is the verb ``check-secrets``."""
    if options.action == "check":
        if options.names:
            raise InvalidRequest("names", "secrets check needs no name: it checks all")
        return check_secrets_request(options)
    return requests.SecretsRequest(
        options.action,
        tuple(options.names),
        folder=options.folder,
        key_file=options.key_file,
        repository=options.repository,
        input=options.input,
        output=options.output,
        replace=options.replace,
    )


def check_secrets_request(options: Options) -> requests.CheckSecretsRequest:
    """Return the request of ``check-secrets``."""
    return requests.CheckSecretsRequest(options.folder, options.revision, options.key_file)


def prints_secret(request: requests.Request) -> bool:
    """Return true if standard output is for a secret."""
    if not isinstance(request, requests.SecretsRequest):
        return False
    return request.action == "unseal" and request.output is None
